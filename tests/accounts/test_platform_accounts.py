"""Accounts on the platforms: one in the whole installation, and a state that never goes back in time."""

import itertools
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from accounts.errors import AccountTaken
from accounts.models import AuditEvent, Creator, PlatformAccount
from accounts.selectors import account_of, reachable_accounts
from accounts.services.audit import Actor
from accounts.services.platform_accounts import connect, move_state, set_paused
from accounts.types import AccountState, Platform
from huntaze.kernel.errors import Invalid, NotFound
from huntaze.kernel.tenancy import cross_workspace, workspace_scope
from tests.factories.accounts import NOW, CreatorFactory, PlatformAccountFactory

SYSTEM = Actor.system()
CONNECTED, EXPIRED, CODE, GONE = (
    AccountState.CONNECTED,
    AccountState.EXPIRED,
    AccountState.NEEDS_CODE,
    AccountState.DISCONNECTED,
)


def bind(creator: Creator, external_id: str = "acct_1") -> PlatformAccount:
    with workspace_scope(creator.workspace_id):
        return connect(
            creator=creator,
            platform=Platform.ONLYFANS,
            external_id=external_id,
            owner_external_id="111",
            handle="nova",
            actor=SYSTEM,
            now=NOW,
        )


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def move(account: PlatformAccount, state: AccountState, seconds: float) -> bool:
    with cross_workspace("demo"):
        fresh = PlatformAccount.objects.get(pk=account.pk)
        return move_state(account=fresh, state=state, reason="news", at=later(seconds), actor=SYSTEM)


def stored(account: PlatformAccount) -> PlatformAccount:
    with cross_workspace("demo"):
        return PlatformAccount.objects.get(pk=account.pk)


def audited(action: str) -> list[dict[str, Any]]:
    with cross_workspace("demo"):
        return list(AuditEvent.objects.filter(action=action).order_by("pk").values_list("changes", flat=True))


def test_an_account_is_connected_to_its_creator(world: Any) -> None:
    account = stored(bind(world.creator))
    assert (account.workspace_id, account.creator_id, account.state) == (
        world.owner.workspace_id,
        world.creator.pk,
        "connected",
    )
    assert (account.connected_at, account.state_changed_at, account.can_send) == (NOW, NOW, True)
    assert audited("account.connected") == [{"platform": "onlyfans"}]


def test_an_account_of_another_workspace_is_taken_and_says_not_where(world: Any) -> None:
    bind(world.creator)
    theirs = CreatorFactory(workspace=world.outsider.workspace)
    for creator in (theirs, world.other_creator):
        with pytest.raises(AccountTaken) as refused:
            bind(creator)
        assert (refused.value.message, refused.value.data) == ("Account already connected", {})
    with cross_workspace("demo"):
        assert PlatformAccount.objects.filter(external_id="acct_1").count() == 1
    assert len(audited("account.connected")) == 1


def test_a_disconnected_account_can_be_connected_elsewhere(world: Any) -> None:
    first = bind(world.creator)
    assert move(first, GONE, 1) is True
    second = bind(CreatorFactory(workspace=world.outsider.workspace))
    assert second.pk != first.pk


@pytest.mark.django_db(transaction=True)
def test_of_two_workspaces_at_once_one_gets_the_account(world: Any) -> None:
    creators = [world.creator, CreatorFactory(workspace=world.outsider.workspace)]
    barrier = threading.Barrier(2)

    def work(creator: Creator) -> str:
        try:
            barrier.wait(10)
            return bind(creator).state
        except AccountTaken:
            return "taken"
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(work, creators)) == ["connected", "taken"]


def test_news_moves_the_state_and_is_audited_once(world: Any) -> None:
    account = world.account
    assert [move(account, EXPIRED, 5), move(account, EXPIRED, 5), move(account, CONNECTED, 9)] == [
        True,
        False,
        True,
    ]
    row = stored(account)
    assert (row.state, row.state_reason, row.state_changed_at) == ("connected", "news", later(9))
    assert audited("account.state_changed") == [
        {"from": "connected", "to": "expired"},
        {"from": "expired", "to": "connected"},
    ]


def test_older_news_never_undoes_newer(world: Any) -> None:
    assert move(world.account, CODE, 10) is True
    assert move(world.account, CONNECTED, 9.999) is False
    assert stored(world.account).state == "needs_code"


def test_news_that_confirms_the_state_keeps_older_news_from_undoing_it(world: Any) -> None:
    """Connected since long; expired at 5 and recovered at 10, told the wrong way round."""
    assert move(world.account, CONNECTED, 10) is False
    assert move(world.account, EXPIRED, 5) is False
    assert stored(world.account).state == "connected"
    assert audited("account.state_changed") == []


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_in_whatever_order_news_come_the_newest_stands(world: Any, order: tuple[int, ...]) -> None:
    news = [(EXPIRED, 1), (CODE, 2), (CONNECTED, 3), (CONNECTED, 4)]
    for index in order:
        move(world.account, *news[index])
    row = stored(world.account)
    assert (row.state, row.state_changed_at) == ("connected", later(4))


@pytest.mark.parametrize("state", [state for state in AccountState if state is not CONNECTED])
def test_only_a_connected_account_sends(world: Any, state: AccountState) -> None:
    assert stored(world.account).can_send is True
    move(world.account, state, 1)
    assert stored(world.account).can_send is False


def test_pausing_is_told_once(world: Any) -> None:
    with workspace_scope(world.owner.workspace_id):
        found = [
            set_paused(account=world.account, is_paused=value, actor=SYSTEM, now=NOW)
            for value in (True, True, False)
        ]
    assert found == [True, False, True]
    assert (len(audited("account.paused")), len(audited("account.resumed"))) == (1, 1)


# --- finding one


def test_an_account_is_found_by_its_id_in_reach(world: Any) -> None:
    with workspace_scope(world.owner.workspace_id):
        assert account_of(None, Platform.ONLYFANS, world.account.public_id) == world.account
        assert account_of(frozenset({world.creator.pk}), Platform.ONLYFANS, None) == world.account


UNREACHABLE: dict[str, Callable[[Any], tuple[Any, Platform, str]]] = {
    "another workspace's": lambda w: (None, Platform.ONLYFANS, w.outsider_account.public_id),
    "an unassigned creator's": lambda w: (
        frozenset({w.creator.pk}),
        Platform.ONLYFANS,
        w.other_account.public_id,
    ),
    "nobody assigned": lambda w: (frozenset(), Platform.ONLYFANS, w.account.public_id),
    "another platform": lambda w: (None, Platform.TIKTOK, w.account.public_id),
    "another kind of id": lambda w: (None, Platform.ONLYFANS, w.creator.public_id),
    "garbage": lambda w: (None, Platform.ONLYFANS, "acc_\x00"),
}


@pytest.mark.parametrize("name", UNREACHABLE)
def test_what_is_out_of_reach_is_unknown(world: Any, name: str) -> None:
    with workspace_scope(world.owner.workspace_id), pytest.raises(NotFound, match="Unknown account"):
        account_of(*UNREACHABLE[name](world))


def test_without_an_id_it_must_be_the_only_one(world: Any) -> None:
    with workspace_scope(world.owner.workspace_id):
        with pytest.raises(Invalid) as refused:
            account_of(None, Platform.ONLYFANS, None)
        with pytest.raises(NotFound, match="No connected account"):
            account_of(frozenset(), Platform.ONLYFANS, None)
    assert [item.field for item in refused.value.errors] == ["accountId"]


def test_disconnected_accounts_are_not_listed(world: Any) -> None:
    extra = PlatformAccountFactory(creator=world.creator, state="disconnected")
    with workspace_scope(world.owner.workspace_id):
        assert reachable_accounts(None, Platform.ONLYFANS) == [world.account, world.other_account]
        assert reachable_accounts(frozenset({world.creator.pk}), Platform.ONLYFANS) == [world.account]
        with pytest.raises(NotFound):
            account_of(None, Platform.ONLYFANS, extra.public_id)


def test_the_audit_names_the_state_that_it_really_left(world: Any) -> None:
    """The caller's own copy of the row may be old."""
    stale = bind(world.creator, "acct_stale")
    assert move(stale, EXPIRED, 1)
    with cross_workspace("demo"):
        assert move_state(account=stale, state=CODE, reason="news", at=later(2), actor=SYSTEM)
    changes = [(change["from"], change["to"]) for change in audited("account.state_changed")]
    assert changes == [("connected", "expired"), ("expired", "needs_code")]
