"""Reads of API keys."""

import hashlib
from datetime import datetime

from django.db.models import QuerySet

from accounts.models import ApiKey
from accounts.querysets import living_keys
from accounts.types import OPEN_STATUSES
from huntaze.kernel import ids
from huntaze.kernel.errors import NotFound
from huntaze.kernel.lookup import one
from huntaze.kernel.tenancy import cross_workspace


def api_keys_of() -> QuerySet[ApiKey]:
    """Keys of the workspace in scope, newest first."""
    return ApiKey.objects.select_related("membership__user", "replaced_by").order_by("-pk")


def api_key_of(key_id: str) -> ApiKey:
    """The key with this public id; raises NotFound for anybody else's."""
    uid = ids.decode("key", key_id)
    key = one(api_keys_of().filter(uid=uid)) if uid else None
    if key is None:
        raise NotFound("Unknown key")
    return key


def is_active_key(secret: str, now: datetime) -> bool:
    """Whether a well-formed key works somewhere, from some address."""
    with cross_workspace("key check"):
        rows = ApiKey.objects.filter(
            living_keys(now),
            digest=hashlib.sha256(secret.encode()).digest(),
            membership__ended_at=None,
            membership__user__is_active=True,
            workspace__status__in=OPEN_STATUSES,
        )
        return rows.exists()
