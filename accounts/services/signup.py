"""Signing up: a person, their workspace, their first key and their mails, all or nothing."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction

from accounts.errors import InvalidLink
from accounts.models import ApiKey, User
from accounts.services import audit, links, tokens
from accounts.services.api_keys import issue_api_key
from accounts.services.devices import note_device
from accounts.services.limits import guard_address
from accounts.services.mail import mail_to
from accounts.services.notes import note
from accounts.services.passwords import check_new_password
from accounts.services.people import create_user, create_workspace
from accounts.services.signin import signed_in_as
from accounts.signals import workspace_created
from accounts.types import SignedIn
from huntaze.kernel import ratelimit
from huntaze.kernel.tenancy import workspace_scope
from huntaze.kernel.web import Device

KEY_NAME, KEY_SCOPES = "Default Key", ["read", "write"]
RESEND_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class SignedUp:
    """A new person, what lets them in, and the first key, whose secret is shown once."""

    user: User
    signed: SignedIn
    key: ApiKey
    key_secret: str


def sign_up(
    *,
    name: str,
    email: str,
    password: str,
    locale: str,
    device: Device,
    now: datetime,
    timezone: str = "UTC",
) -> SignedUp:
    """Who calls has accepted the terms; `timezone` is the workspace's. Raises RateLimited, Invalid for
    the password, EmailTaken."""
    guard_address("signup", device)
    check_new_password(password, email=email, name=name)
    with transaction.atomic():
        user = create_user(
            email=email,
            name=name,
            password=password,
            now=now,
            locale=locale,
            terms_version=settings.TERMS_VERSION,
        )
        workspace, member = create_workspace(name=name, owner=user, now=now, timezone=timezone)
        with workspace_scope(workspace.pk):
            actor = audit.Actor.member(user.pk, member.pk)
            key, secret = issue_api_key(member=member, name=KEY_NAME, scopes=KEY_SCOPES, actor=actor, now=now)
        session, refresh = tokens.open_family(
            user=user, workspace=workspace, device=device, is_remembered=False, now=now
        )
        note_device(user=user, device=device, now=now, is_first=True)
        mail_to(user, "welcome", now=now)
        mail_to(user, "verify_email", now=now)
        workspace_created.send(sender=sign_up, workspace_id=workspace.pk)
    return SignedUp(user, signed_in_as(user, session, refresh, now), key, secret)


def resend_verification(*, user: User, now: datetime) -> bool:
    """The verification mail once more, at most once a minute; False when nothing was queued."""
    if user.email_verified_at is not None:
        return False
    if not ratelimit.take(f"verify-resend:{user.pk}", limit=1, window=RESEND_SECONDS).allowed:
        return False
    mail_to(user, "verify_email", now=now)
    return True


def verify_email(*, token: str, now: datetime) -> User:
    """The mail of the token's person is theirs; raises InvalidLink, also for the second of two at once."""
    user = links.user_to_verify(token)
    unverified = User.objects.filter(pk=user.pk, email=user.email, email_verified_at=None)
    with transaction.atomic():
        if not unverified.update(email_verified_at=now):
            raise InvalidLink
        note(user, "auth.email_verified", now=now)
    user.email_verified_at = now
    return user
