"""Accounts on the platforms: connecting them, and moving their state."""

from datetime import datetime

from django.db import IntegrityError, transaction

from accounts.errors import AccountTaken
from accounts.models import Creator, PlatformAccount
from accounts.rules.webhooks import EventKind
from accounts.services import audit
from accounts.services.webhooks.events import announce_one
from accounts.types import AccountState, Platform


def connect(
    *,
    creator: Creator,
    platform: Platform,
    external_id: str,
    owner_external_id: str,
    handle: str,
    actor: audit.Actor,
    now: datetime,
) -> PlatformAccount:
    """Bind an outside account to a creator of the workspace in scope; raises AccountTaken if it is bound anywhere."""
    try:
        with transaction.atomic():
            account = PlatformAccount.objects.create(
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
    except IntegrityError as error:
        raise AccountTaken from error
    return account


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
    return True


def disconnect_all(creator: Creator, *, actor: audit.Actor, now: datetime) -> int:
    """Every account of a creator is let go, with what opened it; returns how many. In the caller's transaction."""
    rows = PlatformAccount.objects.present().filter(creator=creator).order_by("pk")
    count = 0
    for account in rows:
        move_state(
            account=account,
            state=AccountState.DISCONNECTED,
            reason="offboarded",
            at=max(now, account.state_changed_at),
            actor=actor,
        )
        PlatformAccount.objects.filter(pk=account.pk).update(credentials=None, token_expires_at=None)
        count += 1
    return count
