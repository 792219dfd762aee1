"""Staff pages over billing."""

from billing.admin import ledger, plans, stripe  # noqa: F401  (they register their pages)
