"""One customer's events are worked on one at a time, and what was paid once is credited once, however many deliver it.

Each race is shown first with what prevents it taken off.
"""

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.services.audit import Actor
from billing.gateways.stripe_shapes import event as event_of
from billing.models import CheckoutIntent, Grant, StripeEvent
from billing.services.ledger import book
from billing.services.stripe import checkout, inbox, work
from billing.types import GrantSource, RemoteEvent
from huntaze.kernel import clock
from huntaze.kernel.outbox import LeaseLost
from huntaze.kernel.tenancy import cross_workspace, workspace_scope
from tests.billing.stripe.conftest import Shop, open_shop, post
from tests.factories.billing import credits
from tests.sandbox.server import Sandbox

pytestmark = pytest.mark.django_db(transaction=True)

INDEX = "stripe_event_one_at_a_time"


@pytest.fixture
def shop(transactional_db: None, stripe_settings: Sandbox) -> Shop:
    return open_shop(stripe_settings)


@contextmanager
def without_the_index() -> Iterator[None]:
    _run(f"DROP INDEX {INDEX}")
    try:
        yield
    finally:
        StripeEvent.objects.all().delete()
        _run(f"CREATE UNIQUE INDEX {INDEX} ON billing_stripeevent (serial_key) WHERE state = 'working'")


def at_once(*deeds: Callable[[], Any]) -> list[Any]:
    start = threading.Barrier(len(deeds))

    def go(deed: Callable[[], Any]) -> Any:
        try:
            start.wait(10)
            return deed()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(deeds)) as pool:
        return list(pool.map(go, deeds))


def two_of_a_customer() -> None:
    for number in (1, 2):
        event = RemoteEvent(
            id=f"evt_{number}",
            customer_id="cus_1",
            type="customer.updated",
            api_version="",
            livemode=False,
            created_at=clock.now(),
            object_type="customer",
            object_id="cus_1",
        )
        inbox.store(event, source="webhook", now=clock.now())


def claimed_while_another_claims() -> StripeEvent | None:
    """What a worker gets while another one's claim is written and not committed."""
    two_of_a_customer()
    now = clock.now() + timedelta(seconds=1)
    is_written, may_commit = threading.Event(), threading.Event()

    def slow() -> None:
        with transaction.atomic():
            assert inbox._claim(now) is not None
            is_written.set()
            assert may_commit.wait(20)

    def quick() -> StripeEvent | None:
        assert is_written.wait(20)
        release = threading.Thread(target=_when_somebody_waits, args=(may_commit,))
        release.start()
        try:
            return inbox.claim(now=now)
        finally:
            may_commit.set()
            release.join()

    return at_once(slow, quick)[1]  # type: ignore[no-any-return]


def _when_somebody_waits(may_commit: threading.Event) -> None:
    """Lets the first one commit as soon as the other one stands at the index."""
    try:
        with connection.cursor() as cursor:
            while not may_commit.is_set():
                cursor.execute(
                    "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'"
                )
                if cursor.fetchone()[0]:
                    may_commit.set()
    finally:
        connection.close()


def test_without_the_index_two_workers_hold_one_customer() -> None:
    with without_the_index():
        found = claimed_while_another_claims()
        assert found is not None
        assert StripeEvent.objects.filter(serial_key="cus_1", state="working").count() == 2


def test_with_the_index_one_worker_holds_a_customer() -> None:
    assert claimed_while_another_claims() is None
    assert StripeEvent.objects.filter(serial_key="cus_1", state="working").count() == 1


def test_a_worker_whose_lease_ran_out_writes_nothing(shop: Shop) -> None:
    intent = shop.start_pack()
    shop.pay(intent)
    shop.deliver()
    with cross_workspace("test"):
        slow = inbox.claim(now=shop.now())
        assert slow is not None
        seen = work.look(slow)
        later = shop.now() + inbox.LEASE + timedelta(seconds=1)
        again = inbox.claim(now=later)
        assert again is not None
        assert again.pk == slow.pk
        with pytest.raises(LeaseLost):
            work.settle(slow, seen, later)
        assert Grant.objects.count() == 0
        work.settle(again, seen, later)


def _paid_session_event(shop: Shop) -> dict[str, Any]:
    intent = shop.start_pack()
    shop.pay(intent)
    return next(row for row in shop.events() if row["type"] == "checkout.session.completed")


def _pack_grants() -> list[int]:
    with cross_workspace("test"):
        return list(Grant.objects.filter(source="pack").values_list("amount", flat=True))


def test_fifty_deliveries_at_once_are_one_grant(shop: Shop) -> None:
    body = json.dumps(_paid_session_event(shop)).encode()
    assert at_once(*[lambda: post(body).status_code] * 50) == [200] * 50
    assert StripeEvent.objects.filter(type="checkout.session.completed").count() == 1
    at_once(*[shop.work] * 4)
    assert _pack_grants() == [25_000]


def test_fifty_events_of_one_session_worked_on_at_once_are_one_grant(shop: Shop) -> None:
    _store_fifty(shop)
    at_once(*[shop.work] * 8)
    assert StripeEvent.objects.filter(outcome="applied", type="checkout.session.completed").count() == 50
    assert _pack_grants() == [25_000]


def _store_fifty(shop: Shop) -> None:
    event = _paid_session_event(shop)
    for number in range(50):
        inbox.store(event_of(event | {"id": f"evt_copy_{number}"}), source="webhook", now=shop.now())


WORKERS = 8


def _settled_with_nothing_in_the_way(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Eight workers each hold an event of the one session, as without the index; the ledger's lock is off, and all of
    them look whether the credits were given before any of them gives them."""
    _store_fifty(shop)
    credits(
        shop.workspace, 1, source=GrantSource.PROMO
    )  # opens the books: two first openings would wait for each other
    session = next(row for row in shop.objects("checkout.session"))
    with cross_workspace("test"):  # no row but the ledger's own makes them wait for each other
        CheckoutIntent.objects.update(
            state="paid", paid_at=shop.now(), payment_intent_id=session["payment_intent"]
        )
    rows = list(StripeEvent.objects.filter(type="checkout.session.completed")[:WORKERS])
    for row in rows:
        row.state, row.lease_token, row.leased_until = "working", uuid4(), shop.now() + inbox.LEASE
        row.save()
    looked, look = threading.Barrier(WORKERS), book.Book.is_posted

    def look_together(self: book.Book, key: str) -> bool:
        found = look(self, key)
        looked.wait(30)
        return found

    monkeypatch.setattr(book, "_LOCK", book._LOCK.replace("FOR NO KEY UPDATE", ""))
    monkeypatch.setattr(book.Book, "is_posted", look_together)

    def settle(row: StripeEvent) -> str:
        with cross_workspace("test"):
            try:
                return work.settle(row, work.look(row), shop.now())
            except IntegrityError:
                return "stopped by the database"

    return Counter(at_once(*[partial(settle, row) for row in rows]))


def test_without_the_lock_the_database_stops_the_second_grant(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    with without_the_index():
        found = _settled_with_nothing_in_the_way(shop, monkeypatch)
    assert found == {"applied": 1, "stopped by the database": WORKERS - 1}
    assert _pack_grants() == [25_000]


def test_without_lock_and_constraint_every_delivery_is_a_grant(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    with without_the_index(), without_the_key():
        found = _settled_with_nothing_in_the_way(shop, monkeypatch)
        assert found == {"applied": WORKERS}
        assert _pack_grants() == [25_000] * WORKERS


@contextmanager
def without_the_key() -> Iterator[None]:
    """A transaction's key may come twice; what came is thrown away afterwards."""
    table, name = "billing_ledgertransaction", "ledger_transaction_once"
    _run(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    try:
        yield
    finally:
        _run("SET session_replication_role = replica")
        _run(f"DELETE FROM billing_ledgerentry; DELETE FROM {table}")
        _run("SET session_replication_role = origin")
        _run(f"ALTER TABLE {table} ADD CONSTRAINT {name} UNIQUE (workspace_id, idempotency_key)")


def _run(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def test_two_clicks_at_once_are_one_session(shop: Shop) -> None:
    def click() -> str:
        with workspace_scope(shop.workspace.pk):
            actor = Actor.member(shop.owner.user_id, shop.owner.pk)
            intent = checkout.start_plan(
                workspace=shop.workspace,
                plan="pro",
                interval="month",
                currency="USD",
                actor=actor,
                now=shop.now(),
            )
        return intent.url

    urls = at_once(*[click] * 8)
    assert len(set(urls)) == 1
    assert len(shop.objects("checkout.session")) == 1
    assert len(shop.objects("customer")) == 1
    with cross_workspace("test"):
        assert CheckoutIntent.objects.count() == 1
