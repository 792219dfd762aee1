"""Shapes of outgoing webhooks over the API: what is sent, and what is shown."""

from typing import Any

from rest_framework import serializers

from accounts.models import WebhookDelivery, WebhookSubscription
from accounts.rules.webhooks import EventKind
from accounts.services.webhooks.events import event_id
from huntaze.kernel.outbox import State

KINDS = [str(kind) for kind in EventKind]
STATUSES = {
    State.QUEUED: "waiting",
    State.WORKING: "under_way",
    State.DONE: "delivered",
    State.FAILED: "failed",
}


class EndpointInput(serializers.Serializer[Any]):
    url = serializers.CharField(max_length=2000)
    events = serializers.ListField(
        child=serializers.ChoiceField(choices=KINDS), min_length=1, max_length=len(KINDS)
    )
    description = serializers.CharField(max_length=80, required=False, allow_blank=True, default="")


class EndpointChange(serializers.Serializer[Any]):
    url = serializers.CharField(max_length=2000, required=False)
    events = serializers.ListField(
        child=serializers.ChoiceField(choices=KINDS), min_length=1, max_length=len(KINDS), required=False
    )
    description = serializers.CharField(max_length=80, required=False, allow_blank=True)
    is_enabled = serializers.BooleanField(required=False)


class OverlapInput(serializers.Serializer[Any]):
    overlap_hours = serializers.IntegerField(min_value=0, max_value=168, default=24)


class SinceInput(serializers.Serializer[Any]):
    since = serializers.DateTimeField()


class EndpointOutput(serializers.Serializer[Any]):
    id = serializers.CharField()
    url = serializers.CharField()
    events = serializers.ListField(child=serializers.ChoiceField(choices=KINDS))
    description = serializers.CharField(allow_blank=True)
    is_enabled = serializers.BooleanField()
    disabled_reason = serializers.ChoiceField(choices=["", "by_member", "gone", "failing"])
    failing_since = serializers.DateTimeField(allow_null=True)
    old_secret_until = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()


class NewEndpointOutput(EndpointOutput):
    secret = serializers.CharField(help_text="For checking signatures. It is shown here and never again.")


class EndpointsOutput(serializers.Serializer[Any]):
    endpoints = EndpointOutput(many=True)
    total = serializers.IntegerField()
    limit = serializers.IntegerField()
    offset = serializers.IntegerField()


class TryOutput(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    status = serializers.IntegerField(allow_null=True)
    error = serializers.CharField(allow_blank=True)
    ms = serializers.IntegerField()


class WebhookDeliveryOutput(serializers.Serializer[Any]):
    id = serializers.CharField()
    event_id = serializers.CharField(help_text="Sent as `webhook-id`, the same at every attempt.")
    event = serializers.CharField()
    body = serializers.CharField(help_text="The text that is signed and sent.")
    status = serializers.ChoiceField(choices=sorted(STATUSES.values()))
    reason = serializers.CharField(allow_blank=True)
    next_attempt_at = serializers.DateTimeField(allow_null=True)
    attempts = TryOutput(many=True)
    queued_at = serializers.DateTimeField()


class WebhookDeliveriesOutput(serializers.Serializer[Any]):
    deliveries = WebhookDeliveryOutput(many=True)
    total = serializers.IntegerField()
    limit = serializers.IntegerField()
    offset = serializers.IntegerField()


class WebhookCountOutput(serializers.Serializer[Any]):
    queued = serializers.IntegerField()


def shown(row: WebhookSubscription) -> dict[str, Any]:
    return {
        "id": row.public_id,
        "url": row.url.reveal(),
        "events": row.events,
        "description": row.description,
        "is_enabled": row.disabled_at is None,
        "disabled_reason": row.disabled_reason,
        "failing_since": row.failing_since,
        "old_secret_until": row.old_secret_until,
        "created_at": row.created_at,
    }


def told(row: WebhookDelivery) -> dict[str, Any]:
    return {
        "id": row.public_id,
        "event_id": event_id(row.event_uid),
        "event": row.kind,
        "body": row.body,
        "status": STATUSES[State(row.state)],
        "reason": row.last_error,
        "next_attempt_at": row.available_at if row.state == State.QUEUED else None,
        "attempts": row.tries,
        "queued_at": row.queued_at,
    }
