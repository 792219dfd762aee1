"""Tokens are renewed before they run out, and tried now and then: a row's lease lets one worker at a time do it.

A worker that lost its lease may still bring what it was given, see `keeping.replace`; nobody begins with tokens that
another has in hand.
"""

import time
from datetime import timedelta

import structlog

from accounts.models import TokenRefresh
from accounts.rules import oauth as rules
from accounts.services.connections.oauth import keeping, talk
from accounts.types import Platform, Tokens
from huntaze.kernel import clock, outbox
from huntaze.kernel.crypto import DecryptionFailed
from huntaze.kernel.outbox import LeaseLost, State
from huntaze.kernel.tenancy import cross_workspace, workspace_scope
from huntaze.platforms.errors import Permanent, PlatformError
from huntaze.platforms.oauth import RECONNECT

log = structlog.get_logger(__name__)

#: A batch of calls at their longest ends well within its lease.
BATCH, LEASE = 4, timedelta(seconds=180)
#: How long one run of the job goes on, seconds.
RUN_SECONDS = 60.0


def tend_due() -> int:
    """Renew or try what is due; returns how many rows were looked at."""
    done, until = 0, time.monotonic() + RUN_SECONDS
    while time.monotonic() < until and (rows := claimed()):
        for row in rows:
            with workspace_scope(row.workspace_id):
                _tend(row)
        done += len(rows)
    return done


def claimed() -> list[TokenRefresh]:
    with cross_workspace("connections"):
        return outbox.claim(TokenRefresh, now=clock.now(), limit=BATCH, lease=LEASE)


def _tend(claimed_row: TokenRefresh) -> None:
    """Tokens and their generation are read in one statement: read apart, one could be newer than the other."""
    mine = TokenRefresh.objects.filter(pk=claimed_row.pk, lease_token=claimed_row.lease_token)
    row = mine.select_related("account").first()
    if row is None:
        return
    account = row.account
    platform = Platform(account.platform)
    try:
        tokens = rules.unpacked(account.credentials.reveal()) if account.credentials else None
    except (DecryptionFailed, ValueError):
        log.exception("accounts.oauth.unreadable", account_id=account.public_id)
        tokens = None
    if tokens is None:
        keeping.lose(row=row, reason="unreadable", now=clock.now())
        return
    try:
        _use(row, platform, tokens)
    except PlatformError as error:
        _trouble(row, error)


def _use(row: TokenRefresh, platform: Platform, tokens: Tokens) -> None:
    if row.refresh_at is not None and row.refresh_at <= clock.now():
        new = talk.talk(platform, lambda gateway: gateway.refresh(tokens))
        keeping.replace(row=row, tokens=new, now=clock.now())
        return
    wanted = row.account.external_id
    profiles = talk.talk(platform, lambda gateway: gateway.profiles(tokens))
    mine = next((profile for profile in profiles if profile.external_id == wanted), None)
    if mine is None:
        keeping.lose(row=row, reason="not_shared", now=clock.now())
    else:
        keeping.found_good(row=row, profile=mine, now=clock.now())


def _trouble(row: TokenRefresh, error: PlatformError) -> None:
    """Only the platform's plain no ends it: whatever else went wrong is tried again, and does not count as lost."""
    now = clock.now()
    if isinstance(error, Permanent) and error.code == RECONNECT:
        keeping.lose(row=row, reason="revoked", now=now)
        return
    log.warning("accounts.oauth.not_renewed", code=error.code, attempts=row.attempts)
    keeping.note_unreachable(row=row, now=now)
    try:
        outbox.settle(
            row, state=State.QUEUED, available_at=now + rules.wait(row.attempts), last_error=error.code[:200]
        )
    except LeaseLost:
        log.warning("accounts.oauth.lease_lost", attempts=row.attempts)


def look_now(*, pks: list[int]) -> int:
    """Try these at the job's next run, whatever they wait for; returns how many. Renewing what is due anyway."""
    rows = TokenRefresh.objects.filter(pk__in=pks).exclude(state=State.WORKING)
    return rows.update(state=State.QUEUED, available_at=clock.now(), attempts=0)
