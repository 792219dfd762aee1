"""The send limiter with the installation's figures, and the nudges to it."""
from collections.abc import Iterable

import structlog
from django.conf import settings
from redis.exceptions import RedisError

from huntaze.kernel.limiter import Lane, Limit, Limiter, LogLost, Outlook
from huntaze.kernel.tenancy import cross_workspace
from messaging.services import engine

log = structlog.get_logger(__name__)


def limit() -> Limit:
    return Limit(
        count=settings.SEND_LIMIT_COUNT, window=settings.SEND_LIMIT_WINDOW_SECONDS, lease=settings.SEND_LEASE_SECONDS
    )


def limiter() -> Limiter:
    return Limiter(limit())


def poke(wishes: Iterable[tuple[int, Lane]]) -> None:
    """Say that accounts have something to send. Redis being away costs time only: the sweep says it again."""
    try:
        limiter().poke(wishes)
    except RedisError:
        log.warning("messaging.nudge.lost")


def outlook(account_pk: int) -> Outlook | None:
    """The account's slots as they are now; None when Redis can't tell."""
    try:
        return limiter().peek(account_pk)
    except RedisError:
        return None


def rebuild(lost: LogLost) -> bool:
    """Make the limiter's log again from the rows of record; True when this caller did it."""
    ours = limiter()
    if not ours.may_rebuild(lost.run_id):
        return False
    ours.wait_for_claims()
    with cross_workspace("rebuild limiter"):
        slots = engine.slots_in_use(window=ours.limit.window, lease=ours.limit.lease)
        done = ours.rebuild(lost.run_id, slots, engine.wishes())
    log.info("messaging.limiter.rebuilt", slots=len(slots))
    return done
