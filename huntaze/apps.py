"""The composition root as Django apps: system checks of the house, and the admin site in our clothes."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class HuntazeConfig(AppConfig):
    name = "huntaze"

    def ready(self) -> None:
        from huntaze import celery, checks  # noqa: F401  (makes our Celery app the default; registers system checks)


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
