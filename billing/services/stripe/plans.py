"""From Stripe's prices to our plans, and the credits that a paid period brings."""

from datetime import datetime

from accounts.services.audit import Actor
from billing.models import Plan, PlanLimit
from billing.rules import periods
from billing.rules.features import FEATURE_OF
from billing.services.ledger import grants
from billing.types import GrantSource, RemoteInvoice, RemotePrice, Unit


def plan_of(lookup_key: str) -> Plan | None:
    """The plan that a price is for; a price that is no longer sold still counts."""
    return Plan.objects.filter(prices__stripe_lookup_key=lookup_key).first() if lookup_key else None


def grant_period(*, workspace_id: int, invoice: RemoteInvoice, price: RemotePrice, now: datetime) -> None:
    """The allowances of the first month of a paid period. The key is the one under which the ledger itself gives
    them when the period rolls before we hear of the payment: they come once."""
    plan = plan_of(price.lookup_key)
    if plan is None or invoice.period_start is None or invoice.period_end is None:
        return
    start, end = periods.of_paid(invoice.period_start, invoice.period_end, invoice.period_start)
    limits = dict(PlanLimit.objects.filter(plan=plan).values_list("feature", "value"))
    for unit in Unit:
        amount = limits.get(FEATURE_OF[unit], 0)
        if amount and end > now:
            grants.grant(
                workspace_id=workspace_id,
                unit=unit,
                amount=amount,
                source=GrantSource.PLAN,
                key=f"plan:{workspace_id}:{unit}:{start.isoformat()}:0",
                now=now,
                actor=Actor.system(),
                expires_at=end,
                period_start=start,
                ref=plan.key,
            )
