"""What accounts forgets, and when."""

from datetime import datetime, timedelta
from importlib import import_module

from django.conf import settings
from django.db.models import Q

from accounts.models import IdempotencyRecord, KnownDevice, RefreshSession
from accounts.services.tokens import IDLE
from huntaze.kernel.tenancy import cross_workspace
from huntaze.kernel.web import DEVICE_LASTS

#: An hour more than the 24 that a key is honoured.
IDEMPOTENCY_KEPT = timedelta(hours=25)
#: How long an ended family is kept, to tell a replayed token from an unknown one.
SESSIONS_KEPT = timedelta(days=7)
BATCH = 2000


def forget_idempotency_keys(*, now: datetime) -> int:
    """Delete answers that are no longer honoured, in batches; returns how many."""
    forgotten = 0
    with cross_workspace("retention"):
        while True:
            old = IdempotencyRecord.objects.filter(created_at__lt=now - IDEMPOTENCY_KEPT).values_list(
                "pk", flat=True
            )
            count, _ = IdempotencyRecord.objects.filter(pk__in=list(old[:BATCH])).delete()
            forgotten += count
            if count < BATCH:
                return forgotten


def forget_sessions(*, now: datetime) -> int:
    """Delete refresh families that ended a week ago, with their tokens; returns how many families. Expired browser
    sessions go too."""
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()
    KnownDevice.objects.filter(last_seen_at__lt=now - DEVICE_LASTS).delete()
    long_ago = now - SESSIONS_KEPT
    idle = Q(idle_seconds=int(IDLE.total_seconds()), last_used_at__lt=long_ago - IDLE)
    ended = RefreshSession.objects.filter(Q(expires_at__lt=long_ago) | Q(revoked_at__lt=long_ago) | idle)
    forgotten = 0
    while pks := list(ended.order_by("pk").values_list("pk", flat=True)[:BATCH]):
        RefreshSession.objects.filter(pk__in=pks).delete()
        forgotten += len(pks)
    return forgotten
