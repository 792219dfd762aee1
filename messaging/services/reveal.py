"""A message's text for a member of staff: asked for with a reason, and written into the workspace's log."""

from datetime import datetime

from django.db import transaction

from accounts.services import audit
from huntaze.kernel.actor import Actor
from huntaze.kernel.crypto import DecryptionFailed
from huntaze.kernel.errors import FieldError, Invalid
from messaging.models import Message

#: Whoever of the staff may look through a member's eyes could read it there as well.
CAPABILITY = "staff.impersonate"
SHORTEST_REASON, LONGEST_REASON = 15, 200


def reveal_text(*, message: Message, reason: str, actor: Actor, now: datetime) -> str | None:
    """The text; None when it can't be opened any more. Raises Invalid without a reason of 15 to 200 characters.

    The row of the log is written before anything is opened.
    """
    reason = " ".join(reason.split())
    if not SHORTEST_REASON <= len(reason) <= LONGEST_REASON:
        raise Invalid(FieldError("reason", "Say in 15 to 200 characters why."))
    with transaction.atomic():
        audit.record(
            workspace_id=message.workspace_id,
            actor=actor,
            action="message.revealed",
            now=now,
            target=message.public_id,
            reason=reason,
        )
    try:
        return message.text.reveal()
    except DecryptionFailed:
        return None
