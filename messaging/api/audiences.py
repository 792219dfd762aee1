"""`/api/onlyfans/lists` and `/api/onlyfans/segments`: who can be written to at once."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import PlatformAccount
from accounts.selectors import account_of
from accounts.services.audit import Actor
from accounts.types import Platform
from huntaze.kernel import clock
from huntaze.kernel.api.idempotency import HEADER
from huntaze.kernel.api.pagination import page_of
from huntaze.kernel.api.views import HuntazeViewSet
from messaging.api.serializers import StrictText
from messaging.models import FanList, Segment
from messaging.selectors import audiences as found
from messaging.selectors import fan_of
from messaging.services import audiences as services

KEY = OpenApiParameter(
    HEADER, str, OpenApiParameter.HEADER, description="Same key and body: same answer, 24 h."
)
PAGE = [
    OpenApiParameter("limit", int, description="1 to 200, default 50."),
    OpenApiParameter("offset", int, description="Default 0."),
]
ACCOUNT = OpenApiParameter("accountId", str, description="One account; all of the caller's when left out.")
MOST_FANS = 1000
CONDITIONS = {"all": [{"field": "last_active", "op": "within_days", "value": 30},
                      {"field": "purchases_amount", "op": "gte", "value": "20.00", "days": 90}]}  # fmt: skip


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


class _AudienceViewSet(HuntazeViewSet):
    """What both have in common: the caller's reach, the account, who acts."""

    def reach(self) -> frozenset[int] | None:
        return self.principal.creator_ids

    def account(self, account_id: str | None) -> PlatformAccount:
        return account_of(self.reach(), Platform.ONLYFANS, account_id)

    def actor(self) -> Actor:
        return Actor.member(self.principal.user_pk, self.principal.member_pk, self.principal.key_pk)

    def valid(self, form: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
        checked = form(data=request.data)
        checked.is_valid(raise_exception=True)
        return dict(checked.validated_data)

    def cut(self, rows: Any, request: Request) -> Any:
        """Only one account's, when the caller names one."""
        account_id = request.query_params.get("accountId")
        return rows.filter(account=self.account(account_id)) if account_id is not None else rows


class ListViewSet(_AudienceViewSet):
    capabilities = {
        "list": "fans.view", "create": "fans.edit", "retrieve": "fans.view", "change": "fans.edit",
        "delete": "fans.edit", "fans": "fans.view", "add": "fans.edit", "remove": "fans.edit",
    }  # fmt: skip
    once = frozenset({"create", "add"})

    @extend_schema(
        operation_id="lists_list",
        summary="Lists of fans",
        tags=["Audiences"],
        parameters=[ACCOUNT, *PAGE],
        responses=ListsOutput,
    )
    def list(self, request: Request) -> Response:
        page = page_of(request)
        rows = self.cut(found.lists_of(self.reach()), request).order_by("-pk")
        shown = [_list(row) for row in rows[page.offset : page.offset + page.limit]]
        return Response(page.answer("lists", shown, rows.count()))

    @extend_schema(
        operation_id="lists_create",
        summary="Make a list",
        tags=["Audiences"],
        parameters=[KEY],
        request=ListInput,
        responses={201: ListOutput},
        examples=[OpenApiExample("A list", value={"name": "Regulars"}, request_only=True)],
    )
    def create(self, request: Request) -> Response:
        data = self.valid(ListInput, request)
        account = self.account(data.get("account_id"))

        def work() -> Response:
            row = services.make_list(account=account, name=data["name"], actor=self.actor(), now=clock.now())
            return Response(_list(row), status=status.HTTP_201_CREATED)

        return self.answer_once(work)

    @extend_schema(operation_id="lists_read", summary="One list", tags=["Audiences"], responses=ListOutput)
    def retrieve(self, request: Request, list_id: str) -> Response:
        return Response(_list(found.list_of(self.reach(), list_id)))

    @extend_schema(
        operation_id="lists_change",
        summary="Rename a list",
        tags=["Audiences"],
        request=ListChange,
        responses=ListOutput,
    )
    def change(self, request: Request, list_id: str) -> Response:
        row = found.list_of(self.reach(), list_id)
        data = self.valid(ListChange, request)
        services.rename_list(fan_list=row, name=data["name"], actor=self.actor(), now=clock.now())
        return Response(_list(row))

    @extend_schema(
        operation_id="lists_delete",
        summary="Delete a list",
        description="409 while a segment or a campaign that is not over names it.",
        tags=["Audiences"],
        responses={204: None},
    )
    def delete(self, request: Request, list_id: str) -> Response:
        row = found.list_of(self.reach(), list_id)
        services.delete_list(fan_list=row, actor=self.actor(), now=clock.now())
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(
        operation_id="lists_fans",
        summary="Fans on a list, newest first",
        tags=["Audiences"],
        parameters=PAGE,
        responses=EntriesOutput,
    )
    def fans(self, request: Request, list_id: str) -> Response:
        page = page_of(request)
        rows = found.fans_on(found.list_of(self.reach(), list_id))
        shown = [
            {
                "id": row.fan.public_id,
                "platform_user_id": row.fan.platform_user_id,
                "added_at": clock.iso(row.added_at),
            }
            for row in rows[page.offset : page.offset + page.limit]
        ]
        return Response(page.answer("fans", shown, rows.count()))

    @extend_schema(
        operation_id="lists_add_fans", summary="Put fans on a list", tags=["Audiences"], parameters=[KEY],
        description=f"At most {MOST_FANS} at once; those who are on it already stay once.", request=FansInput,
        responses=AddedOutput,
        examples=[
            OpenApiExample("Two fans", request_only=True, value={
                "fanIds": ["fan_01KAJ3Z8Q4W5T6Y7V8B9N0M1C2", "fan_01KAJ3Z8Q4W5T6Y7V8B9N0M1C3"]}),
        ],
    )  # fmt: skip
    def add(self, request: Request, list_id: str) -> Response:
        row = found.list_of(self.reach(), list_id)
        data = self.valid(FansInput, request)

        def work() -> Response:
            fans = data["fan_ids"]
            added = services.add_fans(fan_list=row, fan_ids=fans, actor=self.actor(), now=clock.now())
            return Response({"added": added, "count": found.fans_on(row).count()})

        return self.answer_once(work)

    @extend_schema(
        operation_id="lists_remove_fan",
        summary="Take a fan off a list",
        tags=["Audiences"],
        responses={204: None},
    )
    def remove(self, request: Request, list_id: str, fan_id: str) -> Response:
        row = found.list_of(self.reach(), list_id)
        fan = fan_of(self.reach(), fan_id, row.account)
        services.remove_fan(fan_list=row, fan=fan, actor=self.actor(), now=clock.now())
        return Response(status=status.HTTP_204_NO_CONTENT)


class SegmentViewSet(_AudienceViewSet):
    capabilities = {
        "list": "fans.view", "create": "fans.edit", "retrieve": "fans.view", "change": "fans.edit",
        "delete": "fans.edit", "preview": "fans.view", "count": "fans.view",
    }  # fmt: skip
    once = frozenset({"create"})

    @extend_schema(
        operation_id="segments_list",
        summary="Segments",
        tags=["Audiences"],
        parameters=[ACCOUNT, *PAGE],
        responses=SegmentsOutput,
    )
    def list(self, request: Request) -> Response:
        page = page_of(request)
        rows = self.cut(found.segments_of(self.reach()), request).order_by("-pk")
        shown = [_segment(row) for row in rows[page.offset : page.offset + page.limit]]
        return Response(page.answer("segments", shown, rows.count()))

    @extend_schema(
        operation_id="segments_create", summary="Make a segment",
        description=(
            "A tree of all, any, none; at most 3 deep and 30 conditions. Fields: first_seen, last_active, "
            "last_message_from_fan, last_message_to_fan (within_days, not_within_days, before, after, is_known), "
            "can_receive (is), list (in, not_in), purchases_count, tips_count, purchases_amount, tips_amount "
            "(eq, gte, gt, lte, lt; days limits them to the last days)."
        ),
        tags=["Audiences"], parameters=[KEY], request=SegmentInput, responses={201: SegmentOutput},
        examples=[
            OpenApiExample("Buyers", value={"name": "Recent buyers", "conditions": CONDITIONS}, request_only=True)
        ],
    )  # fmt: skip
    def create(self, request: Request) -> Response:
        data = self.valid(SegmentInput, request)
        account = self.account(data.get("account_id"))

        def work() -> Response:
            row = services.make_segment(
                account=account,
                name=data["name"],
                conditions=data["conditions"],
                actor=self.actor(),
                now=clock.now(),
            )
            return Response(_segment(row), status=status.HTTP_201_CREATED)

        return self.answer_once(work)

    @extend_schema(
        operation_id="segments_read", summary="One segment", tags=["Audiences"], responses=SegmentOutput
    )
    def retrieve(self, request: Request, segment_id: str) -> Response:
        return Response(_segment(found.segment_of(self.reach(), segment_id)))

    @extend_schema(
        operation_id="segments_change",
        summary="Change a segment",
        description="Other conditions end the approval of campaigns that use it.",
        tags=["Audiences"],
        request=SegmentChange,
        responses=SegmentOutput,
    )
    def change(self, request: Request, segment_id: str) -> Response:
        row = found.segment_of(self.reach(), segment_id)
        data = self.valid(SegmentChange, request)
        services.change_segment(
            segment=row,
            name=data.get("name"),
            conditions=data.get("conditions"),
            actor=self.actor(),
            now=clock.now(),
        )
        return Response(_segment(row))

    @extend_schema(
        operation_id="segments_delete",
        summary="Delete a segment",
        description="409 while a campaign that is not over names it.",
        tags=["Audiences"],
        responses={204: None},
    )
    def delete(self, request: Request, segment_id: str) -> Response:
        row = found.segment_of(self.reach(), segment_id)
        services.delete_segment(segment=row, actor=self.actor(), now=clock.now())
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(
        operation_id="segments_preview",
        summary="How many fans conditions describe",
        tags=["Audiences"],
        request=PreviewInput,
        responses=CountOutput,
        examples=[OpenApiExample("Buyers", value={"conditions": CONDITIONS}, request_only=True)],
    )
    def preview(self, request: Request) -> Response:
        data = self.valid(PreviewInput, request)
        account = self.account(data.get("account_id"))
        group = services.checked_conditions(account, data["conditions"])
        return Response({"count": found.matching(account, group, clock.now()).count()})

    @extend_schema(
        operation_id="segments_count",
        summary="How many fans a segment has now",
        tags=["Audiences"],
        responses={200: CountOutput},
        parameters=[OpenApiParameter("segment_id", OpenApiTypes.STR, "path")],
    )
    def count(self, request: Request, segment_id: str) -> Response:
        row = found.segment_of(self.reach(), segment_id)
        group = services.checked_conditions(row.account, row.conditions)
        return Response({"count": found.matching(row.account, group, clock.now()).count()})


def _list(row: FanList) -> dict[str, Any]:
    return {
        "id": row.public_id,
        "account_id": row.account.public_id,
        "name": row.name,
        "count": found.fans_on(row).count(),
        "created_at": clock.iso(row.created_at),
    }


def _segment(row: Segment) -> dict[str, Any]:
    return {
        "id": row.public_id,
        "account_id": row.account.public_id,
        "name": row.name,
        "conditions": row.conditions,
        "created_at": clock.iso(row.created_at),
        "updated_at": clock.iso(row.updated_at),
    }
