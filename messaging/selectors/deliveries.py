"""Reads of messaging: figures, lists, and rows by public id inside the caller's reach."""

from datetime import datetime

from django.db.models import Max, Min

from accounts.models import PlatformAccount
from huntaze.kernel import ids
from messaging.errors import UnknownFan, UnknownMessage
from messaging.models import Delivery, Fan
from messaging.types import QueueFigures

#: Depths are counted up to here and shown as "more than" beyond.
COUNTED = 10_001


def fan_of(
    creator_ids: frozenset[int] | None, recipient_id: str, account: PlatformAccount | None = None
) -> Fan:
    """A fan by `fan_…` or by the platform's id; raises UnknownFan for anybody else's."""
    rows = Fan.objects.select_related("account__creator", "account__workspace")
    if creator_ids is not None:
        rows = rows.filter(account__creator_id__in=creator_ids)
    if account is not None:
        rows = rows.filter(account=account)
    if recipient_id.startswith("fan_"):
        uid = ids.decode("fan", recipient_id)
        fan = rows.filter(uid=uid).first() if uid else None
    else:
        fan = rows.filter(platform_user_id=recipient_id).first() if account else None
    if fan is None:
        raise UnknownFan
    return fan


def delivery_of(creator_ids: frozenset[int] | None, message_id: str) -> Delivery:
    """A delivery by its message's public id, or by its own; raises UnknownMessage for anybody else's."""
    field, prefix = ("uid", "dlv") if message_id.startswith("dlv_") else ("message__uid", "msg")
    uid = ids.decode(prefix, message_id)
    rows = Delivery.objects.with_everything().filter(**{field: uid})
    if creator_ids is not None:
        rows = rows.filter(account__creator_id__in=creator_ids)
    delivery: Delivery | None = rows.first() if uid else None
    if delivery is None:
        raise UnknownMessage
    return delivery


def queue_figures(accounts: list[PlatformAccount], now: datetime) -> QueueFigures:
    """Depths and times of these accounts' queues, each read from a small partial index."""
    rows = Delivery.objects.for_accounts([account.pk for account in accounts])
    depths = [Delivery.objects.for_accounts([account.pk]).waiting()[:COUNTED].count() for account in accounts]
    return QueueFigures(
        depth=min(sum(depths), COUNTED),
        in_flight=rows.in_flight().count(),
        dead_letters=rows.dead_letters()[:COUNTED].count(),
        uncertain=rows.uncertain()[:COUNTED].count(),
        scheduled=rows.planned()[:COUNTED].count(),
        last_sent_at=_last_answer(accounts),
        oldest_due_at=rows.waiting().filter(promised_at__lt=now).aggregate(at=Min("promised_at"))["at"]
        if sum(depths) < COUNTED
        else None,
        longest_account_depth=max(depths, default=0),
    )


def _last_answer(accounts: list[PlatformAccount]) -> datetime | None:
    """One index look-up an account."""
    found = [
        Delivery.objects.filter(account=account).aggregate(at=Max("answered_at"))["at"]
        for account in accounts
    ]
    return max((at for at in found if at is not None), default=None)


def dead_letters(account_pks: list[int], *, limit: int, offset: int) -> tuple[list[Delivery], int]:
    """Failed messages, newest first, and how many there are."""
    rows = Delivery.objects.for_accounts(account_pks).dead_letters()
    return list(rows.with_everything().order_by("-pk")[offset : offset + limit]), rows.count()
