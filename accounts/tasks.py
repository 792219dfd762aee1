"""Jobs of accounts."""
from typing import Any

from celery import shared_task

from accounts.services.retention import forget_idempotency_keys
from huntaze.kernel import clock


@shared_task(name="accounts.forget_idempotency_keys", system_wide=True)
def forget_idempotency_keys_task(**_: Any) -> None:
    forget_idempotency_keys(now=clock.now())
