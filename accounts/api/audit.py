"""`/api/audit`: the workspace's audit log, for those who may see it."""

from datetime import datetime
from typing import Any

from django.utils.dateparse import parse_datetime
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.selectors.audit import AuditFilter, audit_page, shown
from huntaze.kernel.api.pagination import page_of
from huntaze.kernel.api.views import HuntazeViewSet
from huntaze.kernel.errors import FieldError, Invalid


class AuditActorOutput(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=["member", "key", "staff", "system"])
    name = serializers.CharField(allow_null=True)
    member_id = serializers.CharField(allow_null=True)
    key_id = serializers.CharField(allow_null=True)
    on_behalf_of = serializers.CharField(
        allow_null=True, help_text="The member through whose eyes staff looked."
    )


class AuditEventOutput(serializers.Serializer[Any]):
    id = serializers.CharField()
    at = serializers.DateTimeField()
    action = serializers.CharField()
    target = serializers.CharField(allow_null=True)
    actor = AuditActorOutput()
    changes = serializers.DictField()
    reason = serializers.CharField(allow_null=True)
    request_id = serializers.CharField()
    ip = serializers.IPAddressField(allow_null=True)


class AuditOutput(serializers.Serializer[Any]):
    events = AuditEventOutput(many=True)
    total = serializers.IntegerField(help_text="Counted to 10,001 and no further.")
    limit = serializers.IntegerField()
    next_cursor = serializers.CharField(allow_blank=True)


FILTERS = [
    OpenApiParameter("action", str, description="Exactly this one, such as `key.created`."),
    OpenApiParameter(
        "actor",
        str,
        description="A member (`mbr_…`), staff on their behalf included, or an API key (`key_…`).",
    ),
    OpenApiParameter("target", str, description="The public id of what was acted on."),
    OpenApiParameter("requestId", str, description="Everything that one request caused."),
    OpenApiParameter("from", datetime, description="Not before this time."),
    OpenApiParameter("to", datetime, description="Before this time."),
    OpenApiParameter("limit", int, description="1 to 200, default 50."),
    OpenApiParameter("cursor", str, description="`nextCursor` of the page before."),
]


class AuditViewSet(HuntazeViewSet):
    capabilities = {"list": "audit.view"}

    @extend_schema(
        operation_id="audit_list",
        summary="Who did what, when and from where; newest first",
        tags=["Audit"],
        parameters=FILTERS,
        responses=AuditOutput,
    )
    def list(self, request: Request) -> Response:
        limit = page_of(request).limit
        ask = request.query_params
        wanted = AuditFilter(
            action=_text(ask.get("action", ""), "action"),
            actor=_text(ask.get("actor", ""), "actor"),
            target=_text(ask.get("target", ""), "target"),
            trace_id=_text(ask.get("requestId", ""), "requestId"),
            since=_moment(request, "from"),
            until=_moment(request, "to"),
        )
        page = audit_page(wanted, limit=limit, cursor=ask.get("cursor", ""))
        return Response(
            {
                "events": [shown(row) for row in page.rows],
                "total": page.total,
                "limit": limit,
                "next_cursor": page.next_cursor,
            }
        )


def _text(value: str, name: str) -> str:
    if "\0" in value or len(value) > 200:
        raise Invalid(FieldError(name, "This can't be looked for."))
    return value


def _moment(request: Request, name: str) -> datetime | None:
    text = request.query_params.get(name)
    if text is None:
        return None
    try:
        moment = parse_datetime(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise Invalid(FieldError(name, "Use a time with its zone, such as 2026-11-21T12:00:00Z."))
    return moment
