"""The staff's groups, and who belongs to them."""

from collections.abc import Collection
from datetime import datetime

import structlog
from django.contrib.auth.models import Group, Permission
from django.db import transaction

from accounts.models import User
from accounts.rules.staff import STAFF_GROUPS, codename
from accounts.services import tokens
from huntaze.kernel.errors import FieldError, Invalid

log = structlog.get_logger(__name__)


def make_groups() -> None:
    """Every group with exactly what the table gives it; running it again changes nothing."""
    for name, capabilities in STAFF_GROUPS.items():
        group, _ = Group.objects.get_or_create(name=name)
        wanted = Permission.objects.filter(
            content_type__app_label="accounts", codename__in=[codename(one) for one in capabilities]
        )
        group.permissions.set(wanted)


def set_groups(*, user: User, names: Collection[str], now: datetime) -> None:
    """Make a person staff with these groups and no other; without any they are no staff any more.

    Raises Invalid for a group that does not exist. Their sessions end, so that nobody goes on with older rights.
    """
    unknown = set(names) - STAFF_GROUPS.keys()
    if unknown:
        raise Invalid(FieldError("groups", "Unknown group."))
    with transaction.atomic():
        User.objects.filter(pk=user.pk).update(is_staff=bool(names))
        user.groups.set(Group.objects.filter(name__in=names))
        tokens.end_everywhere(user=user, reason="staff groups changed", now=now)
    log.info("accounts.staff.changed", user_id=user.public_id, groups=sorted(names))
