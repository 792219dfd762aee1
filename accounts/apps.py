from functools import partial

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.contrib.auth.signals import user_logged_out
        from django.db.models.signals import post_migrate

        from accounts import receivers
        from accounts.services import audit_nightly
        from accounts.services.connections.oauth import talk
        from accounts.services.idempotency import IdempotencyStore
        from accounts.services.keys import WorkspaceDataKeys
        from accounts.services.privacy import letters, own, registry  # noqa: F401  (letters register themselves)
        from accounts.services.retention import own as forgetting
        from accounts.services.retention import registry as retention
        from accounts.services.retention import run
        from huntaze.kernel import clock, crypto, health
        from huntaze.kernel.api import idempotency

        health.register("audit", audit_nightly.check)
        crypto.register_data_keys(WorkspaceDataKeys())
        idempotency.register(IdempotencyStore())
        registry.register(own.DOORS)
        registry.register(own.OWN)
        retention.register(*forgetting.RULES)
        health.register("retention", lambda: run.check(clock.now()))
        for platform in talk.PLATFORMS:
            health.register_vendor(platform.value, is_configured=partial(talk.is_configured, platform))
        user_logged_out.connect(receivers.streams_after_signing_out)
        post_migrate.connect(receivers.groups_after_migrations, sender=self)
