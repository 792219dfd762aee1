"""The guarantee behind every nudge: due rows, lost senders, accounts that were forgotten."""

from django.conf import settings
from django.db import transaction

from huntaze.kernel.tenancy import cross_workspace
from messaging.services import limits
from messaging.services.news import show_queues
from messaging.services.sending import upkeep


def schedule_deliveries() -> tuple[int, int]:
    """Queue what is due and rescue what a dead sender held; returns both counts."""
    with cross_workspace("delivery scheduler"):
        with transaction.atomic():
            due = upkeep.make_due()
        with transaction.atomic():
            rescued = upkeep.rescue(lookup_after=settings.SEND_LOOKUP_AFTER_SECONDS)
        limits.poke(due)
        show_queues({account for account, _ in due})
    return len(due), rescued


def sweep() -> int:
    """Remind the limiter of every account with queued rows; returns how many."""
    with cross_workspace("delivery scheduler"):
        wishes = upkeep.wishes()
    limits.poke(wishes)
    return len(wishes)
