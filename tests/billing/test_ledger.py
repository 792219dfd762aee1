"""Credits are given, set aside, spent, given back, end and are asked back; table by table."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from accounts.models import Workspace
from accounts.services.audit import Actor
from billing.errors import CreditsExhausted
from billing.models import Grant, LedgerTransaction, Reservation
from billing.selectors.credits import balance
from billing.selectors.ledger import history
from billing.services.ledger import grants, reservations
from billing.types import Balance, Feature, GrantSource, Ref, Unit
from tests.billing.books import accounts, faults, left
from tests.factories.billing import credits, limit

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
MESSAGE = Unit.MESSAGE


def reserve(workspace: Workspace, quantity: int, ref: str = "a", **fields: Any) -> reservations.Reserved:
    fields = {"now": NOW} | fields
    return reservations.reserve(
        workspace_id=workspace.pk, unit=MESSAGE, quantity=quantity, ref=Ref("test", ref), **fields
    )


def settle(workspace: Workspace, quantity: int, ref: str = "a", **fields: Any) -> None:
    fields = {"now": NOW} | fields
    reservations.settle(
        workspace_id=workspace.pk, unit=MESSAGE, quantity=quantity, ref=Ref("test", ref), **fields
    )


def release(workspace: Workspace, ref: str = "a", **fields: Any) -> None:
    fields = {"now": NOW} | fields
    reservations.release(workspace_id=workspace.pk, unit=MESSAGE, ref=Ref("test", ref), **fields)


def refund(grant: Grant, refunded: int, paid: int = 100) -> int:
    return grants.refund(
        grant=grant, charge="ch_1", refunded_minor=refunded, paid_minor=paid, now=NOW, actor=Actor.system()
    )


def deeds(workspace: Workspace) -> list[tuple[str, dict[str, int]]]:
    return [(deed.kind, deed.changes) for deed in history(workspace.pk, MESSAGE, limit=50).rows][::-1]


# --- the life of credits


def test_what_is_granted_can_be_spent_once(inside: Workspace) -> None:
    given = {"unit": MESSAGE, "amount": 10, "source": GrantSource.PACK, "key": "pack:cs_1", "now": NOW}
    found = [
        grants.grant(workspace_id=inside.pk, actor=Actor.system(), **given)  # type: ignore[arg-type]
        for _ in range(2)
    ]
    assert found == [True, False]
    assert accounts(inside) == {"issued": -10, "available": 10}


def test_a_reservation_is_spent_and_its_rest_comes_back(inside: Workspace) -> None:
    pack = credits(inside, 10, now=NOW)
    reserve(inside, 6)
    assert (accounts(inside), left(pack)) == ({"issued": -10, "available": 4, "reserved": 6}, [(4, 6)])
    settle(inside, 5)
    assert (accounts(inside), left(pack)) == ({"issued": -10, "available": 5, "consumed": 5}, [(5, 0)])
    assert deeds(inside) == [
        ("grant", {"issued": -10, "available": 10}),
        ("reserve", {"available": -6, "reserved": 6}),
        ("settle", {"reserved": -5, "consumed": 5}),
        ("release", {"reserved": -1, "available": 1}),
    ]
    assert faults(inside) == []


def test_a_reservation_can_be_spent_bit_by_bit(inside: Workspace) -> None:
    credits(inside, 10, now=NOW)
    reserve(inside, 6)
    settle(inside, 2, is_last=False)
    release(inside, quantity=1)
    assert accounts(inside) == {"issued": -10, "available": 5, "reserved": 3, "consumed": 2}
    settle(inside, 3)
    assert accounts(inside) == {"issued": -10, "available": 5, "consumed": 5}


def test_what_was_not_spent_comes_back_whole(inside: Workspace) -> None:
    pack = credits(inside, 10, now=NOW)
    reserve(inside, 6)
    release(inside)
    assert (accounts(inside), left(pack)) == ({"issued": -10, "available": 10}, [(10, 0)])


def test_the_same_is_reserved_once(inside: Workspace) -> None:
    credits(inside, 10, now=NOW)
    assert reserve(inside, 6) == reserve(inside, 6) == reserve(inside, 2)
    assert accounts(inside) == {"issued": -10, "available": 4, "reserved": 6}


def test_a_reservation_ends_once(inside: Workspace) -> None:
    credits(inside, 10, now=NOW)
    reserve(inside, 6)
    settle(inside, 6)
    settle(inside, 6)
    release(inside)
    assert accounts(inside) == {"issued": -10, "available": 4, "consumed": 6}


def test_what_was_never_reserved_is_not_spent(inside: Workspace) -> None:
    credits(inside, 10, now=NOW)
    with pytest.raises(Reservation.DoesNotExist):
        settle(inside, 1)
    assert accounts(inside) == {"issued": -10, "available": 10}


def test_too_much_is_refused_and_says_what_there_is(inside: Workspace) -> None:
    limit(inside, Feature.MESSAGES, 4)
    credits(inside, 3, now=NOW)
    reserve(inside, 2)
    with pytest.raises(CreditsExhausted) as refused:
        reserve(inside, 6, "b")
    assert refused.value.data == {
        "needed": 6,
        "available": 5,
        "limit": 4,
        "used": 2,
        "reset_date": datetime(2026, 3, 15, tzinfo=UTC),
    }
    assert Reservation.objects.count() == 1


def test_a_part_can_be_reserved_where_the_whole_is_too_much(inside: Workspace) -> None:
    credits(inside, 3, now=NOW)
    assert reserve(inside, 6, is_partly=True).amount == 3
    with pytest.raises(CreditsExhausted):
        reserve(inside, 1, "b", is_partly=True)


def test_reservations_of_their_time_come_back(inside: Workspace) -> None:
    credits(inside, 10, now=NOW)
    reserve(inside, 2, "a", expires_at=NOW + DAY)
    reserve(inside, 3, "b", expires_at=NOW + 2 * DAY)
    reserve(inside, 4, "c")
    at = {"workspace_id": inside.pk, "unit": MESSAGE}
    assert reservations.release_expired(**at, now=NOW + DAY) == 1  # type: ignore[arg-type]
    assert accounts(inside) == {"issued": -10, "available": 3, "reserved": 7}


def test_what_costs_more_than_was_reserved_is_taken_from_the_rest_and_then_owed(inside: Workspace) -> None:
    pack = credits(inside, 10, now=NOW)
    reserve(inside, 4)
    settle(inside, 13)
    assert accounts(inside) == {"issued": -10, "consumed": 13, "debt": -3}
    assert (left(pack), faults(inside)) == ([(0, 0)], [])


# --- which credits are spent first


def test_credits_are_spent_by_kind_then_by_their_end_then_by_their_age(inside: Workspace) -> None:
    old_pack = credits(inside, 1, now=NOW)
    late = credits(inside, 1, source=GrantSource.PROMO, expires_at=NOW + 9 * DAY, now=NOW)
    soon = credits(inside, 1, source=GrantSource.MANUAL, expires_at=NOW + 2 * DAY, now=NOW)
    endless = credits(inside, 1, source=GrantSource.PROMO, now=NOW)
    plan = credits(inside, 1, source=GrantSource.PLAN, expires_at=NOW + 30 * DAY, now=NOW)
    new_pack = credits(inside, 1, now=NOW)
    order = [plan, soon, late, endless, old_pack, new_pack]
    for count in range(1, 7):
        reserve(inside, 1, str(count))
        assert left(*order) == [(0, 1)] * count + [(1, 0)] * (6 - count)


def test_one_reservation_takes_from_several_grants_and_spends_the_first_first(inside: Workspace) -> None:
    first = credits(inside, 3, source=GrantSource.PROMO, now=NOW)
    second = credits(inside, 5, now=NOW)
    reserve(inside, 6)
    assert left(first, second) == [(0, 3), (2, 3)]
    settle(inside, 4)
    assert left(first, second) == [(0, 0), (4, 0)]


# --- the end of credits


def test_credits_end_with_their_grant(inside: Workspace) -> None:
    ends = credits(inside, 5, source=GrantSource.PROMO, expires_at=NOW + DAY, now=NOW)
    stays = credits(inside, 5, now=NOW)
    at = {"workspace_id": inside.pk, "unit": MESSAGE}
    assert [grants.expire_due(**at, now=NOW + DAY) for _ in range(2)] == [5, 0]  # type: ignore[arg-type]
    assert accounts(inside) == {"issued": -10, "available": 5, "expired": 5}
    assert left(ends, stays) == [(0, 0), (5, 0)]


def test_an_ended_grant_is_not_spent_even_before_the_job_came_by(inside: Workspace) -> None:
    credits(inside, 5, source=GrantSource.PROMO, expires_at=NOW + DAY, now=NOW)
    with pytest.raises(CreditsExhausted):
        reserve(inside, 1, now=NOW + DAY)
    assert balance(inside.pk, MESSAGE, NOW + DAY) == Balance(0, 0, 0, 0)


def test_what_comes_back_after_the_end_is_lost(inside: Workspace) -> None:
    credits(inside, 5, source=GrantSource.PROMO, expires_at=NOW + DAY, now=NOW)
    reserve(inside, 3)
    grants.expire_due(workspace_id=inside.pk, unit=MESSAGE, now=NOW + DAY)
    assert accounts(inside) == {"issued": -5, "reserved": 3, "expired": 2}
    settle(inside, 1, is_last=False, now=NOW + DAY)
    release(inside, now=NOW + DAY)
    assert accounts(inside) == {"issued": -5, "consumed": 1, "expired": 4}
    assert faults(inside) == []


# --- refunds and disputes

REFUNDS = [
    # amount, spent, refunded of 100: asked back, balances after
    (10, 0, 100, 10, {"issued": -10, "refunded": 10}),
    (10, 0, 50, 5, {"issued": -10, "available": 5, "refunded": 5}),
    (10, 0, 1, 1, {"issued": -10, "available": 9, "refunded": 1}),
    (10, 4, 50, 5, {"issued": -10, "available": 1, "consumed": 4, "refunded": 5}),
    (10, 8, 50, 5, {"issued": -10, "consumed": 8, "refunded": 5, "debt": -3}),
    (10, 10, 100, 10, {"issued": -10, "consumed": 10, "refunded": 10, "debt": -10}),
]


@pytest.mark.parametrize(("amount", "spent", "refunded", "asked", "after"), REFUNDS)
def test_a_refund_asks_back_its_share(
    inside: Workspace, amount: int, spent: int, refunded: int, asked: int, after: dict[str, int]
) -> None:
    pack = credits(inside, amount, now=NOW)
    if spent:
        reserve(inside, spent)
        settle(inside, spent)
    assert (refund(pack, refunded), refund(pack, refunded)) == (asked, 0)
    assert (accounts(inside), faults(inside)) == (after, [])


def test_refunds_add_up_to_the_share_of_all_of_them(inside: Workspace) -> None:
    pack = credits(inside, 10, now=NOW)
    assert [refund(pack, share) for share in (33, 66, 99, 100)] == [4, 3, 3, 0]
    assert accounts(inside) == {"issued": -10, "refunded": 10}


def test_a_refund_of_spent_credits_takes_other_packs_before_it_makes_a_debt(inside: Workspace) -> None:
    pack = credits(inside, 4, now=NOW)
    reserve(inside, 4)
    settle(inside, 4)
    promo = credits(inside, 5, source=GrantSource.PROMO, now=NOW)
    other = credits(inside, 3, now=NOW)
    refund(pack, 100)
    assert left(pack, promo, other) == [(0, 0), (5, 0), (0, 0)]
    assert accounts(inside) == {"issued": -12, "available": 5, "consumed": 4, "refunded": 4, "debt": -1}


def test_what_is_reserved_is_left_alone_and_pays_the_debt_when_it_comes_back(inside: Workspace) -> None:
    pack = credits(inside, 5, now=NOW)
    reserve(inside, 5)
    refund(pack, 100)
    assert accounts(inside) == {"issued": -5, "reserved": 5, "refunded": 5, "debt": -5}
    settle(inside, 2)
    assert accounts(inside) == {"issued": -5, "consumed": 2, "refunded": 5, "debt": -2}
    assert faults(inside) == []


def test_new_credits_pay_the_debt_first(inside: Workspace) -> None:
    pack = credits(inside, 5, now=NOW)
    reserve(inside, 5)
    settle(inside, 5)
    refund(pack, 100)
    small, large = credits(inside, 2, now=NOW), credits(inside, 10, now=NOW)
    assert left(small, large) == [(0, 0), (7, 0)]
    assert accounts(inside) == {"issued": -17, "available": 7, "consumed": 5, "refunded": 5}


def test_a_failed_refund_gives_back(inside: Workspace) -> None:
    pack = credits(inside, 10, now=NOW)
    reserve(inside, 6)
    settle(inside, 6)
    assert (refund(pack, 100), refund(pack, 0)) == (10, -10)
    assert accounts(inside) == {"issued": -10, "available": 4, "consumed": 6}
    assert (refund(pack, 100), accounts(inside)["debt"]) == (10, -6)


def test_what_no_longer_fits_into_its_grant_comes_back_as_one_of_its_own(inside: Workspace) -> None:
    pack = credits(inside, 10, now=NOW)
    reserve(inside, 10)
    refund(pack, 100)
    credits(inside, 10, now=NOW)  # pays the debt
    refund(pack, 0)
    assert accounts(inside) == {"issued": -20, "available": 10, "reserved": 10}
    assert faults(inside) == []


def test_a_disputed_grant_rests_until_the_dispute_is_won(inside: Workspace) -> None:
    pack = credits(inside, 10, now=NOW)
    reserve(inside, 4)
    assert [grants.freeze(grant=pack, now=NOW) for _ in range(2)] == [True, False]
    assert balance(inside.pk, MESSAGE, NOW) == Balance(available=0, reserved=4, frozen=6, debt=0)
    with pytest.raises(CreditsExhausted):
        reserve(inside, 1, "b")
    settle(inside, 3)
    assert [grants.unfreeze(grant=pack) for _ in range(2)] == [True, False]
    assert balance(inside.pk, MESSAGE, NOW) == Balance(available=7, reserved=0, frozen=0, debt=0)


def test_a_lost_dispute_is_a_refund_also_of_what_was_frozen(inside: Workspace) -> None:
    pack = credits(inside, 10, now=NOW)
    reserve(inside, 4)
    settle(inside, 4)
    grants.freeze(grant=pack, now=NOW)
    assert refund(pack, 100) == 10
    assert accounts(inside) == {"issued": -10, "consumed": 4, "refunded": 10, "debt": -4}


# --- what the plan gives


def test_the_plan_gives_once_a_period(inside: Workspace) -> None:
    limit(inside, Feature.MESSAGES, 5)
    reserve(inside, 2, "a")
    reserve(inside, 1, "b", now=NOW + 4 * DAY)
    assert accounts(inside) == {"issued": -5, "available": 2, "reserved": 3}
    reserve(inside, 5, "c", now=NOW + 5 * DAY)
    assert accounts(inside) == {"issued": -10, "available": 2, "reserved": 8}
    keys = (
        LedgerTransaction.objects.filter(kind="grant")
        .order_by("pk")
        .values_list("idempotency_key", flat=True)
    )
    months = ("2026-02-15T00:00:00+00:00", "2026-03-15T00:00:00+00:00")
    assert list(keys) == [f"plan:{inside.pk}:message:{month}:0" for month in months]


def test_a_raised_limit_is_given_in_the_same_period_and_a_lowered_one_takes_nothing(
    inside: Workspace,
) -> None:
    limit(inside, Feature.MESSAGES, 5)
    reserve(inside, 5, "a")
    limit(inside, Feature.MESSAGES, 8)
    reserve(inside, 2, "b")
    limit(inside, Feature.MESSAGES, 3)
    reserve(inside, 1, "c")
    assert accounts(inside) == {"issued": -8, "reserved": 8}


def test_without_a_limit_the_books_are_kept_all_the_same(inside: Workspace) -> None:
    limit(inside, Feature.MESSAGES, None)
    reserve(inside, 250_000, "a")
    reserve(inside, 1, "b")
    assert accounts(inside) == {"issued": -350_000, "available": 99_999, "reserved": 250_001}


def test_the_allowance_is_spent_before_a_pack_even_when_the_period_has_just_begun(inside: Workspace) -> None:
    limit(inside, Feature.MESSAGES, 5)
    pack = credits(inside, 10, now=NOW)
    reserve(inside, 5, "a")
    reserve(inside, 5, "b", now=NOW + 31 * DAY)
    assert left(pack) == [(10, 0)]
