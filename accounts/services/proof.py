"""Step-up: a signed-in person proves again who they are before a dangerous deed."""

from datetime import datetime

import structlog

from accounts.errors import InvalidCredentials
from accounts.models import RefreshSession, User
from accounts.services.limits import count_try, forget_tries

log = structlog.get_logger(__name__)

#: Tries of a signed-in person's password in 15 minutes, over all their sessions.
TRIES, WINDOW = 5, 900.0


def prove_password(*, user: User, password: str) -> None:
    """Raises InvalidCredentials or RateLimited."""
    key = f"step-up:{user.pk}"
    count_try(key, TRIES, WINDOW)
    if not user.check_password(password):
        log.warning("accounts.proof.refused", user_id=user.public_id)
        raise InvalidCredentials
    forget_tries(key)


def note_proof(*, session: RefreshSession, now: datetime) -> None:
    """The family counts as proved from now on."""
    RefreshSession.objects.filter(pk=session.pk).update(proved_at=now)
