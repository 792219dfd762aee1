"""Tokens after the agreement: renewed in time by one worker, tried now and then, lost, moved, and given back."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection as database

from accounts.models import AuditEvent, PlatformAccount, Revocation, TokenRefresh
from accounts.services.connections import leave
from accounts.services.connections.oauth import keeping, renew, talk
from accounts.types import Platform, Tokens
from huntaze.kernel import clock, crypto
from huntaze.kernel.tenancy import cross_workspace
from tests.accounts.oauth_steps import (
    VENDORS,
    account_of,
    actions,
    connect,
    make_due,
    opened,
    root,
    stored,
)
from tests.conftest import World
from tests.sandbox.server import Sandbox

pytestmark = pytest.mark.django_db(transaction=True)
Api = Callable[..., Any]


@pytest.fixture
def tiktok(api: Api, world: World, platform: Sandbox) -> PlatformAccount:
    connect(api(world.owner), platform, world.creator, "tiktok")
    return account_of("tiktok")


def shown(account: PlatformAccount) -> tuple[str, str]:
    account.refresh_from_db()
    return account.state, account.state_reason


def counts(platform: Sandbox) -> tuple[int, int]:
    """Renewals, and uses of a refresh token that had been replaced."""
    found = platform.oauth("tiktok")["counts"]
    return found["refreshed"], found["reused"]


# --- renewing


@pytest.mark.parametrize("vendor", ["instagram", "tiktok", "whatsapp"])
def test_tokens_are_renewed_in_time(api: Api, world: World, platform: Sandbox, vendor: str) -> None:
    connect(api(world.owner), platform, world.creator, vendor)
    account = account_of(vendor)
    before = opened(account)
    assert renew.tend_due() == 0
    make_due(renewal=True)
    assert renew.tend_due() == 1
    after = opened(account)
    assert after.access != before.access
    assert (after.refresh != before.refresh) is (vendor == "tiktok")
    assert account.token_expires_at > clock.now() + timedelta(hours=23)
    (row,) = stored(TokenRefresh)
    assert (row.state, row.generation, row.attempts, row.lease_token) == ("queued", 2, 0, None)
    assert renew.tend_due() == 0
    make_due(renewal=False)
    assert (renew.tend_due(), shown(account)[0]) == (1, "connected")


def test_a_name_that_changed_is_read_when_tokens_are_tried(
    tiktok: PlatformAccount, platform: Sandbox
) -> None:
    with cross_workspace("demo"):
        PlatformAccount.objects.filter(pk=tiktok.pk).update(handle="old", last_synced_at=None)
    make_due(renewal=False)
    renew.tend_due()
    tiktok.refresh_from_db()
    assert (tiktok.handle, counts(platform)[0]) == ("Luna Martel on TikTok", 0)
    assert tiktok.last_synced_at is not None


def at_once(workers: int = 20) -> None:
    """So many jobs start together."""
    barrier = threading.Barrier(workers)

    def work(_: int) -> None:
        try:
            barrier.wait(20)
            renew.tend_due()
        finally:
            database.close()

    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(work, range(workers)))


def test_twenty_at_once_renew_once(tiktok: PlatformAccount, platform: Sandbox) -> None:
    make_due(renewal=True)
    at_once()
    assert counts(platform) == (1, 0)
    assert shown(tiktok)[0] == "connected"
    make_due(renewal=True)
    renew.tend_due()
    assert (counts(platform), shown(tiktok)[0]) == ((2, 0), "connected")


def test_without_the_lease_replaced_tokens_are_used(
    tiktok: PlatformAccount, platform: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    meeting, seen = threading.Barrier(4), threading.local()

    def unleased() -> list[TokenRefresh]:
        """What is due, taken by nobody."""
        if getattr(seen, "once", False):
            return []
        seen.once = True
        with cross_workspace("demo"):
            rows = list(TokenRefresh.objects.select_related("account"))
        meeting.wait(20)
        return rows

    monkeypatch.setattr(renew, "claimed", unleased)
    make_due(renewal=True)
    at_once(4)
    assert counts(platform) == (1, 3)


def test_a_late_answer_is_kept_when_nobody_has_newer_tokens(
    tiktok: PlatformAccount, platform: Sandbox
) -> None:
    """A worker stood still until its lease ran out, and the next one met a dead token: what the first was given is the
    only thing that still opens the account."""
    make_due(renewal=True)
    (slow,) = renew.claimed()
    with cross_workspace("demo"):
        row = TokenRefresh.objects.select_related("account").get(pk=slow.pk)
        tokens = opened(tiktok)
    given = talk.talk(Platform.TIKTOK, lambda gateway: gateway.refresh(tokens))
    with cross_workspace("demo"):
        TokenRefresh.objects.update(leased_until=clock.now() - timedelta(seconds=1))
    assert renew.tend_due() == 1
    assert shown(tiktok) == ("expired", "revoked")
    with cross_workspace("demo"):
        assert keeping.replace(row=row, tokens=given, now=clock.now())
    assert shown(tiktok)[0] == "connected"
    assert opened(tiktok).refresh == given.refresh


def test_an_answer_to_tokens_that_were_replaced_changes_nothing(
    api: Api, world: World, tiktok: PlatformAccount, platform: Sandbox
) -> None:
    """The creator agreed anew while a worker was renewing what they had agreed to before."""
    make_due(renewal=True)
    (slow,) = renew.claimed()
    connect(api(world.owner), platform, world.creator, "tiktok")
    newest = opened(tiktok)
    with cross_workspace("demo"):
        assert keeping.replace(row=slow, tokens=Tokens("act.old", "rft.old"), now=clock.now()) is False
        assert keeping.lose(row=slow, reason="revoked", now=clock.now()) is False
    assert (opened(tiktok), shown(tiktok)[0]) == (newest, "connected")


def test_a_worker_that_died_before_it_wrote_down_the_answer(
    tiktok: PlatformAccount, platform: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the platform lets the old token live until the new one is used, the next worker goes on with it."""
    platform.control("POST", "settings", {"rotationGrace": True})

    def die(**_: Any) -> bool:
        raise KeyboardInterrupt

    make_due(renewal=True)
    with monkeypatch.context() as patch:
        patch.setattr(keeping, "replace", die)
        with pytest.raises(KeyboardInterrupt):
            renew.tend_due()
    with cross_workspace("demo"):
        TokenRefresh.objects.update(leased_until=clock.now() - timedelta(seconds=1))
    assert renew.tend_due() == 1
    assert (counts(platform), shown(tiktok)[0]) == ((2, 0), "connected")
    make_due(renewal=False)
    renew.tend_due()
    assert shown(tiktok)[0] == "connected"


# --- trouble


def test_a_platform_that_is_away_is_asked_again(tiktok: PlatformAccount, platform: Sandbox) -> None:
    make_due(renewal=True)
    platform.fault("status", count=1, params={"code": 503}, dialect="tiktok")
    renew.tend_due()
    (row,) = stored(TokenRefresh)
    assert (row.state, row.attempts, row.last_error) == ("queued", 1, "server_error")
    assert timedelta(seconds=50) < row.available_at - clock.now() <= timedelta(seconds=60)
    assert shown(tiktok)[0] == "connected"
    make_due(renewal=True)
    renew.tend_due()
    assert (stored(TokenRefresh)[0].attempts, shown(tiktok)[0]) == (0, "connected")


def test_access_that_ran_out_meanwhile_is_said_and_comes_back(
    tiktok: PlatformAccount, platform: Sandbox
) -> None:
    with cross_workspace("demo"):
        PlatformAccount.objects.filter(pk=tiktok.pk).update(token_expires_at=clock.now())
    make_due(renewal=True)
    platform.fault("reset_before", count=1, dialect="tiktok")
    renew.tend_due()
    assert shown(tiktok) == ("expired", "unreachable")
    make_due(renewal=True)
    renew.tend_due()
    assert shown(tiktok)[0] == "connected"


@pytest.mark.parametrize("vendor", VENDORS)
def test_access_taken_back_at_the_platform_is_noticed(
    api: Api, world: World, platform: Sandbox, vendor: str
) -> None:
    connect(api(world.owner), platform, world.creator, vendor)
    person = platform.oauth(vendor)["open"][0]
    platform.control("POST", f"oauth/{vendor}/revoke", {"person": person})
    make_due(renewal=False)
    renew.tend_due()
    account = account_of(vendor)
    assert shown(account) == ("expired", "revoked")
    (row,) = api(world.owner).get(root(vendor)).json()["accounts"]
    assert (row["stateText"], row["reasonText"]) == (
        "Has to be connected again",
        "The access was taken back at the platform, or has run out: connect the account again.",
    )
    assert actions()[-1] == "account.state_changed"
    assert stored(TokenRefresh)[0].state == "failed"
    make_due(renewal=True)
    assert renew.tend_due() == 0


def test_a_renewal_that_is_refused_waits_for_the_person(tiktok: PlatformAccount, platform: Sandbox) -> None:
    make_due(renewal=True)
    platform.fault("refresh_refused", count=1, dialect="tiktok")
    renew.tend_due()
    assert shown(tiktok) == ("expired", "revoked")


def test_our_own_wrong_secret_is_nobodys_lost_access(
    tiktok: PlatformAccount, platform: Sandbox, settings: Any
) -> None:
    settings.TIKTOK_CLIENT_SECRET = "another"
    make_due(renewal=True)
    renew.tend_due()
    assert (stored(TokenRefresh)[0].last_error, shown(tiktok)[0]) == ("our_client", "connected")


def test_a_platform_that_is_down_is_not_asked_by_everybody(
    tiktok: PlatformAccount, platform: Sandbox
) -> None:
    """Five failures in a row open the circuit; health says so."""
    platform.fault("status", params={"code": 503}, dialect="tiktok")
    for _ in range(6):
        make_due(renewal=True)
        renew.tend_due()
    assert len(platform.control("GET", "requests?dialect=tiktok&path=/open/v2/oauth/token/")) == 6
    assert stored(TokenRefresh)[0].last_error == "circuit_open"


def test_moved_ciphertext_opens_nothing(
    api: Api, world: World, tiktok: PlatformAccount, platform: Sandbox
) -> None:
    """Sealed tokens copied to another account of the same workspace by SQL: that account is not theirs."""
    connect(api(world.owner), platform, world.other_creator, "tiktok", person="-000open2")
    with cross_workspace("demo"), database.cursor() as cursor:
        other = PlatformAccount.objects.get(creator=world.other_creator, platform="tiktok")
        cursor.execute(
            "UPDATE accounts_platformaccount SET credentials = "
            "(SELECT credentials FROM accounts_platformaccount WHERE id = %s) WHERE id = %s",
            [tiktok.pk, other.pk],
        )
    with pytest.raises(crypto.DecryptionFailed):
        opened(other)
    asked = len(platform.control("GET", "requests?dialect=tiktok"))
    make_due(renewal=True)
    renew.tend_due()
    assert (shown(other), shown(tiktok)[0]) == (("expired", "unreadable"), "connected")
    assert len(platform.control("GET", "requests?dialect=tiktok")) == asked + 1
    assert api(world.owner).delete(f"{root('tiktok')}/accounts/{other.public_id}").status_code == 204


# --- letting go


@pytest.mark.parametrize("vendor", VENDORS)
def test_disconnecting_revokes_at_the_platform(
    api: Api, world: World, platform: Sandbox, vendor: str
) -> None:
    connect(api(world.owner), platform, world.creator, vendor)
    account = account_of(vendor)
    assert len(platform.oauth(vendor)["open"]) == 1
    platform.fault("status", count=1, params={"code": 503}, dialect=vendor)
    address = f"{root(vendor)}/accounts/{account.public_id}"
    assert api(world.owner).delete(address).status_code == 204
    account.refresh_from_db()
    assert (account.state, account.credentials, account.token_expires_at) == ("disconnected", None, None)
    assert stored(TokenRefresh) == []
    leave.revoke_due()
    (waiting,) = Revocation.objects.all()
    assert (waiting.state, waiting.attempts, waiting.last_error) == ("queued", 1, "Uncertain")
    Revocation.objects.update(available_at=clock.now())
    leave.revoke_due()
    assert not Revocation.objects.exists()
    assert platform.oauth(vendor)["open"] == []


def test_access_that_ran_out_is_renewed_to_be_given_back(
    api: Api, world: World, tiktok: PlatformAccount, platform: Sandbox
) -> None:
    """TikTok's access lives a day; the grant behind it, a year."""
    api(world.owner).delete(f"{root('tiktok')}/accounts/{tiktok.public_id}")
    platform.control("POST", "oauth/tiktok/expire", {"what": "access"})
    platform.fault("status", after=2, count=1, params={"code": 503}, dialect="tiktok")
    leave.revoke_due()
    assert (counts(platform)[0], platform.oauth("tiktok")["open"]) == (1, ["-000open1"])
    Revocation.objects.update(available_at=clock.now())
    leave.revoke_due()
    assert not Revocation.objects.exists()
    assert (counts(platform), platform.oauth("tiktok")["open"]) == ((1, 0), [])


def test_tokens_that_come_for_an_account_that_was_let_go_are_given_back(
    api: Api, world: World, tiktok: PlatformAccount, platform: Sandbox
) -> None:
    make_due(renewal=True)
    (slow,) = renew.claimed()
    tokens = opened(tiktok)
    given = talk.talk(Platform.TIKTOK, lambda gateway: gateway.refresh(tokens))
    api(world.owner).delete(f"{root('tiktok')}/accounts/{tiktok.public_id}")
    with cross_workspace("demo"):
        assert keeping.replace(row=slow, tokens=given, now=clock.now()) is False
    leave.revoke_due()
    assert platform.oauth("tiktok")["open"] == []


def test_leaving_and_tokens_at_rest(
    api: Api, world: World, tiktok: PlatformAccount, platform: Sandbox
) -> None:
    """What waits to be revoked lies sealed, and no row of the audit log bears a token."""
    tokens = opened(tiktok)
    api(world.owner).delete(f"{root('tiktok')}/accounts/{tiktok.public_id}")
    with database.cursor() as cursor:
        for model in (Revocation, AuditEvent, PlatformAccount):
            for secret in (tokens.access, tokens.refresh):
                cursor.execute(
                    f"SELECT count(*) FROM {model._meta.db_table} t WHERE t::text LIKE %s", [f"%{secret}%"]
                )
                assert cursor.fetchone() == (0,)
