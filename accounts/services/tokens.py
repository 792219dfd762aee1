"""Access tokens (signed, 15 minutes) and refresh families (opaque, rotated atomically)."""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import F
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.exceptions import TokenBackendError

from accounts.errors import InvalidRefreshToken
from accounts.models import BrowserSession, Membership, RefreshSession, RefreshToken, User, Workspace
from accounts.rules.devices import device_name
from accounts.services import audit
from accounts.services.mail import mail_to
from huntaze.kernel import ids, live, metrics
from huntaze.kernel.lookup import one
from huntaze.kernel.web import Device

ISSUER, AUDIENCE = "huntaze", "huntaze-api"
REQUIRED = {"exp", "iat", "sid", "wid", "userId", "ver", "jti"}
LEEWAY_SECONDS = 5
IDLE, IDLE_REMEMBERED, ABSOLUTE = timedelta(days=7), timedelta(days=30), timedelta(days=30)
#: Two tabs, or a repeated request, may present the same token within this time and get the same child.
GRACE = timedelta(seconds=20)


def digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def access_token(*, user: User, workspace: Workspace, session: RefreshSession, now: datetime) -> str:
    """A signed token that says who and which session; rights are read from the database, never from it."""
    claims = {
        "userId": user.public_id,
        "wid": workspace.public_id,
        "sid": session.public_id,
        "ver": user.session_version,
        "jti": uuid4().hex,
        "iat": int(now.timestamp()),
        "exp": int((now + settings.ACCESS_TOKEN_LIFETIME).timestamp()),
        "token_type": "access",
    }
    return str(_backend(settings.JWT_SIGNING_KEYS[0]).encode(claims))


def _backend(key: str) -> TokenBackend:
    return TokenBackend("HS256", key, audience=AUDIENCE, issuer=ISSUER, leeway=LEEWAY_SECONDS)


def read_access_token(token: str) -> dict[str, Any] | None:
    """The claims of a valid access token; None for anything else. Keys in rotation are tried newest first."""
    for key in settings.JWT_SIGNING_KEYS:
        try:
            claims: dict[str, Any] = _backend(key).decode(token)  # type: ignore[arg-type]  # its Token is a str
        except TokenBackendError:
            continue
        is_ours = claims.get("token_type") == "access" and claims.keys() >= REQUIRED
        return claims if is_ours else None
    return None


def open_family(
    *, user: User, workspace: Workspace, device: Device, is_remembered: bool, now: datetime
) -> tuple[RefreshSession, str]:
    """A new family and its first secret."""
    idle = IDLE_REMEMBERED if is_remembered else IDLE
    session = RefreshSession.objects.create(
        user=user,
        workspace=workspace,
        device=device.fingerprint,
        device_name=device_name(device.user_agent),
        country=device.country,
        session_version=user.session_version,
        idle_seconds=int(idle.total_seconds()),
        created_at=now,
        proved_at=now,
        last_used_at=now,
        expires_at=now + ABSOLUTE,
    )
    secret = "hzr_" + secrets.token_urlsafe(32)
    RefreshToken.objects.create(session=session, generation=1, digest=digest(secret))
    return session, secret


def expires_at(session: RefreshSession) -> datetime:
    """When the family ends if nobody refreshes again."""
    return min(session.last_used_at + timedelta(seconds=session.idle_seconds), session.expires_at)


def rotate(*, secret: str, device: Device, now: datetime) -> tuple[RefreshSession, str]:
    """The family and the next secret; raises InvalidRefreshToken.

    The compare-and-set on `rotated_at` lets one caller win. The child is derived from the parent, so a second caller
    within the grace time gets the very same child; a later replay ends the family.
    """
    with transaction.atomic():
        outcome = _rotate(secret, device, now)
    if outcome is None:
        raise InvalidRefreshToken
    return outcome


def _rotate(secret: str, device: Device, now: datetime) -> tuple[RefreshSession, str] | None:
    rows = RefreshToken.objects.select_related("session__user", "session__workspace")
    token = rows.filter(digest=digest(secret)).first()
    if token is None or not _is_living(token.session, now):
        return None
    session = token.session
    child = _child(secret, session, token.generation + 1)
    if _win(token, now):
        RefreshToken.objects.create(session=session, generation=token.generation + 1, digest=digest(child))
        RefreshSession.objects.filter(pk=session.pk).update(last_used_at=now)
        session.last_used_at = now
        return session, child
    token.refresh_from_db(fields=["rotated_at"])
    if _is_twin(token, device, now):
        return session, child
    _end_for_reuse(session, now)
    return None


def _win(token: RefreshToken, now: datetime) -> bool:
    """True for the one caller who rotates the token. The condition stands on the updated row itself: one that is
    reached through a join or a subquery is not looked at again after waiting for the row's lock."""
    return RefreshToken.objects.filter(pk=token.pk, rotated_at=None).update(rotated_at=now) == 1


def _end_for_reuse(session: RefreshSession, now: datetime) -> None:
    """Somebody else holds the chain: nobody may go on with it."""
    end_family(session=session, reason="reuse", now=now)
    assert session.workspace_id is not None
    audit.record(
        workspace_id=session.workspace_id,
        actor=audit.Actor.system(),
        action="auth.refresh_reused",
        now=now,
        target=session.public_id,
    )
    mail_to(session.user, "session_stolen", now=now)
    metrics.REFRESH_REUSE.labels("ended").inc()


def _is_living(session: RefreshSession, now: datetime) -> bool:
    member = Membership.objects.living().filter(user=session.user)
    return (
        session.revoked_at is None
        and session.user.is_active
        and session.session_version == session.user.session_version
        and now < expires_at(session)
        and session.workspace is not None
        and member.filter(workspace=session.workspace).exists()
    )


def _is_twin(token: RefreshToken, device: Device, now: datetime) -> bool:
    assert token.rotated_at is not None
    fresh = now - token.rotated_at <= GRACE and bytes(token.session.device) == device.fingerprint
    child = RefreshToken.objects.filter(session=token.session, generation=token.generation + 1)
    return fresh and child.filter(rotated_at=None).exists()


def _child(secret: str, session: RefreshSession, generation: int) -> str:
    message = f"{secret}|{session.uid}|{generation}".encode()
    derived = hmac.new(settings.REFRESH_KEY, message, hashlib.sha256).digest()
    return "hzr_" + urlsafe_b64encode(derived).decode().rstrip("=")


def end_family(*, session: RefreshSession, reason: str, now: datetime) -> None:
    RefreshSession.objects.filter(pk=session.pk, revoked_at=None).update(
        revoked_at=now, revoked_reason=reason
    )


def end_everywhere(
    *, user: User, reason: str, now: datetime, keep: RefreshSession | None = None, keep_browser: str = ""
) -> None:
    """End every family and browser session of a person but the one they act from, and make access tokens stale.

    `keep_browser` is the row key of a browser session; who acts from it renews what it is bound to.
    """
    User.objects.filter(pk=user.pk).update(session_version=F("session_version") + 1)
    user.refresh_from_db(fields=["session_version"])
    families = RefreshSession.objects.filter(user=user, revoked_at=None)
    if keep is not None:
        families.filter(pk=keep.pk).update(session_version=user.session_version)
        families = families.exclude(pk=keep.pk)
    families.update(revoked_at=now, revoked_reason=reason)
    BrowserSession.objects.filter(user=user).exclude(session_key=keep_browser).delete()
    live.rights_changed(user.pk)


def end_for_all(*, now: datetime) -> int:
    """End every session of everybody, such as after a break-in; returns how many people that concerns."""
    count = User.objects.update(session_version=F("session_version") + 1)
    RefreshSession.objects.filter(revoked_at=None).update(revoked_at=now, revoked_reason="ended for all")
    BrowserSession.objects.all().delete()
    live.rights_changed()
    return count


def session_of_claims(claims: dict[str, Any]) -> RefreshSession | None:
    """The living family that an access token belongs to, with its person."""
    uid = ids.decode("ses", str(claims["sid"]))
    if uid is None:
        return None
    return one(RefreshSession.objects.select_related("user").filter(uid=uid, revoked_at=None))
