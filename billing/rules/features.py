"""How each feature is measured."""

from billing.types import Feature, FeatureKind, Unit

F, K = Feature, FeatureKind

KINDS: dict[Feature, FeatureKind] = {
    F.MESSAGES: K.LEDGER,
    F.AI_GENERATIONS: K.LEDGER,
    F.AI_BUDGET: K.LEDGER,
    F.CREATORS: K.STOCK,
    F.SEATS: K.STOCK,
    F.PLATFORM_ACCOUNTS: K.STOCK,
    F.STORAGE_BYTES: K.STOCK,
    F.ASSETS: K.STOCK,
    F.CONTENT_CAMPAIGNS: K.STOCK,
    F.API_CALLS: K.COUNTER,
    F.DECISION_API: K.FLAG,
    F.OUTGOING_WEBHOOKS: K.FLAG,
    F.PRIORITY_SUPPORT: K.FLAG,
    F.PREMIUM_TEMPLATES: K.FLAG,
    F.SCHEDULING: K.FLAG,
    F.EXPERIMENTS: K.FLAG,
    F.ANALYTICS_HISTORY_DAYS: K.WINDOW,
}

#: What a plan is chosen for, in this order: limits that are counted today.
SOLD = (F.MESSAGES, F.CREATORS, F.SEATS, F.PLATFORM_ACCOUNTS, F.API_CALLS)

UNITS: dict[Feature, Unit] = {
    F.MESSAGES: Unit.MESSAGE,
    F.AI_GENERATIONS: Unit.AI_GENERATION,
    F.AI_BUDGET: Unit.AI_USD,
}
FEATURE_OF: dict[str, Feature] = {unit: feature for feature, unit in UNITS.items()}
