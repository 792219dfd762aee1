"""Links in mails: signed, dated, bound to what they change, and worth nothing once it has changed. None is stored."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core import signing
from django.utils.crypto import constant_time_compare, salted_hmac

from accounts.errors import InvalidLink
from accounts.models import Invitation, User
from huntaze.kernel import ids

VERIFY_LASTS, RESET_LASTS = timedelta(hours=24), timedelta(hours=1)
_VERIFY, _RESET = "accounts.verify-email", "accounts.reset-password"
_INVITE = "accounts.invitation"


def verify_token(user: User) -> str:
    """Proves that whoever has it reads this mail address."""
    return signing.dumps([user.public_id, user.email], salt=_VERIFY)


def reset_token(user: User) -> str:
    """Lets whoever has it choose a new password, until the password changes."""
    return signing.dumps([user.public_id, _password_print(user)], salt=_RESET)


def invitation_token(row: Invitation) -> str:
    """What the mail of an invitation carries: derived from when it was sent last, so that sending it again makes the
    link before worth nothing. The row holds its SHA-256."""
    sent = f"{row.uid}|{row.sent_at.timestamp():.6f}"
    return salted_hmac(_INVITE, sent, algorithm="sha256").hexdigest()


def user_to_verify(token: str) -> User:
    """Raises InvalidLink for a token that is forged, older than 24 hours, or of an address that is verified already."""
    user, email = _read(token, _VERIFY, VERIFY_LASTS)
    if user.email != email or user.email_verified_at is not None:
        raise InvalidLink
    return user


def user_to_reset(token: str) -> User:
    """Raises InvalidLink for a token that is forged, older than an hour, or from before the last password change."""
    user, print_ = _read(token, _RESET, RESET_LASTS)
    if not constant_time_compare(str(print_), _password_print(user)):
        raise InvalidLink
    return user


def address(path: str) -> str:
    """A path of ours as people's mail programs need it."""
    return f"{settings.BASE_URL.rstrip('/')}{path}"


def _read(token: str, salt: str, lasts: timedelta) -> tuple[User, Any]:
    try:
        user_id, bound = signing.loads(token, salt=salt, max_age=lasts)
    except (signing.BadSignature, ValueError, TypeError) as error:
        raise InvalidLink from error
    uid = ids.decode("usr", str(user_id))
    user = User.objects.filter(uid=uid, is_active=True).first() if uid else None
    if user is None:
        raise InvalidLink
    return user, bound


def _password_print(user: User) -> str:
    """Changes with the password, and says nothing about it."""
    return salted_hmac(_RESET, user.password, algorithm="sha256").hexdigest()[:32]
