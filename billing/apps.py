from django.apps import AppConfig


class BillingConfig(AppConfig):
    name = "billing"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from accounts.selectors.stock import accounts_in, creators_in, seats_in
        from accounts.services import allowances
        from accounts.services.privacy import registry
        from billing.selectors import stock
        from billing.services import doors, privacy
        from billing.types import Feature

        registry.register(privacy.PARTY)
        allowances.register(doors.Allowances())
        stock.register(Feature.CREATORS, creators_in)
        stock.register(Feature.SEATS, seats_in)
        stock.register(Feature.PLATFORM_ACCOUNTS, accounts_in)
        _bound_stripe()


def _bound_stripe() -> None:
    """The SDK's own defaults wait 80 seconds and try again in silence; the mirror uses it, too."""
    import stripe

    from billing.gateways.stripe import TIMEOUTS

    stripe.max_network_retries = 0
    stripe.default_http_client = stripe.RequestsClient(timeout=TIMEOUTS)
