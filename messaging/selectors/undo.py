"""Messages that wait a moment before they leave, so that their sender can take them back."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from accounts.models import PlatformAccount
from messaging.models import Delivery
from messaging.types import AuthorKind, DeliveryState

#: The longest that anybody lets a message wait for that.
LONGEST = timedelta(seconds=30)


def is_own(delivery: Delivery, member_pk: int) -> bool:
    """Whether this member wrote it by hand."""
    message = delivery.message
    return message is not None and (message.author_id, message.author_kind) == (member_pk, AuthorKind.HUMAN)


def may_undo(delivery: Delivery, member_pk: int) -> bool:
    """Whether this member sent it by hand just now, and it has not left."""
    return (
        is_own(delivery, member_pk)
        and (delivery.state, delivery.attempts) == (DeliveryState.SCHEDULED, 0)
        and delivery.available_at - delivery.queued_at <= LONGEST
    )


def held_of(accounts: Sequence[PlatformAccount], member_pk: int, now: datetime) -> Delivery | None:
    """The message that the member sent last, while it can be taken back."""
    rows = Delivery.objects.planned().for_accounts([account.pk for account in accounts])
    soon = rows.filter(available_at__gt=now, available_at__lte=now + LONGEST, message__author=member_pk)
    found: Delivery | None = soon.with_everything().order_by("-queued_at").first()
    return found if found is not None and may_undo(found, member_pk) else None
