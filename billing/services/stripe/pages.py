"""Where Stripe's own pages stand."""

from urllib.parse import urlsplit

from django.conf import settings

_STRIPE = ["https://checkout.stripe.com", "https://billing.stripe.com"]


def hosts() -> list[str]:
    """The origins that a person may be sent to for paying; the sandbox's with the sandbox."""
    parts = urlsplit(settings.STRIPE_API_BASE)
    return _STRIPE if parts.hostname == "api.stripe.com" else [f"{parts.scheme}://{parts.netloc}"]
