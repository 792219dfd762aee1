"""Checking new passwords: the rules, with the list of the commonest ones and the sentences people read.

The list holds the passwords of at least 8 characters, in lower case, among the 100,000 commonest of the breaches that
Have I Been Pwned knows (published by the NCSC) and Django's own 20,000.
"""

import gzip
from functools import cache
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.rules import passwords as rules
from huntaze.kernel.errors import FieldError, Invalid

FILE = settings.BASE_DIR / "accounts" / "data" / "common_passwords.txt.gz"
SENTENCES = {
    "short": gettext_lazy("Use at least 8 characters."),
    "long": gettext_lazy("Use at most 128 characters."),
    "lower": gettext_lazy("Use at least one lower-case letter."),
    "upper": gettext_lazy("Use at least one upper-case letter."),
    "digit": gettext_lazy("Use at least one digit."),
    "common": gettext_lazy("This password is among the commonest ones and would be guessed first."),
    "context": gettext_lazy(
        "This password contains a name of this service or of a platform, which is guessed first."
    ),
    "personal": gettext_lazy("This password contains your name or your email address."),
}


@cache
def _common() -> frozenset[str]:
    with gzip.open(FILE, "rt", encoding="utf-8") as file:
        return frozenset(file.read().splitlines())


def faults_of(password: str, *, email: str, name: str) -> list[str]:
    """Sentences about what is wrong with a new password, in the reader's language."""
    codes = rules.problems(
        password,
        email=email,
        name=name,
        is_common=password.strip().casefold() in _common(),
        needs_classes=settings.PASSWORD_REQUIRE_CLASSES,
    )
    return [str(SENTENCES[code]) for code in codes]


def check_new_password(password: str, *, email: str, name: str, field: str = "password") -> None:
    """Raises Invalid with everything that is wrong."""
    faults = faults_of(password, email=email, name=name)
    if faults:
        raise Invalid(*(FieldError(field, fault) for fault in faults))


class HouseValidator:
    """The same rules for Django's own doors, such as `manage.py changepassword`."""

    def validate(self, password: str, user: Any = None) -> None:
        faults = faults_of(password, email=getattr(user, "email", ""), name=getattr(user, "name", ""))
        if faults:
            raise ValidationError(faults)

    def get_help_text(self) -> str:
        return _("At least 8 characters with lower case, upper case and a digit; none of the commonest.")
