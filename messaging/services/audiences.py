"""Keeping lists and segments."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from accounts.models import PlatformAccount
from accounts.services import audit
from huntaze.kernel import ids
from huntaze.kernel.errors import FieldError, Invalid
from messaging.errors import InUse, NameTaken
from messaging.models import Campaign, Fan, FanList, FanListEntry, Segment
from messaging.rules import audience
from messaging.rules.audience import Group
from messaging.types import CampaignState

_OVER = (CampaignState.DONE, CampaignState.CANCELLED, CampaignState.FAILED, CampaignState.UNSENT)


def make_list(*, account: PlatformAccount, name: str, actor: audit.Actor, now: datetime) -> FanList:
    """Raises NameTaken."""
    try:
        with transaction.atomic():
            found = FanList.objects.create(account=account, name=name, created_at=now)
            audit.record_of(found, actor, "list.created", now)
    except IntegrityError as error:
        raise NameTaken from error
    return found


def rename_list(*, fan_list: FanList, name: str, actor: audit.Actor, now: datetime) -> None:
    """Raises NameTaken."""
    try:
        with transaction.atomic():
            FanList.objects.filter(pk=fan_list.pk).update(name=name)
            audit.record_of(fan_list, actor, "list.renamed", now)
    except IntegrityError as error:
        raise NameTaken from error
    fan_list.name = name


def delete_list(*, fan_list: FanList, actor: audit.Actor, now: datetime) -> None:
    """Raises InUse while a segment or a campaign that is not over names it."""
    with transaction.atomic():
        if _is_named({"list": fan_list.public_id}, fan_list.account_id) or _is_asked_for(fan_list):
            raise InUse
        audit.record_of(fan_list, actor, "list.deleted", now)
        FanList.objects.filter(pk=fan_list.pk).delete()


def add_fans(*, fan_list: FanList, fan_ids: list[str], actor: audit.Actor, now: datetime) -> int:
    """Put fans of the list's account on it; returns how many were new. Raises Invalid for anybody else's fan."""
    wanted = {fan_id: ids.decode("fan", fan_id) for fan_id in fan_ids}
    rows = Fan.objects.filter(account=fan_list.account_id, uid__in=[uid for uid in wanted.values() if uid])
    known = dict(rows.values_list("uid", "pk"))
    strangers = [index for index, fan_id in enumerate(fan_ids) if wanted[fan_id] not in known]
    if strangers:
        raise Invalid(*(FieldError(f"fanIds.{index}", "Unknown fan.") for index in strangers))
    with transaction.atomic():
        before = FanListEntry.objects.filter(fan_list=fan_list).count()
        entries = [
            FanListEntry(workspace_id=fan_list.workspace_id, fan_list=fan_list, fan_id=pk, added_at=now)
            for pk in sorted(set(known.values()))
        ]
        FanListEntry.objects.bulk_create(entries, ignore_conflicts=True)
        added = FanListEntry.objects.filter(fan_list=fan_list).count() - before
        audit.record_of(fan_list, actor, "list.fans_added", now, {"count": added})
    return added


def remove_fan(*, fan_list: FanList, fan: Fan, actor: audit.Actor, now: datetime) -> None:
    """Take a fan off the list; nothing happens when the fan is not on it."""
    with transaction.atomic():
        count, _ = FanListEntry.objects.filter(fan_list=fan_list, fan=fan).delete()
        if count:
            audit.record_of(fan_list, actor, "list.fan_removed", now, {"fan": fan.public_id})


def checked_conditions(account: PlatformAccount, tree: Any) -> Group:
    """A tree whose lists belong to the account; raises Invalid."""
    group, faults = audience.parse(tree)
    if group is None:
        raise Invalid(*faults)
    missing = _missing_lists(account, audience.list_ids(group))
    if missing:
        raise Invalid(*(FieldError("conditions", f"Unknown list {list_id}.") for list_id in sorted(missing)))
    return group


def make_segment(
    *, account: PlatformAccount, name: str, conditions: Any, actor: audit.Actor, now: datetime
) -> Segment:
    """Raises Invalid, NameTaken."""
    checked_conditions(account, conditions)
    try:
        with transaction.atomic():
            found = Segment.objects.create(
                account=account, name=name, conditions=conditions, created_at=now, updated_at=now
            )
            audit.record_of(found, actor, "segment.created", now)
    except IntegrityError as error:
        raise NameTaken from error
    return found


def kept_segment(
    *, account: PlatformAccount, name: str, conditions: Any, actor: audit.Actor, now: datetime
) -> Segment:
    """The account's segment of this name, made if there is none. One that somebody changed stays as they changed it."""
    known = known_segment(account, name)
    if known is not None:
        return known
    try:
        return make_segment(account=account, name=name, conditions=conditions, actor=actor, now=now)
    except NameTaken:
        return Segment.objects.get(account=account, name=name)


def known_segment(account: PlatformAccount, name: str) -> Segment | None:
    """The account's segment of this name."""
    return Segment.objects.filter(account=account, name=name).first()


def change_segment(
    *, segment: Segment, name: str | None, conditions: Any, actor: audit.Actor, now: datetime
) -> None:
    """Change what is not None. An approval of a campaign that uses it ends by that: its fingerprint is another."""
    if conditions is not None:
        checked_conditions(segment.account, conditions)
        segment.conditions = conditions
    segment.name, segment.updated_at = name or segment.name, now
    try:
        with transaction.atomic():
            segment.save(update_fields=["name", "conditions", "updated_at"])
            audit.record_of(segment, actor, "segment.changed", now)
    except IntegrityError as error:
        raise NameTaken from error


def delete_segment(*, segment: Segment, actor: audit.Actor, now: datetime) -> None:
    """Raises InUse while a campaign that is not over names it."""
    with transaction.atomic():
        if _is_named({"segment": segment.public_id}, segment.account_id):
            raise InUse
        audit.record_of(segment, actor, "segment.deleted", now)
        Segment.objects.filter(pk=segment.pk).delete()


def unknown_parts(account: PlatformAccount, parts: Iterable[dict[str, str]], field: str) -> list[FieldError]:
    """Lists, segments and fans that are not the account's."""
    tables: dict[str, tuple[str, Any]] = {
        "list": ("lst", FanList.objects),
        "segment": ("seg", Segment.objects),
        "fan": ("fan", Fan.objects),
    }
    faults = []
    for index, part in enumerate(parts):
        ((kind, public_id),) = part.items()
        prefix, rows = tables[kind]
        uid = ids.decode(prefix, public_id)
        if uid is None or not rows.filter(uid=uid, account=account).exists():
            faults.append(FieldError(f"{field}.{index}", f"Unknown {kind}."))
    return faults


def _missing_lists(account: PlatformAccount, list_ids: set[str]) -> set[str]:
    wanted = {list_id: ids.decode("lst", list_id) for list_id in list_ids}
    rows = FanList.objects.filter(account=account, uid__in=[uid for uid in wanted.values() if uid])
    known = set(rows.values_list("uid", flat=True))
    return {list_id for list_id, uid in wanted.items() if uid not in known}


def _is_named(part: dict[str, str], account_pk: int) -> bool:
    live = Campaign.objects.filter(account=account_pk).exclude(state__in=_OVER)
    return live.filter(include__contains=[part]).exists() or live.filter(exclude__contains=[part]).exists()


def _is_asked_for(fan_list: FanList) -> bool:
    trees = Segment.objects.filter(account=fan_list.account_id).values_list("conditions", flat=True)
    groups = (audience.parse(tree)[0] for tree in trees)
    return any(group and fan_list.public_id in audience.list_ids(group) for group in groups)
