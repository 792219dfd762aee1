"""Accounts on the platforms: connecting them, and moving their state."""

from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from accounts.errors import AccountTaken
from accounts.models import Creator, PlatformAccount
from accounts.rules.webhooks import EventKind
from accounts.services import audit
from accounts.services.connections import leave
from accounts.services.outside import keep_demo_inside
from accounts.services.webhooks.events import announce_one
from accounts.types import AccountState, Platform
from huntaze.kernel import ids, live

_RETURNS = ["external_id", "handle", "connected_at", "state", "state_reason", "state_changed_at"]


def connect(
    *,
    creator: Creator,
    platform: Platform,
    external_id: str,
    owner_external_id: str,
    handle: str,
    actor: audit.Actor,
    now: datetime,
    uid: UUID | None = None,
) -> PlatformAccount:
    """Bind an outside account to a creator of the workspace in scope; raises AccountTaken if it is bound anywhere,
    DemoStaysInside in a demo's workspace.

    `uid` is its public id where that was promised before.
    """
    keep_demo_inside(workspace_pk=creator.workspace_id, platform=platform)
    try:
        with transaction.atomic():
            account = PlatformAccount.objects.create(
                uid=uid or ids.uuid7(),
                creator=creator,
                platform=platform,
                external_id=external_id,
                owner_external_id=owner_external_id,
                handle=handle,
                state=AccountState.CONNECTED,
                state_changed_at=now,
                connected_at=now,
            )
            audit.record(
                workspace_id=account.workspace_id,
                actor=actor,
                action="account.connected",
                now=now,
                target=account.public_id,
                changes={"platform": str(platform)},
            )
            _show(account)
    except IntegrityError as error:
        raise AccountTaken from error
    return account


def attach(
    *,
    creator: Creator,
    platform: Platform,
    uid: UUID,
    external_id: str,
    owner_external_id: str,
    handle: str,
    actor: audit.Actor,
    now: datetime,
) -> PlatformAccount:
    """Bind an outside account, as `connect` does. One that this creator disconnected before comes back with all that
    hangs on it, whatever id the vendor gives it now."""
    keep_demo_inside(workspace_pk=creator.workspace_id, platform=platform)
    before = PlatformAccount.objects.filter(
        creator=creator,
        platform=platform,
        owner_external_id=owner_external_id,
        state=AccountState.DISCONNECTED,
    )
    last: PlatformAccount | None = before.select_for_update(of=("self",), no_key=True).order_by("-pk").first()
    if last is None or not owner_external_id:
        return connect(
            creator=creator,
            platform=platform,
            external_id=external_id,
            owner_external_id=owner_external_id,
            handle=handle,
            actor=actor,
            now=now,
            uid=uid,
        )
    try:
        with transaction.atomic():
            last.external_id, last.handle, last.connected_at = external_id, handle, now
            last.state, last.state_reason = AccountState.CONNECTED, "connected"
            last.state_changed_at = max(now, last.state_changed_at)
            last.save(update_fields=_RETURNS)
            audit.record(
                workspace_id=last.workspace_id,
                actor=actor,
                action="account.connected",
                now=now,
                target=last.public_id,
                changes={"platform": str(platform), "again": True},
            )
            _show(last)
    except IntegrityError as error:
        raise AccountTaken from error
    return last


def move_state(
    *, account: PlatformAccount, state: AccountState, reason: str, at: datetime, actor: audit.Actor
) -> bool:
    """Set the state as of `at`; an older piece of news never undoes a newer one. True when something changed.

    News that only confirms the state moves its time forwards, so that what happened before it can't undo it either.
    """
    with transaction.atomic():
        rows = PlatformAccount.objects.filter(pk=account.pk)
        known = rows.filter(state_changed_at__lte=at).select_for_update(of=("self",), no_key=True).first()
        if known is None:
            return False
        if known.state == state:
            rows.update(state_changed_at=at)
            return False
        rows.update(state=state, state_reason=reason, state_changed_at=at)
        audit.record(
            workspace_id=account.workspace_id,
            actor=actor,
            action="account.state_changed",
            now=at,
            target=account.public_id,
            changes={"from": known.state, "to": str(state)},
            reason=reason,
        )
        _show(account)
        if known.state == AccountState.CONNECTED:
            announce_one(
                workspace_pk=account.workspace_id,
                kind=EventKind.ACCOUNT_NEEDS_REAUTH,
                data={"accountId": account.public_id, "state": str(state), "reason": reason},
                now=at,
            )
    account.state, account.state_reason, account.state_changed_at = state, reason, at
    return True


def set_paused(*, account: PlatformAccount, is_paused: bool, actor: audit.Actor, now: datetime) -> bool:
    """Pause or resume an account's sending; True when something changed."""
    with transaction.atomic():
        rows = PlatformAccount.objects.filter(pk=account.pk, is_sending_paused=not is_paused)
        if not rows.update(is_sending_paused=is_paused):
            return False
        audit.record(
            workspace_id=account.workspace_id,
            actor=actor,
            action="account.paused" if is_paused else "account.resumed",
            now=now,
            target=account.public_id,
        )
        _show(account)
    return True


def _show(account: PlatformAccount) -> None:
    """Open pages ask again for what they show of the account and its queue."""
    live.tell(
        *(
            live.Event(account.workspace_id, name, creator_pk=account.creator_id)
            for name in (f"queue_{account.public_id}", "accounts")
        )
    )


def disconnect_all(creator: Creator, *, actor: audit.Actor, now: datetime) -> int:
    """Every account of a creator is let go, with what opened it; returns how many. In the caller's transaction."""
    rows = PlatformAccount.objects.present().filter(creator=creator).order_by("pk")
    found = list(rows.select_for_update(of=("self",), no_key=True))
    _let_go(found, reason="offboarded", actor=actor, now=now)
    return len(found)


def disconnect(*, account: PlatformAccount, actor: audit.Actor, now: datetime) -> bool:
    """Nothing is sent from here on, the consents end, and the platform is told. False when it was disconnected."""
    with transaction.atomic():
        living = PlatformAccount.objects.select_for_update(of=("self",), no_key=True).get(pk=account.pk)
        if living.state == AccountState.DISCONNECTED:
            return False
        _let_go([living], reason="disconnected", actor=actor, now=now)
    return True


def _let_go(accounts: list[PlatformAccount], *, reason: str, actor: audit.Actor, now: datetime) -> None:
    """The caller holds the rows' locks."""
    for account in accounts:
        at = max(now, account.state_changed_at)
        move_state(account=account, state=AccountState.DISCONNECTED, reason=reason, at=at, actor=actor)
    leave.let_go(accounts=accounts, now=now)
