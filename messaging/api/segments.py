"""`/api/onlyfans/segments`: fans described by conditions."""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from huntaze.kernel import clock
from huntaze.kernel.api.pagination import PAGE_PARAMETERS
from huntaze.kernel.api.schema import KEY_PARAMETER
from messaging.api import audience_shapes as shapes
from messaging.api.base import ACCOUNT, MessagingBase
from messaging.selectors import audiences as found
from messaging.services import audiences as services

CONDITIONS = {"all": [{"field": "last_active", "op": "within_days", "value": 30},
                      {"field": "purchases_amount", "op": "gte", "value": "20.00", "days": 90}]}  # fmt: skip


class SegmentViewSet(MessagingBase):
    capabilities = {
        "list": "fans.view", "create": "fans.edit", "retrieve": "fans.view", "change": "fans.edit",
        "destroy": "fans.edit", "preview": "fans.view", "count": "fans.view",
    }  # fmt: skip
    once = frozenset({"create"})

    @extend_schema(
        operation_id="segments_list",
        summary="Segments",
        tags=["Audiences"],
        parameters=[ACCOUNT, *PAGE_PARAMETERS],
        responses=shapes.SegmentsOutput,
    )
    def list(self, request: Request) -> Response:
        rows = self.of_account(found.segments_of(self.reach)).order_by("-pk")
        return self.paged("segments", rows, shapes.segment)

    @extend_schema(
        operation_id="segments_create", summary="Make a segment",
        description=(
            "A tree of all, any, none; at most 3 deep and 30 conditions. Fields: first_seen, last_active, "
            "last_message_from_fan, last_message_to_fan (within_days, not_within_days, before, after, is_known), "
            "can_receive (is), list (in, not_in), purchases_count, tips_count, purchases_amount, tips_amount "
            "(eq, gte, gt, lte, lt; days limits them to the last days)."
        ),
        tags=["Audiences"], parameters=[KEY_PARAMETER], request=shapes.SegmentInput,
        responses={201: shapes.SegmentOutput},
        examples=[
            OpenApiExample("Buyers", value={"name": "Recent buyers", "conditions": CONDITIONS}, request_only=True)
        ],
    )  # fmt: skip
    def create(self, request: Request) -> Response:
        data = self.valid(shapes.SegmentInput)
        account = self.account(data.get("account_id"))

        def work() -> Response:
            row = services.make_segment(
                account=account,
                name=data["name"],
                conditions=data["conditions"],
                actor=self.actor,
                now=clock.now(),
            )
            return Response(shapes.segment(row), status=status.HTTP_201_CREATED)

        return self.answer_once(work)

    @extend_schema(
        operation_id="segments_read",
        summary="One segment",
        tags=["Audiences"],
        responses=shapes.SegmentOutput,
    )
    def retrieve(self, request: Request, segment_id: str) -> Response:
        return Response(shapes.segment(found.segment_of(self.reach, segment_id)))

    @extend_schema(
        operation_id="segments_change",
        summary="Change a segment",
        description="Other conditions end the approval of campaigns that use it.",
        tags=["Audiences"],
        request=shapes.SegmentChange,
        responses=shapes.SegmentOutput,
    )
    def change(self, request: Request, segment_id: str) -> Response:
        row = found.segment_of(self.reach, segment_id)
        data = self.valid(shapes.SegmentChange)
        services.change_segment(
            segment=row,
            name=data.get("name"),
            conditions=data.get("conditions"),
            actor=self.actor,
            now=clock.now(),
        )
        return Response(shapes.segment(row))

    @extend_schema(
        operation_id="segments_delete",
        summary="Delete a segment",
        description="409 while a campaign that is not over names it.",
        tags=["Audiences"],
        responses={204: None},
    )
    def destroy(self, request: Request, segment_id: str) -> Response:
        row = found.segment_of(self.reach, segment_id)
        services.delete_segment(segment=row, actor=self.actor, now=clock.now())
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(
        operation_id="segments_preview",
        summary="How many fans conditions describe",
        tags=["Audiences"],
        request=shapes.PreviewInput,
        responses=shapes.CountOutput,
        examples=[OpenApiExample("Buyers", value={"conditions": CONDITIONS}, request_only=True)],
    )
    def preview(self, request: Request) -> Response:
        data = self.valid(shapes.PreviewInput)
        account = self.account(data.get("account_id"))
        group = services.checked_conditions(account, data["conditions"])
        return Response({"count": found.matching(account, group, clock.now()).count()})

    @extend_schema(
        operation_id="segments_count",
        summary="How many fans a segment has now",
        tags=["Audiences"],
        responses={200: shapes.CountOutput},
        parameters=[OpenApiParameter("segment_id", OpenApiTypes.STR, "path")],
    )
    def count(self, request: Request, segment_id: str) -> Response:
        row = found.segment_of(self.reach, segment_id)
        group = services.checked_conditions(row.account, row.conditions)
        return Response({"count": found.matching(row.account, group, clock.now()).count()})
