"""Disconnecting: here at once, at the platform by a job that does not give up easily."""

from collections.abc import Iterable
from datetime import datetime, timedelta

import structlog

from accounts.models import Connection, Consent, PlatformAccount, Revocation, TokenRefresh
from accounts.rules import oauth as rules
from accounts.services.connections import vendor
from accounts.services.connections.oauth import talk
from accounts.types import ConnectionState, Platform, Profile, Tokens
from huntaze.kernel import clock, outbox
from huntaze.kernel.crypto import DecryptionFailed
from huntaze.kernel.jobs import enqueue
from huntaze.kernel.outbox import Ending, State
from huntaze.kernel.tenancy import cross_workspace
from huntaze.platforms.errors import Permanent
from huntaze.platforms.oauth import RECONNECT
from huntaze.platforms.sandbox import is_made_up

log = structlog.get_logger(__name__)

#: A batch of revocations at their longest, three calls each, ends well within it.
LEASE = timedelta(seconds=300)
#: The vendor may be away for a day; afterwards staff see the row.
RETRY_DELAYS = (10.0, 60.0, 600.0, 3600.0, 21600.0, 86400.0)


def let_go(*, accounts: Iterable[PlatformAccount], now: datetime) -> None:
    """What hangs on disconnected accounts ends: credentials, consents, open attempts, and the platform's side of it.

    In the caller's transaction, which has the accounts locked; they are read anew, for tokens may have been renewed
    since the caller did.
    """
    rows = list(PlatformAccount.objects.filter(pk__in=[row.pk for row in accounts]).order_by("pk"))
    tokens = {row.pk: _tokens_of(row) for row in rows}
    TokenRefresh.objects.filter(account__in=rows).delete()
    PlatformAccount.objects.filter(pk__in=[row.pk for row in rows]).update(
        credentials=None, token_expires_at=None
    )
    Consent.objects.filter(connection__account__in=rows, withdrawn_at=None).update(withdrawn_at=now)
    Connection.objects.filter(account__in=rows, finished_at=None).update(
        state=ConnectionState.REPLACED, finished_at=now
    )
    for row in rows:
        queue_revocation(platform=row.platform, external_id=row.external_id, tokens=tokens[row.pk], now=now)


def queue_revocation(*, platform: str, external_id: str, tokens: str | None = None, now: datetime) -> None:
    """What the vendor holds under this id has to go: a row, in the caller's transaction. `tokens` are packed ones,
    where the platform is connected by OAuth: without them there is nothing to say to it."""
    if is_made_up(external_id) or (tokens is None and Platform(platform) in talk.PLATFORMS):
        return
    Revocation.objects.create(
        platform=platform,
        external_id=external_id,
        tokens=tokens,
        queued_at=now,
        available_at=now,
    )
    enqueue("accounts.revoke_accounts")


def revoke_due() -> int:
    """Tell the platforms what is due; returns how many rows were looked at."""
    count = outbox.drain(Revocation, _revoke, clock=clock.now, lease=LEASE, batch=5, delays=RETRY_DELAYS)
    Revocation.objects.filter(state=State.DONE).delete()
    return count


def revoke_again(*, pks: list[int], now: datetime) -> int:
    """Queue rows that were given up, attempts from the start; returns how many."""
    failed = Revocation.objects.filter(pk__in=pks, state=State.FAILED)
    count = failed.update(state=State.QUEUED, available_at=now, attempts=0)
    enqueue("accounts.revoke_accounts")
    return count


def _revoke(row: Revocation) -> Ending | None:
    external_id, platform = row.external_id.reveal(), Platform(row.platform)
    with cross_workspace("connections"):
        same = PlatformAccount.objects.present().filter(platform=platform, external_id=external_id)
        if external_id and same.exists():
            return Ending(note="connected again")
    vendor.require(platform)
    if row.tokens is not None:
        return _revoke_tokens(row, platform, rules.unpacked(row.tokens.reveal()))
    try:
        vendor.ask(lambda client: client.disconnect(external_id))
    except Permanent as error:
        if error.code not in {"account_gone", "not_found"}:
            raise
    return None


def _tokens_of(account: PlatformAccount) -> str | None:
    """Packed tokens of an account; what does not open can't be revoked, and must not keep the account connected."""
    if account.credentials is None or Platform(account.platform) not in talk.PLATFORMS:
        return None
    try:
        return account.credentials.reveal()
    except DecryptionFailed:
        log.exception("accounts.oauth.unreadable", account_id=account.public_id)
        return None


def _revoke_tokens(row: Revocation, platform: Platform, tokens: Tokens) -> Ending | None:
    """Access that ran out while it lay here is renewed once more, to be given back with."""
    try:
        talk.talk(platform, lambda gateway: gateway.revoke(tokens))
    except Permanent as error:
        if error.code == "unsupported":
            return Ending(note="only in the platform's settings")
        if error.code != RECONNECT:
            raise
        return _revoke_renewed(row, platform, tokens) if tokens.refresh else None
    return None


def _revoke_renewed(row: Revocation, platform: Platform, tokens: Tokens) -> Ending | None:
    """The new tokens are written down before they are used: the old ones are dead by then."""
    try:
        new = talk.talk(platform, lambda gateway: gateway.refresh(tokens))
    except Permanent as error:
        if error.code == RECONNECT:
            return Ending(note="was dead already")
        raise
    row.tokens = rules.packed(new, Profile("", ""))
    row.save(update_fields=["tokens"])
    talk.talk(platform, lambda gateway: gateway.revoke(new))
    return None
