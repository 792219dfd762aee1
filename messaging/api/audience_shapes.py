"""Shapes of lists and segments."""

from typing import Any

from rest_framework import serializers

from huntaze.kernel import clock
from messaging.api.serializers import StrictText
from messaging.models import FanList, FanListEntry, Segment
from messaging.selectors.audiences import fans_on

MOST_FANS = 1000


class ListInput(serializers.Serializer[Any]):
    name = StrictText(max_length=80)
    account_id = StrictText(
        max_length=60, required=False, help_text="Needed only with several accounts (`acc_…`)."
    )


class ListChange(serializers.Serializer[Any]):
    name = StrictText(max_length=80)


class ListOutput(serializers.Serializer[Any]):
    id = serializers.CharField()
    account_id = serializers.CharField()
    name = serializers.CharField()
    count = serializers.IntegerField()
    created_at = serializers.DateTimeField()


class ListsOutput(serializers.Serializer[Any]):
    lists = ListOutput(many=True)
    total = serializers.IntegerField()
    limit = serializers.IntegerField()
    offset = serializers.IntegerField()


class FansInput(serializers.Serializer[Any]):
    fan_ids = serializers.ListField(child=StrictText(max_length=60), min_length=1, max_length=MOST_FANS)


class AddedOutput(serializers.Serializer[Any]):
    added = serializers.IntegerField()
    count = serializers.IntegerField()


class EntryOutput(serializers.Serializer[Any]):
    id = serializers.CharField()
    platform_user_id = serializers.CharField()
    added_at = serializers.DateTimeField()


class EntriesOutput(serializers.Serializer[Any]):
    fans = EntryOutput(many=True)
    total = serializers.IntegerField()
    limit = serializers.IntegerField()
    offset = serializers.IntegerField()


class SegmentInput(serializers.Serializer[Any]):
    name = StrictText(max_length=80)
    account_id = StrictText(
        max_length=60, required=False, help_text="Needed only with several accounts (`acc_…`)."
    )
    conditions = serializers.JSONField(help_text="One of all, any, none with conditions or groups of them.")


class SegmentChange(serializers.Serializer[Any]):
    name = StrictText(max_length=80, required=False)
    conditions = serializers.JSONField(required=False)


class PreviewInput(serializers.Serializer[Any]):
    account_id = StrictText(max_length=60, required=False)
    conditions = serializers.JSONField()


class CountOutput(serializers.Serializer[Any]):
    count = serializers.IntegerField()


class SegmentOutput(serializers.Serializer[Any]):
    id = serializers.CharField()
    account_id = serializers.CharField()
    name = serializers.CharField()
    conditions = serializers.JSONField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class SegmentsOutput(serializers.Serializer[Any]):
    segments = SegmentOutput(many=True)
    total = serializers.IntegerField()
    limit = serializers.IntegerField()
    offset = serializers.IntegerField()


def fan_list(row: FanList) -> dict[str, Any]:
    return {
        "id": row.public_id,
        "account_id": row.account.public_id,
        "name": row.name,
        "count": fans_on(row).count(),
        "created_at": clock.iso(row.created_at),
    }


def entry(row: FanListEntry) -> dict[str, Any]:
    return {
        "id": row.fan.public_id,
        "platform_user_id": row.fan.platform_user_id,
        "added_at": clock.iso(row.added_at),
    }


def segment(row: Segment) -> dict[str, Any]:
    return {
        "id": row.public_id,
        "account_id": row.account.public_id,
        "name": row.name,
        "conditions": row.conditions,
        "created_at": clock.iso(row.created_at),
        "updated_at": clock.iso(row.updated_at),
    }
