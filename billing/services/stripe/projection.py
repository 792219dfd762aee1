"""The one writer of SubscriptionRecord: what Stripe holds of a customer, as one row that we decide on."""

from datetime import datetime
from typing import Any

import structlog

from accounts.services import audit
from accounts.services.audit import Actor
from billing.models import Plan, SubscriptionHistory, SubscriptionRecord
from billing.rules import subscriptions as rules
from billing.services.limits import tell_everybody
from billing.services.stripe.look import Seen
from billing.services.stripe.plans import plan_of
from billing.signals import subscription_changed
from billing.types import RemoteCard, RemoteSchedule, RemoteSubscription
from huntaze.kernel import clock, metrics
from huntaze.kernel.jobs import enqueue

log = structlog.get_logger(__name__)

#: What a row says when there is no subscription.
_NOTHING: dict[str, Any] = {
    "stripe_subscription_id": "",
    "plan": None,
    "status": "",
    "access_status": "",
    "interval": "",
    "currency": "",
    "amount_minor": 0,
    "quantity": 1,
    "current_period_start": None,
    "current_period_end": None,
    "cancel_at_period_end": False,
    "canceled_at": None,
    "trial_end": None,
    "past_due_since": None,
    "grace_hours": None,
}


def project(*, workspace_id: int, seen: Seen, source: str, now: datetime) -> bool:
    """Write what was seen; True when something changed. Each change stands in the history."""
    record = SubscriptionRecord.objects.select_for_update().get(workspace_id=workspace_id)
    if rules.living(seen.subscriptions) > 1:
        metrics.STRIPE_ALERTS.labels("second_subscription").inc()
        log.error("billing.stripe.second_subscription", customer=record.stripe_customer_id)
    best = rules.chosen(seen.subscriptions)
    values = dict(_NOTHING) if best is None else _subscription(record, best)
    values |= _pending(seen.schedule) | _card(seen.customer.card if seen.customer else None)
    changes = {
        name: [_plain(getattr(record, name)), _plain(value)]
        for name, value in values.items()
        if getattr(record, name) != value
    }
    seen_now = {"observed_at": now, "source_event": source}
    SubscriptionRecord.objects.filter(pk=record.pk).update(**values, **seen_now)
    if not changes:
        return False
    SubscriptionHistory.objects.create(
        workspace_id=workspace_id, at=now, source_event=source, changes=changes
    )
    audit.record(
        workspace_id=workspace_id,
        actor=Actor.system(),
        action="billing.subscription.changed",
        now=now,
        changes={name: pair for name, pair in changes.items() if not name.startswith("card_")},
    )
    tell_everybody()
    enqueue("billing.tend_access")
    subscription_changed.send(SubscriptionRecord, workspace_id=workspace_id)
    return True


def _subscription(record: SubscriptionRecord, best: RemoteSubscription) -> dict[str, Any]:
    return {
        "stripe_subscription_id": best.id,
        "plan": _plan(record, best),
        "status": best.status,
        "access_status": _access_status(record, best),
        "interval": best.interval,
        "currency": best.currency,
        "amount_minor": best.amount_minor,
        "quantity": best.quantity,
        "current_period_start": best.period_start,
        "current_period_end": best.period_end,
        "cancel_at_period_end": best.cancel_at_period_end,
        "canceled_at": best.canceled_at,
        "trial_end": best.trial_end,
        "past_due_since": _past_due_since(record, best),
        "grace_hours": record.grace_hours if best.status == "past_due" else None,
    }


def _plan(record: SubscriptionRecord, best: RemoteSubscription) -> Plan | None:
    """The plan of the price; one that we don't know changes nothing, and somebody looks at it."""
    found = plan_of(best.lookup_key)
    if found is None:
        metrics.STRIPE_ALERTS.labels("unknown_price").inc()
        log.error("billing.stripe.unknown_price", subscription=best.id)
        return record.plan
    return found


def _access_status(record: SubscriptionRecord, best: RemoteSubscription) -> str:
    if best.status in rules.KNOWN:
        return best.status
    metrics.STRIPE_ALERTS.labels("unknown_status").inc()
    log.error("billing.stripe.unknown_status", subscription=best.id)
    return record.access_status


def _past_due_since(record: SubscriptionRecord, best: RemoteSubscription) -> datetime | None:
    """The first failure of a row of failures: a renewal that fails too does not start the grace again."""
    if best.status != "past_due":
        return None
    is_same = record.stripe_subscription_id == best.id and record.status == "past_due"
    return (
        record.past_due_since if is_same and record.past_due_since else best.failed_since or best.period_start
    )


def _pending(schedule: RemoteSchedule | None) -> dict[str, Any]:
    plan = Plan.objects.filter(key=schedule.plan).first() if schedule and schedule.plan else None
    if schedule is None or plan is None:
        return {"pending_plan": None, "pending_interval": "", "pending_at": None}
    return {"pending_plan": plan, "pending_interval": schedule.interval, "pending_at": schedule.at}


def _card(card: RemoteCard | None) -> dict[str, Any]:
    return {
        "card_brand": card.brand if card else "",
        "card_last4": card.last4 if card else "",
        "card_exp_month": card.exp_month if card else None,
        "card_exp_year": card.exp_year if card else None,
    }


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return clock.iso(value)
    return value.key if isinstance(value, Plan) else value
