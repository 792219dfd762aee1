"""Jobs of accounts."""
from typing import Any

from accounts.services.retention import forget_idempotency_keys
from huntaze.kernel import clock
from huntaze.kernel.jobs import job


@job("accounts.forget_idempotency_keys", system_wide=True)
def forget_idempotency_keys_task(**_: Any) -> None:
    forget_idempotency_keys(now=clock.now())
