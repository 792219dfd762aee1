"""An authenticator app for tests: it has a secret and shows the code of a moment."""

from base64 import b32decode
from datetime import datetime

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from accounts.models import User
from accounts.services import factors


def shown(secret: str, at: datetime) -> str:
    """The six digits that an app with this secret shows."""
    return TOTP(b32decode(secret), 6, SHA1(), 30).generate(int(at.timestamp())).decode()


def with_app(user: User, now: datetime) -> tuple[str, list[str]]:
    """The user has an app from now on; gives its secret and the recovery codes."""
    secret = factors.enrol_totp(user=user, now=now).secret
    return secret, factors.confirm_totp(user=user, code=shown(secret, now), now=now)
