"""The composition root as Django apps: system checks of the house, and the admin site in our clothes."""

from functools import cache
from typing import Any

from django.apps import AppConfig, apps
from django.conf import settings
from django.contrib.admin.apps import SimpleAdminConfig
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


class HuntazeAdminConfig(SimpleAdminConfig):
    """The staff's pages are looked for by whom they concern, the addresses and the system checks: workers, beat and
    most commands start in a tenth less time without them."""

    default_site = "huntaze.kernel.admin.StaffSite"

    def ready(self) -> None:
        from django.contrib.admin import checks
        from django.core.checks import CheckMessage, Tags, register

        def staff_pages_are_sound(app_configs: Any, **options: Any) -> list[CheckMessage]:
            find_staff_pages()
            found: list[CheckMessage] = checks.check_admin_app(app_configs, **options)
            return found

        register(checks.check_dependencies, Tags.admin)
        register(staff_pages_are_sound, Tags.admin)


@cache
def find_staff_pages() -> None:
    """Each app's pages register themselves; then they are put in the staff's order."""
    from django.contrib import admin
    from django.contrib.auth.models import Group

    admin.autodiscover()
    from billing.admin.stripe import tidy_mirror
    from huntaze.crm import codes, groups, names, pages  # noqa: F401  (the staff's own pages register themselves)
    from huntaze.kernel import columns
    from huntaze.kernel.admin import arrange

    admin.site.unregister(Group)
    tidy_mirror()
    arrange(groups.SECTIONS)
    columns.call_codes(codes.CODES)
    columns.call_tables(names.TABLES, names.COLUMNS, admin.site._registry)
