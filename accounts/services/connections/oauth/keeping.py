"""Tokens at rest: kept with the account that they open, replaced, and counted, so that old news changes nothing.

Locks are taken in one order everywhere: creator, account, connection or refresh row.
"""

from datetime import datetime

from django.db import transaction
from django.db.models import F

from accounts.errors import AccountTaken
from accounts.models import Connection, Membership, OAuthState, PlatformAccount, TokenRefresh
from accounts.rules import oauth as rules
from accounts.services import audit
from accounts.services.connections import ending, leave
from accounts.services.creators import lock_creator
from accounts.services.platform_accounts import attach, move_state
from accounts.services.team import acting_member
from accounts.types import AccountState, ConnectionState, CreatorStatus, Platform, Profile, Tokens
from huntaze.kernel.outbox import State

_OPENS = ["credentials", "scopes", "token_expires_at", "handle", "last_synced_at"]


def member_of(actor: audit.Actor) -> Membership:
    """The member who acts; raises NotAllowed when their membership has ended."""
    return acting_member(actor)


def keep(*, connection: Connection, tokens: Tokens, profile: Profile, now: datetime) -> bool:
    """The account becomes the creator's, or is the creator's again. False when the attempt came to nothing.

    An account that is connected anywhere else ends the attempt as failed, with the reason `taken`. What is not kept is
    given back, unless somebody else's connection hangs on the same grant.
    """
    with transaction.atomic():
        creator = lock_creator(connection.creator)
        present = _present(connection, profile)
        living = ending.locked(connection)
        OAuthState.objects.filter(connection=connection).update(offer=None)
        if living is None or creator.status == CreatorStatus.OFFBOARDED:
            leave.queue_revocation(
                platform=connection.platform,
                external_id=profile.external_id,
                tokens=rules.packed(tokens, profile),
                now=now,
            )
            return ending.end(connection=connection, state=ConnectionState.FAILED, reason="left", now=now)
        actor = audit.Actor.member(living.started_by.user_id, living.started_by_id)
        try:
            account = present or attach(
                creator=creator,
                platform=Platform(living.platform),
                uid=living.account_uid,
                external_id=profile.external_id,
                owner_external_id=profile.external_id,
                handle=profile.handle,
                actor=actor,
                now=now,
            )
        except AccountTaken:
            return ending.end(connection=connection, state=ConnectionState.FAILED, reason="taken", now=now)
        _put(account, tokens, profile, now)
        if present is not None:
            _is_good(account, "reconnected", now, actor)
        Connection.objects.filter(pk=living.pk).update(account=account)
        connection.account = account
        return ending.end(connection=connection, state=ConnectionState.CONNECTED, reason="", now=now)


def replace(*, row: TokenRefresh, tokens: Tokens, now: datetime) -> bool:
    """New tokens for old. The lease does not decide here but what they replace: if nobody stored any meanwhile these
    are the only good ones, however late they come. False when they are not kept."""
    with transaction.atomic():
        account = _locked(row.account_id)
        refresh_at = rules.refresh_time(now, tokens.expires_in)
        kept = account.state != AccountState.DISCONNECTED and _schedule(row, refresh_at, now)
        if not kept:
            if account.state == AccountState.DISCONNECTED:
                leave.queue_revocation(
                    platform=account.platform,
                    external_id=account.external_id,
                    tokens=rules.packed(tokens, Profile("", "")),
                    now=now,
                )
            return False
        assert account.credentials is not None
        account.credentials = rules.renewed(account.credentials.reveal(), tokens)
        account.token_expires_at = rules.end_of(now, tokens.expires_in)
        account.scopes = account.scopes if tokens.scopes is None else list(tokens.scopes)
        account.save(update_fields=["credentials", "token_expires_at", "scopes"])
        _is_good(account, "renewed", now, audit.Actor.system())
    return True


def found_good(*, row: TokenRefresh, profile: Profile, now: datetime) -> None:
    """The tokens open what they should; the platform's name for it may have changed."""
    with transaction.atomic():
        account = _locked(row.account_id)
        mine = TokenRefresh.objects.filter(pk=row.pk, generation=row.generation, lease_token=row.lease_token)
        later = rules.next_look(now, row.refresh_at)
        if mine.update(**_IDLE, available_at=later):
            account.handle, account.last_synced_at = profile.handle or account.handle, now
            account.save(update_fields=["handle", "last_synced_at"])
            _is_good(account, "reachable", now, audit.Actor.system())


def lose(*, row: TokenRefresh, reason: str, now: datetime) -> bool:
    """The platform takes the tokens no more: the account waits for its person. False when newer ones were stored."""
    with transaction.atomic():
        account = _locked(row.account_id)
        mine = TokenRefresh.objects.filter(pk=row.pk, generation=row.generation)
        if not mine.update(**_IDLE | {"state": State.FAILED, "last_error": reason}):
            return False
        _is_bad(account, reason, now)
    return True


def note_unreachable(*, row: TokenRefresh, now: datetime) -> None:
    """The access has run out while the platform can't be asked; the row goes on trying."""
    with transaction.atomic():
        account = _locked(row.account_id)
        if account.token_expires_at is not None and account.token_expires_at <= now:
            _is_bad(account, "unreachable", now)


_IDLE = {
    "state": State.QUEUED,
    "attempts": 0,
    "leased_until": None,
    "lease_token": None,
    "last_error": "",
}


def _schedule(row: TokenRefresh, refresh_at: datetime | None, now: datetime) -> bool:
    mine = TokenRefresh.objects.filter(pk=row.pk, generation=row.generation)
    return bool(
        mine.update(
            **_IDLE,
            generation=F("generation") + 1,
            refresh_at=refresh_at,
            available_at=rules.next_look(now, refresh_at),
        )
    )


def _present(connection: Connection, profile: Profile) -> PlatformAccount | None:
    """The creator's own account, when it is this one that comes again."""
    rows = PlatformAccount.objects.present().filter(
        creator=connection.creator, platform=connection.platform, external_id=profile.external_id
    )
    found: PlatformAccount | None = rows.select_for_update(of=("self",), no_key=True).first()
    return found


def _locked(account_pk: int) -> PlatformAccount:
    found: PlatformAccount = PlatformAccount.objects.select_for_update(of=("self",), no_key=True).get(
        pk=account_pk
    )
    return found


def _put(account: PlatformAccount, tokens: Tokens, profile: Profile, now: datetime) -> None:
    account.credentials = rules.packed(tokens, profile)
    account.scopes = list(tokens.scopes or ())
    account.token_expires_at = rules.end_of(now, tokens.expires_in)
    account.handle, account.last_synced_at = profile.handle, now
    account.save(update_fields=_OPENS)
    refresh_at = rules.refresh_time(now, tokens.expires_in)
    row, is_new = TokenRefresh.objects.get_or_create(
        account=account,
        defaults={"available_at": rules.next_look(now, refresh_at), "refresh_at": refresh_at},
    )
    if not is_new:
        _schedule(row, refresh_at, now)


def _is_good(account: PlatformAccount, reason: str, now: datetime, actor: audit.Actor) -> None:
    if account.state not in {AccountState.CONNECTED, AccountState.DISCONNECTED}:
        at = max(now, account.state_changed_at)
        move_state(account=account, state=AccountState.CONNECTED, reason=reason, at=at, actor=actor)


def _is_bad(account: PlatformAccount, reason: str, now: datetime) -> None:
    if account.state == AccountState.CONNECTED:
        at = max(now, account.state_changed_at)
        move_state(
            account=account, state=AccountState.EXPIRED, reason=reason, at=at, actor=audit.Actor.system()
        )
