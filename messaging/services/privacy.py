"""What messaging holds about workspaces, creators and fans, and how it is erased.

A whole workspace or creator goes row by row. A fan is taken out of rows that stay: messages lose their texts, the fan
becomes a tombstone under a keyed digest, so that neither a sync nor a webhook brings the person back.
"""

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from operator import attrgetter
from typing import Any

from django.db.models import Q, QuerySet

from accounts.models import PlatformAccount
from accounts.services.privacy.own_rows import erased_id
from accounts.services.privacy.registry import Dataset, Known, Party, Step, Subject, blank, delete, keep
from accounts.types import PrivacyScope
from huntaze.kernel import ids, reseal
from huntaze.kernel.crypto import DecryptionFailed
from huntaze.kernel.outbox import State
from messaging.models import (
    Campaign,
    CampaignExclusion,
    CampaignUnsend,
    Conversation,
    CreditChange,
    Delivery,
    Demo,
    Fan,
    FanList,
    FanListEntry,
    FanSignal,
    InboundEvent,
    Message,
    Segment,
    SendPolicy,
)
from messaging.rules.content import NO_TEXT
from messaging.services import credits
from messaging.services.fans import handle_digest
from messaging.types import CampaignState, DeliveryState

Rows = Callable[[Subject], QuerySet[Any]]
Columns = dict[str, Callable[[Any], Any]]


def tombstone_id(account_pk: int, platform_user_id: str) -> str:
    """What a fan's id on the platform becomes."""
    return erased_id(platform_user_id, f"fan:{account_pk}")


def _of(model: Any, account: str = "account", fan: str | None = None) -> Rows:
    """Rows of the subject: by their account's creator, or by their fan; all in the workspace's scope."""

    def rows(subject: Subject) -> QuerySet[Any]:
        found: QuerySet[Any] = model.objects.all()
        if subject.scope is PrivacyScope.FAN:
            return found.filter(**{fan: subject.pk}) if fan else found.none()
        if subject.scope is PrivacyScope.CREATOR:
            return found.filter(**{f"{account}__creator_id": subject.pk})
        return found

    return rows


FANS, CONVERSATIONS = _of(Fan, fan="pk"), _of(Conversation, fan="fan")
MESSAGES, SIGNALS = _of(Message, fan="conversation__fan"), _of(FanSignal, fan="conversation__fan")
DELIVERIES = _of(Delivery, fan="fan")
ENTRIES = _of(FanListEntry, "fan_list__account", "fan")
EXCLUSIONS = _of(CampaignExclusion, "campaign__account", "fan")
UNSENDS = _of(CampaignUnsend, "campaign__account", "delivery__fan")
LISTS, SEGMENTS, CAMPAIGNS = _of(FanList), _of(Segment), _of(Campaign)


def _policies(subject: Subject) -> QuerySet[SendPolicy]:
    return SendPolicy.objects.filter(account__in=_accounts(subject))


def _accounts(subject: Subject) -> QuerySet[PlatformAccount]:
    rows: QuerySet[PlatformAccount] = PlatformAccount.objects.all()
    return rows.filter(creator_id=subject.pk) if subject.scope is PrivacyScope.CREATOR else rows


def _credit_notes(subject: Subject) -> QuerySet[CreditChange]:
    """What is to be booked is the workspace's, not a creator's."""
    rows: QuerySet[CreditChange] = CreditChange.objects.all()
    return rows if subject.scope is PrivacyScope.WORKSPACE else rows.none()


def _demos(subject: Subject) -> QuerySet[Demo]:
    """A demo's own workspace knows that it is one."""
    rows: QuerySet[Demo] = Demo.objects.all()
    return rows if subject.scope is PrivacyScope.WORKSPACE else rows.none()


def _events(subject: Subject) -> QuerySet[InboundEvent]:
    """Webhooks of the subject's accounts. They have no workspace of their own, so the accounts say whose they are."""
    accounts = _accounts(subject)
    if subject.scope is PrivacyScope.FAN:
        accounts = accounts.filter(fans=subject.pk)
    named = list(accounts.values_list("external_id", flat=True))
    return InboundEvent.objects.filter(account_external_id__in=named)


# --- exports


def _columns(**columns: str | Callable[[Any], Any]) -> Columns:
    return {"id": attrgetter("public_id")} | {
        name: attrgetter(read) if isinstance(read, str) else read for name, read in columns.items()
    }


def _fan_id(row: Any) -> str:
    fan: Fan = row.fan if hasattr(row, "fan") else row.conversation.fan
    return fan.public_id


_FAN = _columns(
    platformId="platform_user_id", name="name", handle="handle", canReceive="can_receive",
    firstSeenAt="first_seen_at", lastActiveAt="last_active_at",
)  # fmt: skip
_MESSAGE = _columns(
    fanId=_fan_id, direction="direction", author="author_kind", text="text", priceMinor="price_minor",
    currency="currency", mediaIds="media_ids", platformId="platform_message_id", createdAt="created_at",
    sentAt="sent_at", purchasedAt="purchased_at", deletedAt="deleted_at",
)  # fmt: skip
_SIGNAL = _columns(
    fanId=_fan_id, kind="kind", amountMinor="amount_minor", currency="currency", occurredAt="occurred_at"
)
_DELIVERY = _columns(
    fanId=_fan_id, messageId=lambda row: row.message.public_id if row.message else None, state="state",
    priority="priority", queuedAt="queued_at", answeredAt="answered_at", attempts="attempts",
)  # fmt: skip
_LIST = _columns(name="name", createdAt="created_at")
_ENTRY: Columns = {
    "listId": lambda row: row.fan_list.public_id,
    "list": lambda row: row.fan_list.name,
    "fanId": _fan_id,
    "addedAt": attrgetter("added_at"),
}
_SEGMENT = _columns(name="name", conditions="conditions", createdAt="created_at")
_CAMPAIGN = _columns(
    name="name", state="state", text="text", priceMinor="price_minor", currency="currency",
    include="include", exclude="exclude", createdAt="created_at", startedAt="started_at", endedAt="ended_at",
)  # fmt: skip


def _with(rows: Rows, *names: str) -> Rows:
    return lambda subject: rows(subject).select_related(*names)


def _datasets(scope: PrivacyScope) -> list[Dataset]:
    if scope is PrivacyScope.ME:
        return []
    about_fans = [
        Dataset("fans", FANS, _FAN),
        Dataset("messages", _with(MESSAGES, "conversation__fan"), _MESSAGE),
        Dataset("payments", _with(SIGNALS, "conversation__fan"), _SIGNAL),
        Dataset("deliveries", _with(DELIVERIES, "fan", "message"), _DELIVERY),
        Dataset("list_entries", _with(ENTRIES, "fan_list", "fan"), _ENTRY),
    ]
    if scope is PrivacyScope.FAN:
        return about_fans
    return [
        *about_fans,
        Dataset("lists", LISTS, _LIST),
        Dataset("segments", SEGMENTS, _SEGMENT),
        Dataset("campaigns", CAMPAIGNS, _CAMPAIGN),
    ]


# --- erasures


def _steps(scope: PrivacyScope) -> list[Step]:
    if scope is PrivacyScope.FAN:
        return _fan_steps()
    if scope is PrivacyScope.ME:
        return []
    return [
        blank("stop_campaigns", _moving_campaigns, _stop_campaigns),
        delete("unsends", UNSENDS),
        delete("deliveries", DELIVERIES),
        delete("credit_notes", _credit_notes),
        delete("payments", SIGNALS),
        delete("messages", MESSAGES),
        delete("conversations", CONVERSATIONS),
        delete("list_entries", ENTRIES),
        delete("lists", LISTS),
        delete("segments", SEGMENTS),
        delete("exclusions", EXCLUSIONS),
        delete("campaigns", CAMPAIGNS),
        delete("policies", _policies),
        delete("fans", FANS),
        delete("webhooks", _events),
        delete("demo", _demos),
    ]


def _fan_steps() -> list[Step]:
    waiting = [DeliveryState.HELD, DeliveryState.SCHEDULED, DeliveryState.QUEUED, DeliveryState.FAILED]
    return [
        blank("tombstone", lambda subject: FANS(subject).filter(erased_at=None), _bury),
        blank("cancel", lambda subject: DELIVERIES(subject).filter(state__in=waiting), _cancel),
        Step("webhooks", _events, _erase_events),
        delete("list_entries", ENTRIES),
        delete("exclusions", EXCLUSIONS),
        blank("texts", lambda subject: MESSAGES(subject).exclude(text_digest=NO_TEXT), _erase_texts),
        keep("payments", SIGNALS, reason="disputes", until="two_years"),
        keep("deliveries", DELIVERIES, reason="disputes", until="two_years"),
    ]


def _moving_campaigns(subject: Subject) -> QuerySet[Campaign]:
    over = [CampaignState.DONE, CampaignState.CANCELLED, CampaignState.FAILED, CampaignState.UNSENT]
    return CAMPAIGNS(subject).exclude(state__in=over)


def _stop_campaigns(rows: list[Campaign], subject: Subject, now: datetime) -> None:
    Campaign.objects.filter(pk__in=[row.pk for row in rows]).update(
        state=CampaignState.CANCELLED, state_reason="erasure", ended_at=now
    )


def _bury(rows: list[Fan], subject: Subject, now: datetime) -> None:
    for fan in rows:
        fan.platform_user_id = tombstone_id(fan.account_id, fan.platform_user_id)
        fan.name = fan.handle = fan.handle_digest = fan.name_digest = None
        fan.can_receive, fan.erased_at = False, now
        fan.save()
        Conversation.objects.filter(fan=fan).update(unread_count=0)


def _cancel(rows: list[Delivery], subject: Subject, now: datetime) -> None:
    """Nothing goes out to them any more. What is on the wire at this moment ends by itself."""
    pks = [row.pk for row in rows]
    Delivery.objects.filter(pk__in=pks).update(
        state=DeliveryState.CANCELLED, last_error="erasure", leased_until=None, lease_token=None
    )
    credits.end(pks)


def _erase_texts(rows: list[Message], subject: Subject, now: datetime) -> None:
    reseal.replace(rows, "text", "")
    Message.objects.filter(pk__in=[row.pk for row in rows]).update(
        text_digest=NO_TEXT, media_ids=[], platform_message_id=None
    )


def _events_in_batches(subject: Subject) -> Iterator[list[InboundEvent]]:
    after = 0
    while rows := list(_events(subject).filter(pk__gt=after).order_by("pk").only("pk", "uid", "body")[:500]):
        yield rows
        after = rows[-1].pk


def _erase_events(subject: Subject, now: datetime, limit: int) -> int:
    """Empty the webhooks that speak of the fan; whose they are stands only in their sealed bodies. The rows stay, so
    that a replay finds its key taken."""
    tombstone, account_pk = FANS(subject).values_list("platform_user_id", "account_id").get()
    erased = 0
    for rows in _events_in_batches(subject):
        found = [row for row in rows if _speaks_of(row, account_pk, tombstone)]
        reseal.replace(found, "body", "{}")
        pks = [row.pk for row in found]
        InboundEvent.objects.filter(pk__in=pks).exclude(state=State.WORKING).update(
            state=State.DONE, last_error="erased"
        )
        erased += len(found)
    return erased


def _speaks_of(row: InboundEvent, account_pk: int, tombstone: str) -> bool:
    try:
        body = json.loads(row.body.reveal())
    except DecryptionFailed:
        return False
    return any(tombstone_id(account_pk, value) == tombstone for value in _outside_ids(body))


def _outside_ids(value: Any) -> Iterator[str]:
    """Everything in a body that may be an id of the platform."""
    if isinstance(value, dict):
        for item in value.values():
            yield from _outside_ids(item)
    elif isinstance(value, list):
        for item in value:
            yield from _outside_ids(item)
    elif isinstance(value, str | int) and not isinstance(value, bool) and str(value).isdigit():
        yield str(value)


def _find(scope: PrivacyScope, public_id: str, creator_pks: frozenset[int] | None) -> int | None:
    uid = ids.decode("fan", public_id) if scope is PrivacyScope.FAN else None
    if uid is None:
        return None
    rows = Fan.objects.filter(uid=uid)
    if creator_pks is not None:
        rows = rows.filter(account__creator_id__in=creator_pks)
    return rows.values_list("pk", flat=True).first()


def called(fan: Fan) -> str:
    """What the fan is called on a page: handle, else name, else public id."""
    for sealed, lead in ((fan.handle, "@"), (fan.name, "")):
        if text := sealed.reveal() if sealed is not None else "":
            return f"{lead}{text}"
    return fan.public_id


def _look(scope: PrivacyScope, text: str, creator_pks: frozenset[int] | None) -> list[Known]:
    """By public id, by the platform's id, or by the whole handle: one fan under each account that knows them."""
    if scope is not PrivacyScope.FAN or not text:
        return []
    uid = ids.decode("fan", text)
    asked = Q(uid=uid) if uid else Q(handle_digest=handle_digest(text)) | Q(platform_user_id=text)
    rows = Fan.objects.filter(asked, erased_at=None).select_related("account")
    if creator_pks is not None:
        rows = rows.filter(account__creator_id__in=creator_pks)
    return [Known(row.public_id, called(row), str(row.account)) for row in rows.order_by("pk")[:20]]


PARTY = Party("messaging", 5, _datasets, _steps, _find, _look)
