"""What the billing page and `GET /api/billing/subscription` show, from local rows alone."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from billing.models import MessagePack, Plan, PlanPrice, SubscriptionRecord
from billing.rules.access import grace_ends_at
from billing.rules.features import KINDS, SOLD
from billing.rules.subscriptions import LIVING
from billing.selectors.standing import standing
from billing.selectors.subscriptions import record_of
from billing.selectors.usage import Usage
from billing.types import Feature, FeatureKind
from huntaze.kernel.money import Money


def grace_of(record: SubscriptionRecord | None) -> datetime | None:
    """Until when an unpaid subscription keeps its access; None when nothing is overdue."""
    if record is None:
        return None
    hours = record.grace_hours or settings.BILLING_GRACE_HOURS
    return grace_ends_at(record.access_status, record.past_due_since, grace=timedelta(hours=hours))


def subscription_facts(workspace_id: int, now: datetime) -> dict[str, Any]:
    """The answer of the API, in snake case."""
    record, at = record_of(workspace_id), standing(workspace_id, now)
    is_bought = record is not None and bool(record.stripe_subscription_id)
    return {
        "plan": at.plan,
        "status": record.status if record and record.status else "none",
        "access": str(at.access),
        "interval": record.interval if record and is_bought else None,
        "amount": str(Money(record.amount_minor, record.currency).amount) if record and is_bought else None,
        "currency": record.currency if record and is_bought else None,
        "current_period_start": at.period_start,
        "current_period_end": at.period_end,
        "cancel_at_period_end": bool(record and record.cancel_at_period_end),
        "trial_end": record.trial_end if record else None,
        "grace_ends_at": grace_of(record),
        "pending_change": _pending(record),
        "payment_method": _card(record),
        "limits": {feature: _limit(feature, value) for feature, value in sorted(at.limits.items())},
    }


def _pending(record: SubscriptionRecord | None) -> dict[str, Any] | None:
    if record is None or record.pending_plan is None:
        return None
    return {
        "plan": record.pending_plan.key,
        "interval": record.pending_interval,
        "at": record.pending_at,
    }


def _card(record: SubscriptionRecord | None) -> dict[str, Any] | None:
    if record is None or not record.card_last4:
        return None
    return {
        "brand": record.card_brand,
        "last4": record.card_last4,
        "exp_month": record.card_exp_month,
        "exp_year": record.card_exp_year,
    }


def _limit(feature: str, value: int | None) -> int | bool | None:
    return bool(value) if KINDS.get(Feature(feature)) is FeatureKind.FLAG else value


@dataclass(frozen=True, slots=True)
class PlanOffer:
    """A plan as the page sells it; `deed` is current, pending, checkout, change or none. `allows` are features with
    their limits."""

    key: str
    name_fr: str
    name_en: str
    prices: list[PlanPrice]
    deed: str
    allows: list[tuple[str, int | None]]


def offers(record: SubscriptionRecord | None) -> list[PlanOffer]:
    """The public plans by rank, each with its prices in the workspace's currency."""
    currency = (record.currency if record else "") or "USD"
    is_living = record is not None and record.status in LIVING
    current = record.plan.key if record and record.plan and is_living else "free"
    found = []
    for plan in Plan.objects.filter(is_public=True).order_by("rank").prefetch_related("prices", "limits"):
        prices = [p for p in plan.prices.all() if p.is_active and p.currency == currency]
        prices.sort(key=lambda price: price.amount_minor)
        if plan.key == current:
            deed = "current"
        elif not prices:
            deed = "none"
        else:
            deed = "change" if is_living else "checkout"
        limits = {limit.feature: limit.value for limit in plan.limits.all()}
        allows = [(str(feature), limits[feature]) for feature in SOLD if feature in limits]
        found.append(PlanOffer(plan.key, plan.name_fr, plan.name_en, prices, deed, allows))
    return found


def packs() -> list[MessagePack]:
    """Packs that are for sale, smallest first; one without a price of ours may have one at Stripe."""
    rows = MessagePack.objects.filter(is_active=True).order_by("credits")
    return [row for row in rows if row.amount_minor is not None or settings.STRIPE_PACK_PRICES.get(row.key)]


def plan_named(key: str) -> Plan | None:
    return Plan.objects.filter(key=key).first()


@dataclass(frozen=True, slots=True)
class Line:
    """What the plan allows of a feature, and how much of it is used where that is counted."""

    feature: str
    limit: int | None
    used: int | None


def lines_of(found: Usage) -> list[Line]:
    """Every limit with what it is at, what is used up first."""
    rows = []
    for feature, limit in found.standing.limits.items():
        used = found.features.get(Feature(feature))
        rows.append(Line(feature, limit, used.used + used.reserved if used else None))
    return sorted(rows, key=lambda line: (line.used is None, list(Feature).index(Feature(line.feature))))
