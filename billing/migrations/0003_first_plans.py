"""The first plans, their prices and limits. From here on staff edit them."""

from django.db import migrations

PLANS = [("free", "Gratuit", "Free", 0), ("pro", "Pro", "Pro", 10), ("enterprise", "Entreprise", "Enterprise", 20)]
#: Plan, interval, minor units. A year costs ten months.
PRICES = [
    ("pro", "month", 2_900),
    ("pro", "year", 29_000),
    ("enterprise", "month", 9_900),
    ("enterprise", "year", 99_000),
]
DOLLAR, MEGABYTE = 10_000_000_000, 1_000_000
#: Feature, period, then the values of free, pro and enterprise; None is unlimited.
LIMITS = [
    ("messages", "month", 100, 5_000, 50_000),
    ("ai_generations", "month", 5, None, None),
    ("ai_budget", "month", DOLLAR // 2, 10 * DOLLAR, 50 * DOLLAR),
    ("creators", "none", 1, 1, 25),
    ("seats", "none", 1, 3, 25),
    ("platform_accounts", "none", 1, 4, 100),
    ("storage_bytes", "none", 100 * MEGABYTE, 5_000 * MEGABYTE, 50_000 * MEGABYTE),
    ("assets", "none", 5, 100, None),
    ("content_campaigns", "none", 1, 10, None),
    ("api_calls", "month", 100, 1_000, None),
    ("decision_api", "none", 0, 0, 1),
    ("outgoing_webhooks", "none", 0, 0, 1),
    ("priority_support", "none", 0, 0, 1),
    ("premium_templates", "none", 0, 1, 1),
    ("scheduling", "none", 0, 1, 1),
    ("experiments", "none", 0, 1, 1),
    ("analytics_history_days", "none", 30, 395, 1_095),
]


def forward(apps, schema_editor):
    Plan, PlanPrice, PlanLimit = (apps.get_model("billing", name) for name in ("Plan", "PlanPrice", "PlanLimit"))
    plans = {
        key: Plan.objects.create(key=key, name_fr=name_fr, name_en=name_en, rank=rank)
        for key, name_fr, name_en, rank in PLANS
    }
    for key, interval, amount in PRICES:
        PlanPrice.objects.create(
            plan=plans[key],
            interval=interval,
            currency="USD",
            amount_minor=amount,
            stripe_lookup_key=f"huntaze_{key}_{interval}",
        )
    for feature, period, *values in LIMITS:
        for plan, value in zip(plans.values(), values, strict=True):
            PlanLimit.objects.create(plan=plan, feature=feature, period=period, value=value)


def backward(apps, schema_editor):
    for name in ("PlanLimit", "PlanPrice", "Plan"):
        apps.get_model("billing", name).objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [("billing", "0002_ledger_invariants")]
    operations = [migrations.RunPython(forward, backward)]
