"""Passwords people choose anew: by the link of a mail, or knowing the old one. Either ends the other sessions."""

from datetime import datetime

from django.contrib.auth.hashers import make_password
from django.db import transaction

from accounts.errors import InvalidCredentials, InvalidLink
from accounts.models import RefreshSession, User
from accounts.services import links, tokens
from accounts.services.limits import guard_address
from accounts.services.mail import mail_to, queue_mail
from accounts.services.notes import note
from accounts.services.passwords import check_new_password
from accounts.services.proof import prove_password
from huntaze.kernel import ratelimit
from huntaze.kernel.web import Device

RESETS_PER_MAIL, RESET_WINDOW = 3, 3600.0


def request_reset(*, email: str, locale: str, device: Device, now: datetime) -> None:
    """Queue a mail to the address, whoever it belongs to: the worker finds out, so that the answer takes the same time.

    Raises RateLimited for the caller's address only; more than 3 an hour for a mail are silently none.
    """
    guard_address("reset", device)
    address = email.lower()
    key = f"reset-mail:{tokens.digest(address).hex()}"
    if not ratelimit.take(key, limit=RESETS_PER_MAIL, window=RESET_WINDOW).allowed:
        return
    queue_mail(kind="password_reset", to=address, locale=locale, now=now)


def reset_password(*, token: str, password: str, now: datetime) -> User:
    """Raises InvalidLink, also for the second of two at once, and Invalid. Reading the mail proves the address too."""
    user = links.user_to_reset(token)
    check_new_password(password, email=user.email, name=user.name)
    with transaction.atomic():
        if not _replace(user, password):
            raise InvalidLink
        User.objects.filter(pk=user.pk, email_verified_at=None).update(email_verified_at=now)
        _after(user, now, "auth.password_reset")
    return user


def change_password(
    *,
    user: User,
    current: str,
    new: str,
    now: datetime,
    keep: RefreshSession | None = None,
    keep_browser: str = "",
) -> None:
    """Raises InvalidCredentials for a wrong current password (of two at once, one is), RateLimited, Invalid."""
    prove_password(user=user, password=current)
    check_new_password(new, email=user.email, name=user.name, field="newPassword")
    with transaction.atomic():
        if not _replace(user, new):
            raise InvalidCredentials
        _after(user, now, "auth.password_changed", keep=keep, keep_browser=keep_browser)


def _replace(user: User, password: str) -> bool:
    """True for the one caller whose look at the old password still holds."""
    hashed = make_password(password)
    changed = User.objects.filter(pk=user.pk, password=user.password).update(password=hashed)
    user.password = hashed
    return changed == 1


def _after(
    user: User, now: datetime, action: str, keep: RefreshSession | None = None, keep_browser: str = ""
) -> None:
    tokens.end_everywhere(user=user, reason="password changed", now=now, keep=keep, keep_browser=keep_browser)
    note(user, action, now=now)
    mail_to(user, "password_changed", now=now)
