"""What staff do for a workspace's money; each with its reason."""

from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Coalesce

from accounts.services import audit
from accounts.services.audit import Actor
from billing.errors import NothingToRefund
from billing.gateways.base import Kind
from billing.models import CheckoutIntent, SubscriptionRecord
from billing.services.limits import tell_everybody
from billing.services.stripe import calls, inbox
from billing.types import RemoteRefund
from huntaze.kernel.jobs import enqueue
from huntaze.platforms.errors import Permanent

GRACE_STEP_HOURS = 72


def refund_pack(*, intent: CheckoutIntent, reason: str, actor: Actor, now: datetime) -> None:
    """Give back what is left of a pack's payment; its credits follow when Stripe says that it did.

    Raises NothingToRefund, StripeAway.
    """
    if intent.kind != "pack" or intent.state != "paid" or not intent.payment_intent_id:
        raise NothingToRefund
    with calls.for_a_person():
        try:
            made = calls.create(
                Kind.REFUND,
                RemoteRefund,
                key=f"rfd:{intent.public_id}:{int(now.timestamp()) // 60}",
                payment_intent=intent.payment_intent_id,
                reason="requested_by_customer",
            )
        except Permanent as error:
            if error.code == "charge_already_refunded":
                raise NothingToRefund from error
            raise
    with transaction.atomic():
        audit.record(
            workspace_id=intent.workspace_id,
            actor=actor,
            action="billing.pack.refunded",
            now=now,
            target=intent.public_id,
            reason=reason,
        )
        inbox.ask(
            object_type="charge",
            object_id=made.charge_id,
            customer_id=made.customer_id,
            source="reconcile",
            now=now,
            every=1,
        )


def extend_grace(*, record: SubscriptionRecord, reason: str, actor: Actor, now: datetime) -> bool:
    """Three more days until an unpaid subscription is read-only; False when nothing is overdue."""
    with transaction.atomic():
        overdue = SubscriptionRecord.objects.filter(pk=record.pk, past_due_since__isnull=False)
        is_done = bool(
            overdue.update(
                grace_hours=Coalesce(F("grace_hours"), settings.BILLING_GRACE_HOURS) + GRACE_STEP_HOURS
            )
        )
        if is_done:
            audit.record(
                workspace_id=record.workspace_id,
                actor=actor,
                action="billing.grace.extended",
                now=now,
                changes={"hours": GRACE_STEP_HOURS},
                reason=reason,
            )
            tell_everybody()
            enqueue("billing.tend_access")
    return is_done
