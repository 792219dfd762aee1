"""The send limiter with the installation's figures, and the nudges to it."""

from collections.abc import Iterable

import structlog
from django.conf import settings
from redis.exceptions import RedisError

from huntaze.kernel import clock
from huntaze.kernel.limiter import Lane, Limit, Limiter, LogLost, Outlook
from huntaze.kernel.outbox import assert_no_transaction
from huntaze.kernel.tenancy import cross_workspace
from messaging.models import Delivery
from messaging.services import engine

log = structlog.get_logger(__name__)


def limit() -> Limit:
    return Limit(
        count=settings.SEND_LIMIT_COUNT,
        window=settings.SEND_LIMIT_WINDOW_SECONDS,
        lease=settings.SEND_LEASE_SECONDS,
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
    """The account's slots as they are now; None when Redis can't tell.

    What is used is read from the rows: the limiter's log also holds slots that were granted a moment ago and may come
    back unused. What holds the account up (the platform's own wish, the pace of bulk) is the limiter's. Never inside a
    transaction: a slow Redis would hold its rows.
    """
    assert_no_transaction()
    try:
        seen = limiter().peek(account_pk)
    except RedisError:
        return None
    window = limit().window
    answered = (
        Delivery.objects.for_accounts([account_pk])
        .answered_within(window)
        .values_list("answered_at", flat=True)
    )
    now = clock.now()
    releases = [max(0.0, window - (now - at).total_seconds()) for at in answered]
    releases += [window] * Delivery.objects.for_accounts([account_pk]).in_flight().count()
    return Outlook(tuple(sorted(releases)), seen.held_for, seen.paced_for)


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
