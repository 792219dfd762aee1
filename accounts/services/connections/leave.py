"""Disconnecting: here at once, at the platform by a job that does not give up easily."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from accounts.models import Connection, Consent, PlatformAccount, Revocation
from accounts.services.connections import vendor
from accounts.types import ConnectionState, Platform
from huntaze.kernel import clock, outbox
from huntaze.kernel.jobs import enqueue
from huntaze.kernel.outbox import Ending, State
from huntaze.kernel.tenancy import cross_workspace
from huntaze.platforms.errors import Permanent

LEASE = timedelta(seconds=60)
#: The vendor may be away for a day; afterwards staff see the row.
RETRY_DELAYS = (10.0, 60.0, 600.0, 3600.0, 21600.0, 86400.0)


def let_go(*, accounts: Iterable[PlatformAccount], now: datetime) -> None:
    """What hangs on disconnected accounts ends: credentials, consents, open attempts, and the platform's side of it.

    In the caller's transaction, which has the accounts locked.
    """
    rows = list(accounts)
    PlatformAccount.objects.filter(pk__in=[row.pk for row in rows]).update(
        credentials=None, token_expires_at=None
    )
    Consent.objects.filter(connection__account__in=rows, withdrawn_at=None).update(withdrawn_at=now)
    Connection.objects.filter(account__in=rows, finished_at=None).update(
        state=ConnectionState.REPLACED, finished_at=now
    )
    for row in rows:
        queue_revocation(platform=row.platform, external_id=row.external_id, now=now)


def queue_revocation(*, platform: str, external_id: str, now: datetime) -> None:
    """What the vendor holds under this id has to go: a row, in the caller's transaction."""
    Revocation.objects.create(platform=platform, external_id=external_id, queued_at=now, available_at=now)
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
    external_id = row.external_id.reveal()
    with cross_workspace("connections"):
        if PlatformAccount.objects.present().filter(external_id=external_id).exists():
            return Ending(note="connected again")
    vendor.require(Platform(row.platform))
    try:
        vendor.ask(lambda client: client.disconnect(external_id))
    except Permanent as error:
        if error.code not in {"account_gone", "not_found"}:
            raise
    return None
