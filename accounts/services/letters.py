"""What the mails say, in the reader's language. A letter has a subject, paragraphs and at most one button."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import links


@dataclass(frozen=True, slots=True)
class Letter:
    subject: str
    paragraphs: tuple[str, ...]
    action: str = ""
    url: str = ""


Params = Mapping[str, Any]
Writer = Callable[[User | None, Params], Letter | None]
#: Writers by kind of mail; None means that there is nobody to write to.
LETTERS: dict[str, Writer] = {}


def letter(kind: str) -> Callable[[Writer], Writer]:
    """Registers the writer of one kind of mail."""

    def register(writer: Writer) -> Writer:
        LETTERS[kind] = writer
        return writer

    return register


@letter("welcome")
def _welcome(user: User | None, params: Params) -> Letter | None:
    return Letter(
        _("Welcome to Huntaze"),
        (
            _("Your workspace is ready."),
            _("Next: confirm your email address, then connect your first account. Your queue starts there."),
        ),
        _("Open Huntaze"),
        links.address("/"),
    )


@letter("verify_email")
def _verify_email(user: User | None, params: Params) -> Letter | None:
    if user is None or user.email_verified_at is not None:
        return None
    return Letter(
        _("Confirm your email address"),
        (
            _("Please confirm that this address is yours. The link works for 24 hours, once."),
            _("If you did not sign up for Huntaze, ignore this mail: nothing happens."),
        ),
        _("Confirm this address"),
        links.address(f"/verify-email/{links.verify_token(user)}"),
    )


@letter("password_reset")
def _password_reset(user: User | None, params: Params) -> Letter | None:
    if user is None or not user.is_active:
        return None
    return Letter(
        _("Choose a new password"),
        (
            _("Somebody, probably you, asked for a new password. The link works for one hour."),
            _("If it was not you, ignore this mail: your password stays as it is."),
        ),
        _("Choose a new password"),
        links.address(f"/password/reset/{links.reset_token(user)}"),
    )


@letter("password_changed")
def _password_changed(user: User | None, params: Params) -> Letter | None:
    return Letter(
        _("Your password was changed"),
        (
            _("Your password has just been changed, and every other session was signed out."),
            _("If it was not you, choose a new password at once."),
        ),
        _("Choose a new password"),
        links.address("/password/reset"),
    )
