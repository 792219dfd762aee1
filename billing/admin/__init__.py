"""Staff pages over billing."""

from billing.admin import stripe  # noqa: F401  (registers its pages)
