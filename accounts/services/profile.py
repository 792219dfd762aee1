"""A person's own particulars: how they are called, and in which language and time zone they work."""

from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.models import User
from accounts.services.notes import note


def change_profile(*, user: User, fields: dict[str, Any], now: datetime) -> User:
    """Change name, language, time zone (empty: the workspace's) or how long sends wait; the doors have checked them.

    The audit row says what was changed, not into what: a name is nobody else's to keep.
    """
    assert fields.keys() <= {"name", "locale", "timezone", "undo_seconds"}
    changed = sorted(name for name, value in fields.items() if getattr(user, name) != value)
    if not changed:
        return user
    with transaction.atomic():
        User.objects.filter(pk=user.pk).update(**{name: fields[name] for name in changed})
        note(user, "profile.changed", now=now, changes={"fields": changed})
    for name in changed:
        setattr(user, name, fields[name])
    return user
