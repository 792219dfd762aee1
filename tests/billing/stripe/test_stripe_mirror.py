"""dj-stripe's copies: written beside our rows, never in their way."""

from typing import Any

import pytest
from django.test import Client
from djstripe.models import Charge, Customer, Invoice, Session, Subscription

from accounts.models import User
from accounts.services.privacy.registry import Subject
from accounts.types import PrivacyScope
from billing.models import StripeEvent
from billing.selectors.margin import margin_of
from billing.selectors.timeline import timeline_of
from billing.services import privacy
from billing.services.ledger import reservations
from billing.types import Ref, Unit
from huntaze.kernel.tenancy import cross_workspace, workspace_scope
from tests.billing.stripe.conftest import Shop
from tests.factories.accounts import UserFactory
from tests.factories.billing import credits


@pytest.fixture
def mirrored(shop: Shop, settings: Any) -> Shop:
    settings.STRIPE_MIRROR = True
    return shop


@pytest.fixture
def admin_client(db: None) -> Client:
    staff: User = UserFactory(is_staff=True, is_superuser=True)
    client = Client()
    client.force_login(staff)
    return client


def test_what_is_seen_is_copied(mirrored: Shop) -> None:
    mirrored.subscribe("pro")
    record = mirrored.record
    copy = Subscription.objects.get(id=record.stripe_subscription_id)
    assert copy.stripe_data["status"] == "active"
    assert copy.customer_id == Customer.objects.get().id == record.stripe_customer_id
    assert Invoice.objects.count() == 1
    assert Session.objects.get().stripe_data["payment_status"] == "paid"


def test_a_refunded_charge_is_copied(mirrored: Shop) -> None:
    mirrored.pay(mirrored.start_pack())
    mirrored.settle()
    mirrored.control("POST", f"charges/{mirrored.objects('charge')[-1]['id']}/refund", {"amount": 100})
    mirrored.settle()
    assert Charge.objects.get().stripe_data["amount_refunded"] == 100


def test_a_copy_that_fails_is_no_trouble(mirrored: Shop) -> None:
    mirrored.sandbox.fault("status", dialect="stripe", match={"path": "/v1/account*"}, params={"code": 500})
    mirrored.subscribe("pro")
    assert mirrored.record.status == "active"
    assert set(StripeEvent.objects.values_list("state", flat=True)) == {"done"}


def test_an_erased_workspace_leaves_no_payer_in_the_copies(mirrored: Shop) -> None:
    mirrored.subscribe("pro")
    subject = Subject(PrivacyScope.WORKSPACE, mirrored.workspace.pk, mirrored.workspace.pk, "")
    steps = {step.name: step for step in privacy.PARTY.steps(PrivacyScope.WORKSPACE)}
    for name in ("payment_copies", "cards", "buyers"):
        with workspace_scope(mirrored.workspace.pk):
            some = steps[name].some
            assert some is not None
            assert some(subject, mirrored.now(), 100) == 1
            assert some(subject, mirrored.now(), 100) == 0
    copies = [
        Customer.objects.get(),
        Subscription.objects.get(),
        Invoice.objects.get(),
        Session.objects.get(),
    ]
    assert [copy.stripe_data for copy in copies] == [{}] * 4
    assert Customer.objects.get().email == ""
    assert mirrored.record.card_last4 == ""


def test_staff_may_read_copies_and_no_key(admin_client: Client, mirrored: Shop) -> None:
    mirrored.subscribe("pro")
    assert admin_client.get("/admin/djstripe/subscription/").status_code == 200
    assert (
        admin_client.get(f"/admin/djstripe/customer/{Customer.objects.get().pk}/change/").status_code == 200
    )
    for name in ("apikey", "webhookendpoint", "webhookeventtrigger", "idempotencykey"):
        assert admin_client.get(f"/admin/djstripe/{name}/").status_code == 404


def test_the_margin_is_the_sum_of_rows(mirrored: Shop) -> None:
    mirrored.subscribe("pro")
    mirrored.pay(mirrored.start_pack())
    mirrored.settle()
    pack = next(row["id"] for row in mirrored.objects("charge") if row["amount"] == 4_900)
    mirrored.control("POST", f"charges/{pack}/refund", {"amount": 900})
    mirrored.settle()
    credits(mirrored.workspace, 10**10, unit=Unit.AI_USD)
    at: dict[str, Any] = {"workspace_id": mirrored.workspace.pk, "unit": Unit.AI_USD, "now": mirrored.now()}
    with workspace_scope(mirrored.workspace.pk):
        reservations.reserve(**at, quantity=5 * 10**9, ref=Ref("test", "one"))
        reservations.settle(**at, quantity=1_234_500_000, ref=Ref("test", "one"))
    with cross_workspace("test"):
        months = margin_of(mirrored.record)
        timeline = timeline_of(mirrored.record, kind="ai")
    assert [(str(m.taken[0]), str(m.given_back[0]), str(m.ai), str(m.margin)) for m in months] == [
        ("78.00 USD", "9.00 USD", "0.12345", "68.87655")
    ]
    assert [one.what for one in timeline] == ["0.12345 USD"]


def test_a_workspace_s_time_line_shows_all_of_it(admin_client: Client, mirrored: Shop) -> None:
    mirrored.subscribe("pro")
    mirrored.pay(mirrored.start_pack())
    mirrored.settle()
    page = admin_client.get(f"/admin/billing/subscriptionrecord/{mirrored.record.pk}/change/")
    text = page.content.decode()
    for word in ("customer.subscription.created", "pack:25k", "grant message", "status:  → active"):
        assert word in text
    assert "No AI use recorded" in text
    only = admin_client.get(f"/admin/billing/subscriptionrecord/{mirrored.record.pk}/change/?of=ledger")
    assert "customer.subscription.created" not in only.content.decode()
