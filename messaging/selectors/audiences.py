"""Who is meant: lists, segments and a campaign's audience, as SQL over the fans of one account."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import (
    BooleanField,
    Case,
    CharField,
    Count,
    Exists,
    F,
    OuterRef,
    Q,
    QuerySet,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Coalesce

from accounts.models import PlatformAccount
from huntaze.kernel import ids
from huntaze.kernel.lookup import one
from huntaze.kernel.money import to_minor
from messaging.errors import UnknownList, UnknownSegment
from messaging.models import Campaign, Delivery, Fan, FanList, FanListEntry, FanSignal, Message, Segment
from messaging.rules.audience import AMOUNTS, COUNTS, Condition, Group, parse
from messaging.rules.presets import PRESETS
from messaging.rules.prices import currency_of
from messaging.types import AuthorKind, DeliveryState, Direction, SignalKind

NOBODY = Q(pk__in=[])
#: Why a fan is left out who comes after the most recipients that a campaign may have, and "as many as there are".
OVER_CAP, ANY_NUMBER = "over_cap", 2**31 - 1
#: Rows that will reach the fan, and rows that have or may have.
_COMING = [DeliveryState.QUEUED, DeliveryState.SCHEDULED]
_CAME = [DeliveryState.SENDING, DeliveryState.SENT, DeliveryState.UNCERTAIN]


def list_of(creator_ids: frozenset[int] | None, list_id: str) -> FanList:
    """A list by its public id; raises UnknownList for anybody else's."""
    uid = ids.decode("lst", list_id)
    found = one(lists_of(creator_ids).filter(uid=uid)) if uid else None
    if found is None:
        raise UnknownList
    return found


def lists_of(creator_ids: frozenset[int] | None) -> QuerySet[FanList]:
    rows = FanList.objects.select_related("account__creator")
    return rows if creator_ids is None else rows.filter(account__creator_id__in=creator_ids)


def segment_of(creator_ids: frozenset[int] | None, segment_id: str) -> Segment:
    """A segment by its public id; raises UnknownSegment for anybody else's."""
    uid = ids.decode("seg", segment_id)
    found = one(segments_of(creator_ids).filter(uid=uid)) if uid else None
    if found is None:
        raise UnknownSegment
    return found


def segments_of(creator_ids: frozenset[int] | None) -> QuerySet[Segment]:
    rows = Segment.objects.select_related("account__creator")
    return rows if creator_ids is None else rows.filter(account__creator_id__in=creator_ids)


def fans_on(fan_list: FanList) -> QuerySet[FanListEntry]:
    """Entries of a list, the newest first."""
    return FanListEntry.objects.filter(fan_list=fan_list).select_related("fan").order_by("-pk")


def matching(account: PlatformAccount, group: Group, now: datetime) -> QuerySet[Fan]:
    """The account's fans that a tree of conditions describes."""
    return Fan.objects.filter(_of_part(group, account, now), account=account)


def audience(campaign: Campaign, now: datetime) -> QuerySet[Any]:
    """Every fan that a campaign takes in, with `excluded_by`: empty, or the first reason why not."""
    account = campaign.account
    rows: QuerySet[Any] = Fan.objects.filter(_of_parts(campaign.include, account, now), account=account)
    reasons = [When(condition, then=Value(reason)) for reason, condition in _reasons(campaign, now)]
    excluded_by = Case(*reasons, default=Value(""), output_field=CharField())
    found: QuerySet[Any] = rows.annotate(excluded_by=excluded_by)
    return found


def by_turn(campaign: Campaign, now: datetime) -> QuerySet[Any]:
    """`audience` in the order in which they get it: those who were active last first."""
    return audience(campaign, now).order_by(F("last_active_at").desc(nulls_last=True), "pk")


def _reasons(campaign: Campaign, now: datetime) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    if campaign.exclude:
        found.append(("excluded", _of_parts(campaign.exclude, campaign.account, now)))
    found.append(("cannot_receive", Q(can_receive=False)))
    if campaign.in_conversation_minutes:
        since = now - timedelta(minutes=campaign.in_conversation_minutes)
        said = Message.objects.filter(conversation__fan=OuterRef("pk"), created_at__gte=since)
        found.append(("in_conversation", Exists(said.exclude(author_kind=AuthorKind.CAMPAIGN))))
    if campaign.recent_campaign_hours:
        since = now - timedelta(hours=campaign.recent_campaign_hours)
        found.append(("recent_campaign", Exists(_of_campaigns(campaign, since))))
    if campaign.same_text_days and (campaign.text.reveal().strip()):
        since = now - timedelta(days=campaign.same_text_days)
        digest = bytes(campaign.text_digest)
        told = Message.objects.filter(
            conversation__fan=OuterRef("pk"),
            direction=Direction.OUTBOUND,
            text_digest=digest,
            sent_at__gte=since,
        )
        same = _of_campaigns(campaign, since).filter(campaign__text_digest=digest)
        found.append(("same_text", Exists(told) | Exists(same)))
    if campaign.same_media_days and campaign.media_ids:
        since = now - timedelta(days=campaign.same_media_days)
        shown = Message.objects.filter(
            conversation__fan=OuterRef("pk"), direction=Direction.OUTBOUND, sent_at__gte=since
        )
        any_of = campaign.media_ids
        coming = _of_campaigns(campaign, since).filter(campaign__media_ids__has_any_keys=any_of)
        found.append(("same_media", Exists(shown.filter(media_ids__has_any_keys=any_of)) | Exists(coming)))
    return found


def _of_campaigns(campaign: Campaign, since: datetime) -> QuerySet[Delivery]:
    """Deliveries of other campaigns to the fan outside, on their way or arrived since then."""
    rows = Delivery.objects.filter(fan=OuterRef("pk"), campaign__isnull=False).exclude(campaign=campaign.pk)
    return rows.filter(Q(state__in=_COMING) | Q(state__in=_CAME, dispatched_at__gte=since))


def counts(campaign: Campaign, now: datetime) -> dict[str, int]:
    """How many fans there are for each reason; those who get the message are under the empty one."""
    rows = audience(campaign, now).values("excluded_by").annotate(count=Count("pk")).order_by()
    found = {row["excluded_by"]: row["count"] for row in rows}
    over = found.get("", 0) - (campaign.most_recipients or ANY_NUMBER)
    return found | {"": found[""] - over, OVER_CAP: over} if over > 0 else found


def _of_parts(parts: list[dict[str, str]], account: PlatformAccount, now: datetime) -> Q:
    """Any of the lists, segments and fans; what has been deleted since is nobody."""
    found = NOBODY
    for part in parts:
        ((kind, public_id),) = part.items()
        found |= _of_entry(kind, public_id, account, now)
    return found


def _of_entry(kind: str, public_id: str, account: PlatformAccount, now: datetime) -> Q:
    if kind == "list":
        return _on_list(public_id, account)
    if kind == "fan":
        uid = ids.decode("fan", public_id)
        return Q(uid=uid) if uid else NOBODY
    if kind == "preset":  # of a campaign that is not stored: what is stored names the preset's segment
        return _of_part(known, account, now) if (known := parse(PRESETS.get(public_id))[0]) else NOBODY
    uid = ids.decode("seg", public_id)
    segment = one(Segment.objects.filter(uid=uid, account=account)) if uid else None
    group = parse(segment.conditions)[0] if segment else None
    return _of_part(group, account, now) if group else NOBODY


def _on_list(public_id: str, account: PlatformAccount) -> Q:
    """One look into the unique index a fan. The CASE keeps the planner from making a join of it, which it gets wrong
    by a factor of thousands on a list that was filled a moment ago and has no statistics yet."""
    uid = ids.decode("lst", public_id)
    pk = (
        FanList.objects.filter(uid=uid, account=account).values_list("pk", flat=True).first() if uid else None
    )
    if pk is None:
        return NOBODY
    entry = Exists(FanListEntry.objects.filter(fan_list=pk, fan=OuterRef("pk")))
    return Q(Case(When(entry, then=Value(True)), default=Value(False), output_field=BooleanField()))


def _of_part(part: Group | Condition, account: PlatformAccount, now: datetime) -> Q:
    if isinstance(part, Condition):
        return _of_condition(part, account, now)
    inner = [_of_part(item, account, now) for item in part.parts]
    found = inner[0]
    for item in inner[1:]:
        found = found & item if part.kind == "all" else found | item
    return ~found if part.kind == "none" else found


def _of_condition(item: Condition, account: PlatformAccount, now: datetime) -> Q:
    if item.field == "can_receive":
        return Q(can_receive=item.value)
    if item.field == "list":
        found = _on_list(str(item.value), account)
        return found if item.op == "in" else ~found
    if item.field in COUNTS or item.field in AMOUNTS:
        return _of_money(item, account, now)
    return _of_time(item, now)


def _of_time(item: Condition, now: datetime) -> Q:
    """Never is "not within" and neither before nor after."""
    if item.op == "is_known":
        return _since(item.field, None) if item.value else ~_since(item.field, None)
    if isinstance(item.value, datetime):
        since = _since(item.field, item.value)
        return since if item.op == "after" else _since(item.field, None) & ~since
    since = _since(item.field, now - timedelta(days=int(str(item.value))))
    return since if item.op == "within_days" else ~since


def _since(field: str, moment: datetime | None) -> Q:
    """It happened at or after the moment; at all, without one."""
    if field in {"first_seen", "last_active"}:
        column = f"{field}_at"
        return Q(**{f"{column}__isnull": False}) & (Q(**{f"{column}__gte": moment}) if moment else Q())
    rows = Message.objects.filter(conversation__fan=OuterRef("pk"))
    if field == "last_message_from_fan":
        rows = rows.filter(direction=Direction.INBOUND, **({"created_at__gte": moment} if moment else {}))
    else:
        wanted: dict[str, Any] = {"sent_at__gte": moment} if moment else {"sent_at__isnull": False}
        rows = rows.filter(direction=Direction.OUTBOUND, **wanted)
    return Q(Exists(rows))


def _of_money(item: Condition, account: PlatformAccount, now: datetime) -> Q:
    """Fans whose signals add up; those without any count as nothing, not as unknown."""
    kind = SignalKind.PURCHASE if item.field.startswith("purchases") else SignalKind.TIP
    rows = FanSignal.objects.filter(account=account, kind=kind)
    if item.days is not None:
        rows = rows.filter(occurred_at__gte=now - timedelta(days=item.days))
    is_count = item.field in COUNTS
    total = Count("pk") if is_count else Coalesce(Sum("amount_minor"), 0)
    wanted = (
        int(str(item.value))
        if is_count
        else to_minor(Decimal(str(item.value)), currency_of(account.platform))
    )
    sums = rows.order_by().values("conversation__fan").annotate(total=total)
    lookup = "total" if item.op == "eq" else f"total__{item.op}"
    found = Q(pk__in=sums.filter(**{lookup: wanted}).values("conversation__fan"))
    if _holds(item.op, 0, wanted):
        found |= ~Q(pk__in=rows.values("conversation__fan"))
    return found


def _holds(op: str, left: int, right: int) -> bool:
    return {
        "eq": left == right,
        "gte": left >= right,
        "gt": left > right,
        "lte": left <= right,
        "lt": left < right,
    }[op]
