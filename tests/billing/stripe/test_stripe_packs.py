"""Packs: credited once when they are paid, taken back as far as they are refunded, held while they are disputed."""

from datetime import timedelta
from typing import Any

import pytest

from billing.errors import PackUnpriced, StripeAway
from billing.models import CheckoutIntent, LedgerAccount, MessagePack
from huntaze.kernel.tenancy import cross_workspace
from tests.billing.stripe.conftest import Shop


def charge_of(shop: Shop) -> dict[str, Any]:
    return shop.objects("charge")[-1]


def bought(shop: Shop, pack: str = "25k") -> CheckoutIntent:
    intent = shop.start_pack(pack)
    shop.pay(intent)
    shop.settle()
    return intent


def left(shop: Shop) -> list[int]:
    return [grant[3] for grant in shop.grants()]


def debt(shop: Shop) -> int:
    with cross_workspace("test"):
        row = LedgerAccount.objects.filter(workspace=shop.workspace, unit="message", kind="debt").first()
        return row.balance if row else 0


def test_a_slow_payment_is_credited_when_it_has_come(shop: Shop) -> None:
    intent = shop.start_pack()
    shop.pay(intent, **{"async": True})
    shop.settle()
    assert left(shop) == []
    shop.control("POST", f"sessions/{intent.session_id}/settle", {"paid": True})
    shop.settle()
    assert left(shop) == [25_000]


def test_a_slow_payment_that_fails_closes_the_intent(shop: Shop) -> None:
    intent = shop.start_pack()
    shop.pay(intent, **{"async": True})
    shop.control("POST", f"sessions/{intent.session_id}/settle", {"paid": False})
    shop.settle()
    intent.refresh_from_db()
    assert (intent.state, left(shop)) == ("failed", [])


def test_a_session_that_ends_unpaid_closes_the_intent(shop: Shop) -> None:
    intent = shop.start_pack()
    shop.advance(hours=2)
    shop.settle()
    intent.refresh_from_db()
    assert (intent.state, left(shop)) == ("expired", [])


def test_what_is_sold_stands_on_the_intent(shop: Shop) -> None:
    intent = shop.start_pack()
    MessagePack.objects.filter(key="25k").update(credits=1)
    shop.pay(intent)
    shop.settle()
    assert left(shop) == [25_000]


@pytest.mark.parametrize(("refunded", "remaining"), [(4_900, 0), (2_450, 12_500), (1, 24_994)])
def test_a_refund_takes_its_share_back(shop: Shop, refunded: int, remaining: int) -> None:
    bought(shop)
    shop.control("POST", f"charges/{charge_of(shop)['id']}/refund", {"amount": refunded})
    shop.settle()
    assert left(shop) == [remaining]


def test_two_refunds_together_take_no_more_than_their_sum(shop: Shop) -> None:
    bought(shop)
    for amount in (1_000, 1_450):
        shop.control("POST", f"charges/{charge_of(shop)['id']}/refund", {"amount": amount})
        shop.settle()
    assert left(shop) == [12_500]


def test_a_refund_that_fails_gives_back(shop: Shop) -> None:
    bought(shop)
    shop.control("POST", f"charges/{charge_of(shop)['id']}/refund", {})
    shop.settle()
    assert left(shop) == [0]
    shop.control("POST", f"refunds/{shop.objects('refund')[-1]['id']}/fail")
    shop.settle()
    assert left(shop) == [25_000]


def test_a_refund_told_before_the_purchase_is_taken_account_of(shop: Shop) -> None:
    intent = shop.start_pack()
    shop.pay(intent)
    shop.control("POST", f"charges/{charge_of(shop)['id']}/refund", {"amount": 2_450})
    refunded = next(row for row in shop.events() if row["type"] == "charge.refunded")
    shop.deliver(refunded)
    shop.work()
    assert left(shop) == [12_500]
    shop.settle()
    assert left(shop) == [12_500]


def test_a_dispute_holds_and_a_won_one_frees(shop: Shop) -> None:
    bought(shop)
    made = shop.control("POST", f"charges/{charge_of(shop)['id']}/dispute", {})
    shop.settle()
    assert frozen(shop) is True
    shop.control("POST", f"disputes/{made['id']}/close", {"won": True})
    shop.settle()
    assert (frozen(shop), left(shop)) == (False, [25_000])


def test_a_lost_dispute_is_a_refund(shop: Shop) -> None:
    bought(shop)
    made = shop.control("POST", f"charges/{charge_of(shop)['id']}/dispute", {})
    shop.control("POST", f"disputes/{made['id']}/close", {"won": False})
    shop.settle()
    assert (left(shop), debt(shop)) == ([0], 0)


def frozen(shop: Shop) -> bool:
    from billing.models import Grant

    with cross_workspace("test"):
        return Grant.objects.get(workspace=shop.workspace).frozen_at is not None


def test_a_subscription_s_refund_takes_no_credits(shop: Shop) -> None:
    shop.subscribe("pro")
    before = shop.grants()
    shop.control("POST", f"charges/{charge_of(shop)['id']}/refund", {})
    shop.settle()
    assert shop.grants() == before
    assert shop.record.status == "active"


def test_a_pack_without_a_price_is_not_for_sale(shop: Shop) -> None:
    MessagePack.objects.filter(key="25k").update(amount_minor=None)
    with pytest.raises(PackUnpriced):
        shop.start_pack("25k")


def test_an_open_intent_is_handed_out_again(shop: Shop) -> None:
    first, again = shop.start_pack(), shop.start_pack()
    assert (first.pk, first.url) == (again.pk, again.url)
    assert len(shop.objects("checkout.session")) == 1


def test_an_intent_that_is_over_makes_room_for_a_new_one(shop: Shop) -> None:
    first = shop.start_pack()
    shop.ahead += timedelta(hours=1)
    shop.sandbox.control("POST", "clock", {"advanceSeconds": 3_600})
    assert shop.start_pack().pk != first.pk


def test_every_post_to_stripe_has_a_key(shop: Shop) -> None:
    bought(shop)
    rows = shop.sandbox.control("GET", "requests?dialect=stripe")
    posts = [row for row in rows if row["method"] == "POST"]
    assert len(posts) >= 12
    assert [row["path"] for row in posts if not row["outcome"]] == []


def test_choosing_another_plan_closes_the_first_checkout(shop: Shop) -> None:
    first = shop.start("pro")
    shop.start("enterprise")
    first.refresh_from_db()
    assert first.state == "expired"
    assert [row["status"] for row in shop.objects("checkout.session")] == ["expired", "open"]


def test_a_price_that_is_not_the_shown_one_is_not_charged(shop: Shop) -> None:
    price = next(row for row in shop.objects("price") if row["lookup_key"] == "huntaze_pro_month")
    shop.control("POST", f"edit/{price['id']}", {"unit_amount": 9_999})
    with pytest.raises(StripeAway) as caught:
        shop.start("pro")
    assert caught.value.data["reason"] == "plan_price_differs"


def test_a_customer_that_is_deleted_at_stripe_makes_room_for_a_new_one(shop: Shop) -> None:
    shop.subscribe("pro")
    customer = shop.record.stripe_customer_id
    shop.control("POST", f"customers/{customer}/delete")
    shop.settle()
    assert (shop.record.stripe_customer_id, shop.record.status) == (None, "")
