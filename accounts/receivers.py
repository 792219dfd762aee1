"""What accounts does when Django tells something."""

from typing import Any

from django.apps import AppConfig
from django.contrib.auth.management import create_permissions
from django.db import DEFAULT_DB_ALIAS

from accounts.services.staff import make_groups
from huntaze.kernel import live


def groups_after_migrations(sender: AppConfig, using: str = DEFAULT_DB_ALIAS, **_: Any) -> None:
    """The staff's groups. Their permissions are made first: Django's own receiver may run after this one."""
    if using == DEFAULT_DB_ALIAS:
        create_permissions(sender, verbosity=0, using=using)
        make_groups()


def streams_after_signing_out(user: Any = None, **_: Any) -> None:
    """Open pages of the session that ends hear nothing more."""
    if user is not None:
        live.rights_changed(user.pk)
