"""API authentication: a bearer token is an access token or an API key; either opens the caller's workspace."""

from uuid import UUID

from django.conf import settings
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from accounts.errors import InvalidApiKey, InvalidHeader
from accounts.models import Membership, User
from accounts.rules.api_keys import TEST, is_allowed, is_well_formed, kind_of
from accounts.selectors import principal_of
from accounts.selectors.holders import forget_key, holder_of_key
from accounts.selectors.principals import principal_with
from accounts.services import allowances, api_keys, tokens
from accounts.services.tokens import read_access_token, session_of_claims
from huntaze.kernel import clock, ids
from huntaze.kernel.api.principal import Principal
from huntaze.kernel.errors import NotAuthenticated
from huntaze.kernel.lookup import one
from huntaze.kernel.tenancy import cross_workspace
from huntaze.kernel.web import client_ip


class BearerAuthentication(BaseAuthentication):
    """`Authorization: Bearer <access token or API key>`; gives (user, Principal)."""

    def authenticate(self, request: Request) -> tuple[User, Principal] | None:
        header = request.headers.get("Authorization")
        if header is None:
            return None
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer" or not token or " " in token:
            raise InvalidHeader
        with cross_workspace("authentication"):
            return _by_key(token, request) if token.startswith("hz_") else _by_token(token)

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


def _member(user: User, uid: UUID) -> Membership | None:
    """The person's living membership of a workspace; the person is at hand and is not read again."""
    if not user.is_active:
        return None
    rows = Membership.objects.living().select_related("workspace")
    member: Membership | None = one(rows.filter(user_id=user.pk, workspace__uid=uid))
    if member is not None:
        member.user = user
    return member


def _by_token(token: str) -> tuple[User, Principal]:
    claims = read_access_token(token)
    session = session_of_claims(claims) if claims else None
    if claims is None or session is None or claims["ver"] != session.user.session_version:
        raise NotAuthenticated
    uid = ids.decode("wsp", str(claims["wid"]))
    member = _member(session.user, uid) if uid else None
    if member is None or session.user.public_id != claims["userId"]:
        raise NotAuthenticated
    limit = settings.API_REQUESTS_PER_MINUTE
    principal = principal_of(member, limit=limit, session_id=session.public_id, proved_at=session.proved_at)
    return member.user, principal


def _by_key(secret: str, request: Request) -> tuple[User, Principal]:
    if not is_well_formed(secret):
        raise InvalidApiKey
    now = clock.now()
    digest = tokens.digest(secret)
    holder = holder_of_key(digest, now)
    if holder is None or not is_allowed(holder.key.allowed_ips, client_ip(request)):
        raise InvalidApiKey
    if kind_of(secret) == TEST and not holder.member.workspace.is_demo:
        raise InvalidApiKey
    allowances.count(workspace_id=holder.member.workspace_id, feature="api_calls", now=now)
    if api_keys.note_use(key=holder.key, now=now):
        forget_key(digest)
    limit = settings.API_REQUESTS_PER_MINUTE
    return holder.member.user, principal_with(holder.reach, holder.member, limit=limit, key=holder.key)
