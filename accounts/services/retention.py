"""What accounts forgets, and when."""
from datetime import datetime, timedelta

from accounts.models import IdempotencyRecord
from huntaze.kernel.tenancy import cross_workspace

#: An hour more than the 24 that a key is honoured.
IDEMPOTENCY_KEPT = timedelta(hours=25)
BATCH = 2000


def forget_idempotency_keys(*, now: datetime) -> int:
    """Delete answers that are no longer honoured, in batches; returns how many."""
    forgotten = 0
    with cross_workspace("retention"):
        while True:
            old = IdempotencyRecord.objects.filter(created_at__lt=now - IDEMPOTENCY_KEPT).values_list("pk", flat=True)
            count, _ = IdempotencyRecord.objects.filter(pk__in=list(old[:BATCH])).delete()
            forgotten += count
            if count < BATCH:
                return forgotten
