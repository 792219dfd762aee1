"""Buying: an intent is written first, then Stripe is asked for a page, once however often somebody clicks."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction

from accounts.models import Workspace
from accounts.services import audit
from accounts.services.audit import Actor
from billing.errors import AlreadySubscribed, PackUnpriced, StripeAway
from billing.gateways.base import Kind
from billing.models import CheckoutIntent, MessagePack, Plan, PlanPrice
from billing.rules.subscriptions import LIVING
from billing.selectors.subscriptions import record_of
from billing.services.stripe import calls, inbox
from billing.services.stripe.customers import customer_of
from billing.types import RemotePrice, RemoteSession
from huntaze.kernel.errors import FieldError, Invalid
from huntaze.platforms.errors import Permanent

LASTS = timedelta(hours=1)
#: Stripe refuses sessions that end sooner than this; a little more, for clocks that differ.
_TOO_SHORT = timedelta(minutes=32)
#: Attempts at one intent whose parameters Stripe remembers otherwise.
_MOST_ATTEMPTS = 3
RETURN = "/billing/return"


@dataclass(frozen=True, slots=True)
class Offer:
    """What is sold, as it is sold."""

    kind: str
    choice: str
    price: RemotePrice
    plan: Plan | None = None
    interval: str = ""
    pack: str = ""
    credits: int = 0


def start_plan(
    *, workspace: Workspace, plan: str, interval: str, currency: str, actor: Actor, now: datetime
) -> CheckoutIntent:
    """An open checkout of a plan; its `url` is Stripe's page. Raises AlreadySubscribed, Invalid, StripeAway."""
    row = (
        PlanPrice.objects.filter(
            plan__key=plan, plan__is_public=True, interval=interval, currency=currency, is_active=True
        )
        .select_related("plan")
        .first()
    )
    if row is None:
        raise Invalid(FieldError("plan", "This plan is not sold in this interval and currency."))
    known = record_of(workspace.pk)
    if known is not None and known.access_status in LIVING:
        raise AlreadySubscribed
    with calls.for_a_person():
        price = price_by_key(row.stripe_lookup_key)
        if price is None:
            raise StripeAway(reason="plan_price_missing", retry_after=3600)
        if (price.amount_minor, price.currency) != (row.amount_minor, row.currency):
            raise StripeAway(reason="plan_price_differs", retry_after=3600)  # nobody pays what was not shown
        _close_others(f"plan:{plan}:{interval}:{currency}", now)
        choice = f"plan:{plan}:{interval}:{currency}"
        return _start(workspace, Offer("plan", choice, price, row.plan, interval), actor, now)


def start_pack(*, workspace: Workspace, pack: str, actor: Actor, now: datetime) -> CheckoutIntent:
    """An open checkout of a message pack. Raises Invalid, PackUnpriced, StripeAway."""
    row = MessagePack.objects.filter(key=pack, is_active=True).first()
    if row is None:
        raise Invalid(FieldError("pack", "There is no such pack."))
    override = settings.STRIPE_PACK_PRICES.get(pack)
    if row.amount_minor is None and not override:
        raise PackUnpriced
    with calls.for_a_person():
        try:
            price = (
                calls.fetch(Kind.PRICE, override, RemotePrice)
                if override
                else price_by_key(row.stripe_lookup_key)
            )
        except Permanent as error:
            if error.code == "resource_missing":
                raise PackUnpriced from error
            raise
        if price is None or not price.is_active:
            raise PackUnpriced
        offer = Offer("pack", f"pack:{pack}", price, pack=pack, credits=row.credits)
        return _start(workspace, offer, actor, now)


def _close_others(choice: str, now: datetime) -> None:
    """Two open checkouts of plans could both be paid: choosing one closes the other."""
    for other in CheckoutIntent.objects.filter(kind="plan", state="open").exclude(choice=choice)[:10]:
        if other.session_id:
            try:
                calls.update(
                    Kind.SESSION,
                    other.session_id,
                    RemoteSession,
                    key=f"exp:{other.session_id}",
                    deed="expire",
                )
            except Permanent:  # it is over or paid already: its own event says which
                continue
        CheckoutIntent.objects.filter(pk=other.pk, state="open").update(state="expired")


def price_by_key(lookup_key: str) -> RemotePrice | None:
    """The active price under a lookup key. Raises Transient, Permanent."""
    found = calls.listing(Kind.PRICE, RemotePrice, most=1, lookup_keys=[lookup_key], active=True)
    return found[0] if found else None


def _start(workspace: Workspace, offer: Offer, actor: Actor, now: datetime) -> CheckoutIntent:
    for _ in range(_MOST_ATTEMPTS):
        intent = _intent(workspace, offer, actor, now)
        if intent.url:
            return intent
        try:
            return _with_session(workspace, intent, offer, now)
        except Permanent as error:
            if error.code != "idempotency":
                raise
            # Stripe knows this attempt with other parameters, from before a crash: the next attempt is a new one.
            CheckoutIntent.objects.filter(pk=intent.pk, attempt=intent.attempt).update(
                attempt=intent.attempt + 1
            )
    raise StripeAway(retry_after=30)


def _intent(workspace: Workspace, offer: Offer, actor: Actor, now: datetime) -> CheckoutIntent:
    """The open intent for this choice, or a new one. Two clicks at once meet at the unique index."""
    with transaction.atomic():
        mine = CheckoutIntent.objects.filter(choice=offer.choice, state="open").select_for_update()
        found = mine.first()
        if found is not None:
            is_as_sold = (found.amount_minor, found.credits) == (offer.price.amount_minor, offer.credits)
            if is_as_sold and found.expires_at > now + timedelta(minutes=1):
                return found
            CheckoutIntent.objects.filter(pk=found.pk).update(state="expired")
    try:
        with transaction.atomic():
            intent = CheckoutIntent.objects.create(
                workspace=workspace,
                kind=offer.kind,
                choice=offer.choice,
                plan=offer.plan,
                interval=offer.interval,
                pack=offer.pack,
                credits=offer.credits,
                currency=offer.price.currency,
                amount_minor=offer.price.amount_minor,
                created_by_id=actor.user_pk,
                created_at=now,
                expires_at=now + LASTS,
            )
            audit.record_of(intent, actor, "billing.checkout.started", now, {"choice": offer.choice})
    except IntegrityError:
        return CheckoutIntent.objects.get(choice=offer.choice, state="open")
    return intent


def _with_session(
    workspace: Workspace, intent: CheckoutIntent, offer: Offer, now: datetime
) -> CheckoutIntent:
    session = calls.create(
        Kind.SESSION,
        RemoteSession,
        key=f"{intent.public_id}:{intent.attempt}",
        **_parameters(workspace, intent, offer, customer_of(workspace)),
    )
    known = CheckoutIntent.objects.filter(pk=intent.pk)
    known.filter(session_id=None).update(session_id=session.id, url=session.url)
    intent.refresh_from_db()
    return intent


def _parameters(workspace: Workspace, intent: CheckoutIntent, offer: Offer, customer: str) -> dict[str, Any]:
    """Follow from rows alone: a repeat under the same key must say the same."""
    noted = {"workspace": workspace.public_id, "intent": intent.public_id}
    back = f"{settings.BASE_URL}{RETURN}"
    ends = max(intent.expires_at, intent.created_at + _TOO_SHORT)
    data: dict[str, Any] = {
        "mode": "subscription" if offer.kind == "plan" else "payment",
        "customer": customer,
        "client_reference_id": workspace.public_id,
        "line_items": [{"price": offer.price.id, "quantity": 1}],
        "metadata": noted,
        "success_url": f"{back}?checkout={intent.public_id}&session={{CHECKOUT_SESSION_ID}}",
        "cancel_url": f"{settings.BASE_URL}/billing",
        "locale": workspace.locale,
        "allow_promotion_codes": "true",
        "tax_id_collection": {"enabled": "true"},
        "customer_update": {"name": "auto", "address": "auto"},
        "expires_at": int(ends.timestamp()),
    }
    if settings.STRIPE_AUTOMATIC_TAX:
        data["automatic_tax"] = {"enabled": "true"}
    if offer.kind == "plan":
        data["subscription_data"] = {"metadata": noted}
    else:
        data["invoice_creation"] = {"enabled": "true"}
        data["payment_intent_data"] = {"metadata": noted}
    return data


def came_back(*, intent: CheckoutIntent, now: datetime) -> None:
    """The buyer is back: look at the session soon, whatever they say of it. Nothing is granted here."""
    record = record_of(intent.workspace_id)
    if intent.state == "open" and intent.session_id:
        inbox.ask(
            object_type="checkout.session",
            object_id=intent.session_id,
            customer_id=(record.stripe_customer_id if record else None) or "",
            source="checkout_return",
            now=now,
        )
