"""The kill switch: stop all sending, and let it go on. Effective with the next claim, well within five seconds."""

from datetime import datetime

import structlog
from django.db import transaction

from huntaze.kernel.health import Outcome, Status
from messaging.models import SendSwitch
from messaging.services import scheduler

log = structlog.get_logger(__name__)


def is_stopped() -> bool:
    newest = SendSwitch.objects.order_by("-id").values_list("is_stopped", flat=True).first()
    return bool(newest)


def set_switch(*, is_stopped: bool, reason: str, user_pk: int | None, now: datetime) -> SendSwitch:
    """Add the row that stops or resumes everything; what is on the wire already is not called back."""
    with transaction.atomic():
        row = SendSwitch.objects.create(
            is_stopped=is_stopped, reason=reason[:200], changed_by_id=user_pk, changed_at=now
        )
        if not is_stopped:
            transaction.on_commit(lambda: scheduler.sweep() and None)
    log.warning("messaging.switch.changed", is_stopped=is_stopped)
    return row


def check() -> Outcome:
    """For health: degraded while everything is stopped."""
    return Outcome(Status.DEGRADED if is_stopped() else Status.HEALTHY)
