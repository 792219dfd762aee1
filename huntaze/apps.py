"""The composition root as Django apps: system checks of the house, and the admin site in our clothes."""

from typing import Any

from django.apps import AppConfig, apps
from django.conf import settings
from django.contrib.admin.apps import AdminConfig
from django.db import DEFAULT_DB_ALIAS


class HuntazeConfig(AppConfig):
    name = "huntaze"

    def ready(self) -> None:
        from django.db.models.signals import post_migrate

        from huntaze import celery, checks  # noqa: F401  (makes our Celery app the default; registers system checks)

        # Sent for each app that has tables, when all migrations are through: once is enough.
        post_migrate.connect(rights_after_migrations, sender=apps.get_app_config("accounts"))


def rights_after_migrations(using: str, **_: Any) -> None:
    """What the application's own role may do; without such a role it works as the owner of its tables."""
    from huntaze.kernel import database_role

    if using == DEFAULT_DB_ALIAS and settings.DATABASE_APP_ROLE:
        database_role.grant(settings.DATABASE_APP_ROLE)


class HuntazeAdminConfig(AdminConfig):
    default_site = "huntaze.kernel.admin.StaffSite"

    def ready(self) -> None:
        super().ready()
        from django.contrib import admin
        from django.contrib.auth.models import Group

        from billing.admin.stripe import tidy_mirror
        from huntaze.crm import groups, pages  # noqa: F401  (the staff's own pages register themselves)
        from huntaze.kernel.admin import arrange

        admin.site.unregister(Group)
        tidy_mirror()
        arrange(groups.SECTIONS)
