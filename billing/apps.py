from django.apps import AppConfig


class BillingConfig(AppConfig):
    name = "billing"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from accounts.services.privacy import registry
        from billing.services import privacy

        registry.register(privacy.PARTY)
