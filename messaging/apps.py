from django.apps import AppConfig


class MessagingConfig(AppConfig):
    name = "messaging"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from huntaze.kernel import health
        from messaging import health as checks

        health.register("messaging-queue", checks.queue)
        health.register("onlyfans-api", checks.onlyfans_api)
