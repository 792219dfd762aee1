"""`GET /api/billing/usage`: what the workspace has used of what it may."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from billing.models import Grant
from billing.selectors.usage import Used, dollars, usage
from billing.types import Feature
from huntaze.kernel import clock
from huntaze.kernel.api.views import HuntazeViewSet


class UsedOutput(serializers.Serializer[Any]):
    limit = serializers.IntegerField(allow_null=True, help_text="Null: no limit.")
    used = serializers.IntegerField()
    reserved = serializers.IntegerField(help_text="Set aside for what is under way.")
    remaining = serializers.IntegerField(allow_null=True)
    reset_date = serializers.DateTimeField(allow_null=True)


class GrantOutput(serializers.Serializer[Any]):
    source = serializers.CharField(help_text="plan, promo, pack or manual.")  # type: ignore[assignment]
    remaining = serializers.IntegerField()
    amount = serializers.IntegerField()
    expires_at = serializers.DateTimeField(allow_null=True)
    granted_at = serializers.DateTimeField()


class MessagesOutput(serializers.Serializer[Any]):
    available = serializers.IntegerField(
        allow_null=True, help_text="What may be sent now, with what the plan still gives; null: no limit."
    )
    reserved = serializers.IntegerField()
    debt = serializers.IntegerField()
    grants = GrantOutput(many=True, help_text="In the order in which they are spent.")


class AiOutput(serializers.Serializer[Any]):
    budget = serializers.DecimalField(max_digits=20, decimal_places=10, allow_null=True)
    spent = serializers.DecimalField(max_digits=20, decimal_places=10)
    reserved = serializers.DecimalField(max_digits=20, decimal_places=10)
    currency = serializers.CharField()


class UsageOutput(serializers.Serializer[Any]):
    period_start = serializers.DateTimeField()
    period_end = serializers.DateTimeField()
    features = serializers.DictField(child=UsedOutput())
    messages = MessagesOutput()
    ai = AiOutput()


EXAMPLE = {
    "periodStart": "2026-11-01T00:00:00.000Z",
    "periodEnd": "2026-12-01T00:00:00.000Z",
    "features": {
        "messages": {
            "limit": 5000,
            "used": 1204,
            "reserved": 300,
            "remaining": 3496,
            "resetDate": "2026-12-01T00:00:00.000Z",
        },
        "seats": {"limit": 3, "used": 2, "reserved": 0, "remaining": 1, "resetDate": None},
    },
    "messages": {
        "available": 28496,
        "reserved": 300,
        "debt": 0,
        "grants": [
            {
                "source": "pack",
                "remaining": 25000,
                "amount": 25000,
                "expiresAt": None,
                "grantedAt": "2026-11-02T10:11:12.000Z",
            }
        ],
    },
    "ai": {"budget": "10.00", "spent": "1.2345678901", "reserved": "0", "currency": "USD"},
}


class UsageViewSet(HuntazeViewSet):
    capabilities = {"read": "billing.view"}

    @extend_schema(
        operation_id="billing_usage",
        summary="What was used in this period, and what is left",
        description="`ai_budget` among the features is in units of 10⁻¹⁰ USD; `ai` says the same in dollars.",
        tags=["Billing"],
        responses=UsageOutput,
        examples=[OpenApiExample("Pro with a pack", value=EXAMPLE, response_only=True)],
    )
    def read(self, request: Request) -> Response:
        found = usage(self.principal.workspace_pk, clock.now())
        budget = found.features[Feature.AI_BUDGET]
        return Response(
            {
                "period_start": clock.iso(found.standing.period_start),
                "period_end": clock.iso(found.standing.period_end),
                "features": {str(feature): _used(row) for feature, row in found.features.items()},
                "messages": {
                    "available": found.available,
                    "reserved": found.messages.reserved,
                    "debt": found.messages.debt,
                    "grants": [_grant(row) for row in found.grants],
                },
                "ai": {
                    "budget": None if budget.limit is None else format(dollars(budget.limit), "f"),
                    "spent": format(dollars(budget.used), "f"),
                    "reserved": format(dollars(budget.reserved), "f"),
                    "currency": "USD",
                },
            }
        )


def _used(row: Used) -> dict[str, Any]:
    return {
        "limit": row.limit,
        "used": row.used,
        "reserved": row.reserved,
        "remaining": row.remaining,
        "reset_date": clock.iso(row.resets_at) if row.resets_at else None,
    }


def _grant(row: Grant) -> dict[str, Any]:
    return {
        "source": row.source,
        "remaining": row.remaining,
        "amount": row.amount,
        "expires_at": clock.iso(row.expires_at) if row.expires_at else None,
        "granted_at": clock.iso(row.granted_at),
    }
