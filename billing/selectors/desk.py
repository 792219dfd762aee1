"""What staff read of billing: rows by an id of Stripe's, and where a workspace stands.

For the staff's pages, with the wall lifted.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q

from billing.models import CheckoutIntent, Grant, StripeEvent, SubscriptionHistory, SubscriptionRecord
from billing.rules.access import access, grace_ends_at

#: Rows shown of one kind.
MOST, MOST_CHANGES = 10, 30
FREE = "free"


def subscriptions_by_id(stripe_id: str) -> list[SubscriptionRecord]:
    """By a customer's or a subscription's id at Stripe."""
    asked = Q(stripe_customer_id=stripe_id) | Q(
        stripe_subscription_id=stripe_id, stripe_subscription_id__gt=""
    )
    return list(SubscriptionRecord.objects.filter(asked).select_related("workspace", "plan")[:MOST])


def purchases_by_id(stripe_id: str) -> list[CheckoutIntent]:
    """By a session's or a payment's id at Stripe."""
    asked = Q(session_id=stripe_id) | Q(payment_intent_id=stripe_id, payment_intent_id__gt="")
    return list(CheckoutIntent.objects.filter(asked).select_related("workspace")[:MOST])


def events_by_id(stripe_id: str) -> list[StripeEvent]:
    """What Stripe told about an object, or the event itself."""
    asked = Q(event_id=stripe_id) | Q(object_id=stripe_id)
    return list(StripeEvent.objects.filter(asked).order_by("-pk")[:MOST])


@dataclass(frozen=True, slots=True)
class Standing:
    """`plan` is the plan in force; `access` is full, read_only or free, empty where the processor's word is unknown."""

    plan: str
    access: str
    record: SubscriptionRecord | None
    grace_ends_at: datetime | None


def standing_of(workspace_pk: int, now: datetime) -> Standing:
    """Where a workspace stands, read anew in one query."""
    row = (
        SubscriptionRecord.objects.filter(workspace_id=workspace_pk)
        .select_related("plan", "pending_plan")
        .first()
    )
    if row is None or row.plan is None:
        return Standing(FREE, "free", row, None)
    grace = timedelta(hours=row.grace_hours or settings.BILLING_GRACE_HOURS)
    found = access(row.access_status, row.past_due_since, now, grace=grace)
    ends_at = grace_ends_at(row.access_status, row.past_due_since, grace=grace)
    return Standing(FREE if found == "free" else row.plan.key, str(found or ""), row, ends_at)


def grants_of(workspace_pk: int, now: datetime) -> list[Grant]:
    """Credits that have not ended, the newest first."""
    living = Q(expires_at=None) | Q(expires_at__gt=now)
    return list(Grant.objects.filter(living, workspace_id=workspace_pk).order_by("-pk")[:MOST_CHANGES])


def changes_of(workspace_pk: int) -> list[SubscriptionHistory]:
    return list(SubscriptionHistory.objects.filter(workspace_id=workspace_pk).order_by("-pk")[:MOST_CHANGES])
