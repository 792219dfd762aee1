from django.apps import AppConfig
from django.conf import settings


class MessagingConfig(AppConfig):
    name = "messaging"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from accounts.selectors import jobs as shown
        from accounts.services import jobs as stopped
        from accounts.services import offboarding, onboarding
        from accounts.services.privacy import registry
        from accounts.services.retention import registry as forgetting
        from huntaze.kernel import health
        from messaging.selectors import has_sent, waiting
        from messaging.services import circuits, jobs, privacy, retention, switch

        registry.register(privacy.PARTY)
        forgetting.register(*retention.RULES)
        health.register_queue("messaging-queue", queue="send")
        health.register_queue("webhook-queue", queue="webhooks")
        health.register("sending", switch.check)
        health.register("sending-accounts", circuits.check)
        shown.register(jobs.campaigns)
        shown.register(jobs.first_syncs)
        stopped.register("cmp", jobs.stop_campaign)
        offboarding.register_waiting(waiting)
        onboarding.register_has_sent(has_sent)
        health.register_vendor(
            "onlyfans-api", is_configured=lambda: bool(settings.ONLYFANSAPI_API_KEY), service="onlyfansapi"
        )
