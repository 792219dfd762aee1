"""dj-stripe's copies: written beside our rows, never in their way."""

from typing import Any

import pytest
from django.test import Client
from djstripe.models import Charge, Customer, Invoice, Session, Subscription

from accounts.models import User
from accounts.services.privacy.registry import Subject
from accounts.types import PrivacyScope
from billing.models import StripeEvent
from billing.services import privacy
from huntaze.kernel.tenancy import workspace_scope
from tests.billing.stripe.conftest import Shop
from tests.factories.accounts import UserFactory


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


def test_a_workspace_s_time_line_shows_all_of_it(admin_client: Client, mirrored: Shop) -> None:
    mirrored.subscribe("pro")
    mirrored.pay(mirrored.start_pack())
    mirrored.settle()
    page = admin_client.get(f"/admin/billing/subscriptionrecord/{mirrored.record.pk}/change/")
    text = page.content.decode()
    for word in ("customer.subscription.created", "pack:25k", "grant message", "status:  → active"):
        assert word in text
    only = admin_client.get(f"/admin/billing/subscriptionrecord/{mirrored.record.pk}/change/?of=ledger")
    assert "customer.subscription.created" not in only.content.decode()
