"""`GET /api/billing/ledger`: what moved the workspace's credits."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from billing.selectors.ledger import Deed, history
from billing.types import Unit
from huntaze.kernel.api.pagination import page_of
from huntaze.kernel.api.views import HuntazeViewSet
from huntaze.kernel.errors import FieldError, Invalid

UNITS = [str(unit) for unit in Unit]


class CauseOutput(serializers.Serializer[Any]):
    kind = serializers.CharField(
        help_text="delivery, campaign, several (ended together), or a grant's source: plan, promo, pack, manual."
    )
    id = serializers.CharField(allow_blank=True)
    count = serializers.IntegerField()


class DeedOutput(serializers.Serializer[Any]):
    id = serializers.CharField()
    kind = serializers.CharField(help_text="grant, reserve, settle, release, expire, refund or restore.")
    cause = CauseOutput()
    at = serializers.DateTimeField()
    changes = serializers.DictField(
        child=serializers.IntegerField(),
        help_text="By account; they sum to 0. `available` is what can be spent.",
    )


class LedgerOutput(serializers.Serializer[Any]):
    transactions = DeedOutput(many=True)
    limit = serializers.IntegerField()
    next_cursor = serializers.CharField(allow_null=True)


class LedgerViewSet(HuntazeViewSet):
    capabilities = {"read": "billing.view"}

    @extend_schema(
        operation_id="billing_ledger",
        summary="What moved the credits",
        description="Every grant, reservation, settlement and return, the newest first. Nothing is ever changed here.",
        tags=["Billing"],
        parameters=[
            OpenApiParameter("unit", str, enum=UNITS, description="Default message."),
            OpenApiParameter("limit", int, description="1 to 200, default 50."),
            OpenApiParameter("cursor", str, description="`nextCursor` of the answer before."),
        ],
        responses=LedgerOutput,
    )
    def read(self, request: Request) -> Response:
        unit = request.query_params.get("unit", Unit.MESSAGE)
        if unit not in UNITS:
            raise Invalid(FieldError("unit", f"Use one of {', '.join(UNITS)}."))
        limit = page_of(request).limit
        cursor = request.query_params.get("cursor", "")[:60]
        found = history(self.principal.workspace_pk, Unit(unit), limit=limit, cursor=cursor)
        rows = [_shown(deed) for deed in found.rows]
        return Response({"transactions": rows, "limit": limit, "next_cursor": found.next_cursor or None})


def _shown(deed: Deed) -> dict[str, Any]:
    cause = {"kind": deed.cause.kind, "id": deed.cause.id, "count": deed.cause.count}
    return {
        "id": deed.id,
        "kind": deed.kind,
        "cause": cause,
        "at": deed.at,
        "changes": deed.changes,
    }
