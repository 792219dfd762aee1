"""How an attempt to connect ends; every end is written once, and the first one stands."""

from datetime import datetime

from django.db import transaction

from accounts.errors import AccountTaken
from accounts.models import Connection, Creator
from accounts.services import audit
from accounts.services.connections import leave
from accounts.services.platform_accounts import attach, move_state
from accounts.types import AccountState, ConnectionState, Platform
from huntaze.platforms.onlyfansapi import Account


def end(*, connection: Connection, state: ConnectionState, reason: str, now: datetime) -> bool:
    """True when this end is the one that stands."""
    rows = Connection.objects.filter(pk=connection.pk, finished_at=None)
    if not rows.update(state=state, reason=reason, finished_at=now):
        return False
    connection.state, connection.reason, connection.finished_at = state, reason, now
    return True


def replace_open(*, creator: Creator, platform: Platform, now: datetime) -> None:
    """A new attempt takes the place of the one that is open, if there is one."""
    rows = Connection.objects.filter(creator=creator, platform=platform, finished_at=None)
    rows.update(state=ConnectionState.REPLACED, reason="", finished_at=now)


def bind(*, connection: Connection, found: Account, now: datetime) -> bool:
    """The vendor says that the account is signed in: it becomes the creator's. False when the attempt has ended.

    An account that is connected anywhere else ends the attempt as failed, with the reason `taken`, and what the vendor
    has connected for it is taken back.
    """
    with transaction.atomic():
        living = locked(connection)
        if living is None:
            return False
        try:
            account = attach(
                creator=living.creator,
                platform=Platform(living.platform),
                uid=living.account_uid,
                external_id=found.id,
                owner_external_id=found.onlyfans_id,
                handle=found.username,
                actor=_starter(living),
                now=now,
            )
        except AccountTaken:
            leave.queue_revocation(platform=living.platform, external_id=found.id, now=now)
            return end(connection=connection, state=ConnectionState.FAILED, reason="taken", now=now)
        Connection.objects.filter(pk=living.pk).update(account=account)
        connection.account = account
        return end(connection=connection, state=ConnectionState.CONNECTED, reason="", now=now)


def recover(*, connection: Connection, now: datetime) -> bool:
    """The account is signed in again. False when the attempt has ended, by a disconnection for one."""
    with transaction.atomic():
        living = locked(connection)
        if living is None or living.account is None:
            return False
        if living.account.state != AccountState.DISCONNECTED:
            move_state(
                account=living.account,
                state=AccountState.CONNECTED,
                reason="reconnected",
                at=max(now, living.account.state_changed_at),
                actor=_starter(living),
            )
        return end(connection=connection, state=ConnectionState.CONNECTED, reason="", now=now)


def locked(connection: Connection) -> Connection | None:
    """The attempt while it is open, held until the transaction ends."""
    rows = Connection.objects.filter(pk=connection.pk, finished_at=None).select_related(
        "creator", "account", "started_by"
    )
    return rows.select_for_update(of=("self",), no_key=True).first()


def _starter(connection: Connection) -> audit.Actor:
    return audit.Actor.member(connection.started_by.user_id, connection.started_by_id)
