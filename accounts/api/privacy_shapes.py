"""Shapes of exports and erasures over the API: what is sent, and what is shown."""

from typing import Any

from rest_framework import serializers

from accounts.models import PrivacyRequest
from accounts.services.privacy import downloads, holds, requests
from accounts.types import PrivacyScope

SCOPES = [scope.value for scope in PrivacyScope]


class ExportInput(serializers.Serializer[Any]):
    scope = serializers.ChoiceField(choices=SCOPES)
    id = serializers.CharField(max_length=40, required=False, help_text="`crt_…` or `fan_…`.")


class ErasureInput(ExportInput):
    at_once = serializers.BooleanField(
        default=False, help_text="No grace: answers a legal request; needs a reason."
    )
    reason = serializers.CharField(max_length=200, default="", allow_blank=True)


class PlannedOutput(serializers.Serializer[Any]):
    what = serializers.CharField()
    count = serializers.IntegerField()
    kept = serializers.BooleanField()
    reason = serializers.CharField(allow_blank=True)
    until = serializers.CharField(allow_blank=True)


class ErasurePlanOutput(serializers.Serializer[Any]):
    lines = PlannedOutput(many=True)
    runs_at = serializers.DateTimeField()
    held = serializers.BooleanField(help_text="A legal hold stands: nothing is erased until it is released.")


class RequestOutput(serializers.Serializer[Any]):
    id = serializers.CharField()
    kind = serializers.ChoiceField(choices=["export", "erase"])
    scope = serializers.ChoiceField(choices=SCOPES)
    target = serializers.CharField()
    status = serializers.ChoiceField(choices=["queued", "working", "done", "failed", "cancelled"])
    asked_at = serializers.DateTimeField()
    answer_by = serializers.DateTimeField()
    runs_at = serializers.DateTimeField()
    done = serializers.IntegerField()
    total = serializers.IntegerField()
    ended_at = serializers.DateTimeField(allow_null=True)
    files_until = serializers.DateTimeField(allow_null=True)
    receipt = serializers.DictField()
    held = serializers.BooleanField(help_text="A legal hold makes this erasure wait.")


class RequestsOutput(serializers.Serializer[Any]):
    requests = RequestOutput(many=True)
    total = serializers.IntegerField()
    limit = serializers.IntegerField()
    offset = serializers.IntegerField()


class LinkOutput(serializers.Serializer[Any]):
    url = serializers.CharField()
    expires_at = serializers.DateTimeField()


def shown(row: PrivacyRequest, is_held: bool | None = None) -> dict[str, Any]:
    is_waiting = row.kind == "erase" and row.state in requests.OPEN
    if is_held is None:
        is_held = is_waiting and holds.is_held(row.workspace_id)
    has_files = row.kind == "export" and row.state == "done"
    return {
        "id": row.public_id,
        "kind": row.kind,
        "scope": row.scope,
        "target": row.target_id,
        "status": row.state,
        "asked_at": row.asked_at,
        "answer_by": row.answer_by,
        "runs_at": row.available_at,
        "done": row.done_count,
        "total": row.total_count,
        "ended_at": row.ended_at,
        "files_until": downloads.files_until(row) if has_files else None,
        "receipt": row.receipt,
        "held": is_waiting and is_held,
    }
