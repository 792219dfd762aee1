"""What an event comes to, from the present state that was asked for: rows, credits, signals. Inside one transaction."""

from datetime import datetime

import structlog

from accounts.models import Workspace
from accounts.services import audit
from accounts.services.audit import Actor
from billing.models import CheckoutIntent, Grant, StripeEvent, SubscriptionRecord
from billing.services.ledger import grants
from billing.services.stripe import plans, projection
from billing.services.stripe.look import Seen
from billing.types import GrantSource, RemoteCharge, RemoteDispute, RemoteSession, Unit
from huntaze.kernel import ids, metrics
from huntaze.kernel.tenancy import workspace_scope

log = structlog.get_logger(__name__)

APPLIED, IGNORED, ORPHAN = "applied", "ignored", "orphan"
_OVER = frozenset({"won", "warning_closed", "prevented"})


def apply(row: StripeEvent, seen: Seen, now: datetime) -> str:
    """Bring our rows in line; returns the outcome. Applying it again changes nothing."""
    outcome = APPLIED if seen.mirror else IGNORED
    if seen.session is not None:
        outcome = _with_session(row, seen.session, now)
    if seen.customer is not None:
        outcome = _with_customer(row, seen, now)
    if seen.charge is not None:
        _with_charge(seen.charge, seen.disputes, now)
    if outcome == ORPHAN:
        metrics.STRIPE_ALERTS.labels("orphan").inc()
        log.error("billing.stripe.orphan", webhook_event=row.type)
    return outcome


# customers ---------------------------------------------------------------------------------------


def _with_customer(row: StripeEvent, seen: Seen, now: datetime) -> str:
    assert seen.customer is not None
    workspace = workspace_of(seen.customer.id, seen.customer.workspace)
    if workspace is None:
        return IGNORED if seen.customer.is_deleted else ORPHAN
    with workspace_scope(workspace):
        projection.project(workspace_id=workspace, seen=seen, source=row.event_id, now=now)
        if seen.customer.is_deleted:  # the next checkout makes a new one
            SubscriptionRecord.objects.filter(stripe_customer_id=seen.customer.id).update(
                stripe_customer_id=None
            )
        if seen.invoice is not None and seen.price is not None:
            plans.grant_period(workspace_id=workspace, invoice=seen.invoice, price=seen.price, now=now)
    return APPLIED


def workspace_of(customer: str, noted: str) -> int | None:
    """Whose customer it is. One that was made and never written down is found by what we noted on it."""
    known = SubscriptionRecord.objects.filter(stripe_customer_id=customer)
    found: int | None = known.values_list("workspace_id", flat=True).first()
    if found is not None:
        return found
    uid = ids.decode(Workspace.PREFIX, noted)
    workspace = Workspace.objects.filter(uid=uid).first() if uid else None
    if workspace is None:
        return None
    SubscriptionRecord.objects.get_or_create(workspace=workspace)
    free = SubscriptionRecord.objects.filter(workspace=workspace, stripe_customer_id=None)
    return workspace.pk if free.update(stripe_customer_id=customer) else None


# what was bought ---------------------------------------------------------------------------------


def _with_session(row: StripeEvent, session: RemoteSession, now: datetime) -> str:
    intent = intent_of(session)
    if intent is None:
        return ORPHAN
    with workspace_scope(intent.workspace_id):
        known = CheckoutIntent.objects.filter(pk=intent.pk)
        known.filter(session_id=None).update(session_id=session.id)
        if session.payment_intent_id:
            known.filter(payment_intent_id="").update(payment_intent_id=session.payment_intent_id)
        if session.payment_status == "paid":
            _paid(intent, session, now)
        elif session.status == "expired":
            known.filter(state="open").update(state="expired")
        elif row.type == "checkout.session.async_payment_failed":
            known.filter(state="open").update(state="failed")
    return APPLIED


def intent_of(session: RemoteSession) -> CheckoutIntent | None:
    """Our row of a session: by its id, or by what we noted on it, if the workspace is the same."""
    found = CheckoutIntent.objects.filter(session_id=session.id).first()
    if found is None and (uid := ids.decode(CheckoutIntent.PREFIX, session.intent)):
        found = CheckoutIntent.objects.filter(uid=uid, session_id=None).select_related("workspace").first()
        if found is not None and found.workspace.public_id != session.workspace:
            return None
    return found


def _paid(intent: CheckoutIntent, session: RemoteSession, now: datetime) -> None:
    """What was sold stands on the intent; the credits come once, by the session."""
    changed = CheckoutIntent.objects.filter(pk=intent.pk).exclude(state="paid")
    if changed.update(state="paid", paid_at=now):
        audit.record(
            workspace_id=intent.workspace_id,
            actor=Actor.system(),
            action="billing.checkout.paid",
            now=now,
            target=intent.public_id,
            changes={"choice": intent.choice},
        )
    if intent.kind == "pack":
        grants.grant(
            workspace_id=intent.workspace_id,
            unit=Unit.MESSAGE,
            amount=intent.credits,
            source=GrantSource.PACK,
            key=f"pack:{session.id}",
            ref=session.id,
            now=now,
            actor=Actor.system(),
        )


# what was taken back -----------------------------------------------------------------------------


def _with_charge(charge: RemoteCharge, disputes: list[RemoteDispute], now: datetime) -> None:
    """Credits of a pack follow what is left of its payment. A plan's charge has no credits to take back."""
    intent = (
        CheckoutIntent.objects.filter(payment_intent_id=charge.payment_intent_id, kind="pack").first()
        if charge.payment_intent_id
        else None
    )
    if intent is None:
        return
    with workspace_scope(intent.workspace_id):
        grant = Grant.objects.filter(ref=intent.session_id, source=GrantSource.PACK).first()
        if grant is None:
            return
        lost = sum(row.amount for row in disputes if row.status == "lost")
        grants.refund(
            grant=grant,
            charge=charge.id,
            refunded_minor=min(charge.amount, charge.amount_refunded + lost),
            paid_minor=charge.amount,
            now=now,
            actor=Actor.system(),
        )
        is_disputed = any(row.status not in _OVER and row.status != "lost" for row in disputes)
        if is_disputed:
            if grants.freeze(grant=grant, now=now):
                metrics.STRIPE_ALERTS.labels("dispute").inc()
                log.error("billing.stripe.disputed", dispute=disputes[0].id)
        elif disputes:
            grants.unfreeze(grant=grant)
