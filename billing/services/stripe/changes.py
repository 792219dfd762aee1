"""Changing a subscription: preview, upgrade now, downgrade at the period's end, cancel, take it back; and the portal.

Stripe is told; our row follows from what Stripe then holds. Each call is repeated safely under its key.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction

from accounts.models import Workspace
from accounts.services import audit
from accounts.services.audit import Actor
from billing.errors import NoChange, NoSubscription, PaymentRefused, StripeAway
from billing.gateways.base import Kind
from billing.models import PlanPrice, SubscriptionRecord
from billing.rules.subscriptions import LIVING
from billing.selectors.subscriptions import record_of
from billing.services.stripe import calls, inbox
from billing.services.stripe.checkout import price_by_key
from billing.services.stripe.customers import customer_of
from billing.types import (
    RemoteInvoice,
    RemotePage,
    RemotePrice,
    RemoteSchedule,
    RemoteSubscription,
)
from huntaze.kernel.errors import FieldError, Invalid
from huntaze.platforms.errors import Permanent


@dataclass(frozen=True, slots=True)
class Preview:
    """What a change costs now, in minor units. `effective` is now or period_end."""

    amount_due: int
    currency: str
    proration_date: int
    lines: tuple[tuple[str, int], ...]
    effective: str


@dataclass(frozen=True, slots=True)
class _Wanted:
    record: SubscriptionRecord
    present: RemoteSubscription
    price: RemotePrice
    row: PlanPrice
    is_upgrade: bool


def preview(*, workspace: Workspace, plan: str, interval: str, now: datetime) -> Preview:
    """What the change would cost. Raises NoSubscription, NoChange, Invalid, StripeAway."""
    with calls.for_a_person():
        wanted = _wanted(workspace, plan, interval)
        moment = _moment(wanted.present, now)
        if not wanted.is_upgrade:
            return Preview(0, wanted.price.currency, moment, (), "period_end")
        invoice = calls.create(
            Kind.PREVIEW,
            RemoteInvoice,
            key=f"prv:{wanted.present.id}:{wanted.price.id}:{moment}",
            subscription=wanted.present.id,
            subscription_details={
                "items": [{"id": wanted.present.item_id, "price": wanted.price.id}],
                "proration_behavior": "always_invoice",
                "proration_date": moment,
            },
        )
    return Preview(invoice.amount_due, invoice.currency, moment, invoice.lines, "now")


def change(
    *, workspace: Workspace, plan: str, interval: str, proration_date: int | None, actor: Actor, now: datetime
) -> str:
    """Change the plan; returns "now" or "period_end". Raises NoSubscription, NoChange, PaymentRefused, StripeAway.

    An upgrade that can't be paid changes nothing: new rights come with the payment.
    """
    with calls.for_a_person():
        wanted = _wanted(workspace, plan, interval)
        if wanted.is_upgrade:
            moment = proration_date or _moment(wanted.present, now)
            after = _upgrade(wanted, moment)
            is_declined = after.lookup_key != wanted.price.lookup_key
        else:
            _downgrade(wanted)
            is_declined = False
    _noted(wanted.record, actor, "billing.plan.change_asked", now, {"plan": plan, "interval": interval})
    if is_declined:
        raise PaymentRefused
    return "now" if wanted.is_upgrade else "period_end"


def _upgrade(wanted: _Wanted, moment: int) -> RemoteSubscription:
    present = wanted.present
    if present.schedule_id:
        _release(present.schedule_id)
    try:
        return calls.update(
            Kind.SUBSCRIPTION,
            present.id,
            RemoteSubscription,
            key=f"upg:{present.id}:{wanted.price.id}:{moment}",
            items=[{"id": present.item_id, "price": wanted.price.id}],
            proration_behavior="always_invoice",
            proration_date=moment,
            payment_behavior="pending_if_incomplete",
        )
    except Permanent as error:
        if error.code == "card_declined":
            raise PaymentRefused from error
        raise


def _downgrade(wanted: _Wanted) -> None:
    """A schedule of two phases: what is paid for, then the other plan. A crash in between leaves a schedule that
    changes nothing; asking again gives it its second phase."""
    present = wanted.present
    end = int(present.period_end.timestamp())
    schedule = present.schedule_id
    if not schedule:
        made = calls.create(
            Kind.SCHEDULE,
            RemoteSchedule,
            key=f"sch:{present.id}:{end}:{wanted.price.id}",
            from_subscription=present.id,
        )
        schedule = made.id
    items: dict[str, Any] = {"quantity": 1}
    calls.update(
        Kind.SCHEDULE,
        schedule,
        RemoteSchedule,
        key=f"dwn:{schedule}:{wanted.price.id}:{end}",
        end_behavior="release",
        metadata={"plan": wanted.row.plan.key, "interval": wanted.row.interval},
        phases=[
            {
                "items": [{**items, "price": present.raw["items"]["data"][0]["price"]["id"]}],
                "start_date": int(present.period_start.timestamp()),
                "end_date": end,
            },
            {"items": [{**items, "price": wanted.price.id}], "start_date": end},
        ],
    )


def _release(schedule: str) -> None:
    calls.update(Kind.SCHEDULE, schedule, RemoteSchedule, key=f"rel:{schedule}", deed="release")


# cancelling --------------------------------------------------------------------------------------


def cancel(*, workspace: Workspace, actor: Actor, now: datetime) -> None:
    """End at the period's end. Raises NoSubscription, StripeAway."""
    _set_cancel(workspace, True, actor, now)


def resume(*, workspace: Workspace, actor: Actor, now: datetime) -> None:
    """Go on after all; a change of plan that waits is dropped too. Raises NoSubscription, StripeAway."""
    _set_cancel(workspace, False, actor, now)


def _set_cancel(workspace: Workspace, is_ending: bool, actor: Actor, now: datetime) -> None:
    with calls.for_a_person():
        record = _living(workspace)
        present = calls.fetch(Kind.SUBSCRIPTION, record.stripe_subscription_id, RemoteSubscription)
        if present.schedule_id:
            _release(present.schedule_id)
        calls.update(
            Kind.SUBSCRIPTION,
            present.id,
            RemoteSubscription,
            # The moment is part of the key: cancelling, resuming and cancelling again are three deeds.
            key=f"{'end' if is_ending else 'on'}:{present.id}:{int(now.timestamp())}",
            cancel_at_period_end=str(is_ending).lower(),
        )
    action = "billing.subscription.cancelled" if is_ending else "billing.subscription.resumed"
    _noted(record, actor, action, now, {})


def portal(*, workspace: Workspace, return_path: str, now: datetime) -> str:
    """The address of Stripe's own pages for cards and invoices. Raises StripeAway."""
    way_back = hashlib.sha256(f"{return_path} {workspace.locale}".encode()).hexdigest()[:16]
    with calls.for_a_person():
        customer = customer_of(workspace)
        page = calls.create(
            Kind.PORTAL,
            RemotePage,
            key=f"por:{customer}:{int(now.timestamp())}:{way_back}",
            customer=customer,
            return_url=f"{settings.BASE_URL}{return_path}",
            locale=workspace.locale,
        )
    return page.url


def invoices(*, workspace: Workspace, most: int) -> list[RemoteInvoice]:
    """The newest invoices as Stripe shows them. Raises StripeAway."""
    record = record_of(workspace.pk)
    if record is None or not record.stripe_customer_id:
        return []
    with calls.for_a_person():
        return calls.listing(Kind.INVOICE, RemoteInvoice, most=most, customer=record.stripe_customer_id)


# what they share ---------------------------------------------------------------------------------


def _living(workspace: Workspace) -> SubscriptionRecord:
    record = record_of(workspace.pk)
    if record is None or record.status not in LIVING:
        raise NoSubscription
    return record


def _wanted(workspace: Workspace, plan: str, interval: str) -> _Wanted:
    record = _living(workspace)
    row = (
        PlanPrice.objects.filter(
            plan__key=plan,
            plan__is_public=True,
            interval=interval,
            currency=record.currency,
            is_active=True,
        )
        .select_related("plan")
        .first()
    )
    if row is None:
        raise Invalid(FieldError("plan", "This plan is not sold in this interval and currency."))
    present = calls.fetch(Kind.SUBSCRIPTION, record.stripe_subscription_id, RemoteSubscription)
    if present.lookup_key == row.stripe_lookup_key:
        raise NoChange
    price = price_by_key(row.stripe_lookup_key)
    if price is None:
        raise StripeAway(reason="plan_price_missing", retry_after=3600)
    old = record.plan.rank if record.plan else 0
    is_upgrade = row.plan.rank > old or (
        row.plan.rank == old and row.interval == "year" and present.interval == "month"
    )
    return _Wanted(record, present, price, row, is_upgrade)


def _moment(present: RemoteSubscription, now: datetime) -> int:
    """The second from which a change is charged, inside the period that Stripe holds."""
    latest = min(now, present.period_end)
    return int(max(latest, present.period_start).timestamp())


def _noted(
    record: SubscriptionRecord, actor: Actor, action: str, now: datetime, changes: dict[str, Any]
) -> None:
    """Audit, and a look at the subscription soon, in case its webhook is lost."""
    with transaction.atomic():
        audit.record(workspace_id=record.workspace_id, actor=actor, action=action, now=now, changes=changes)
        inbox.ask(
            object_type="subscription",
            object_id=record.stripe_subscription_id,
            customer_id=record.stripe_customer_id or "",
            source="checkout_return",
            now=now,
            every=1,
        )
