"""Shapes of the messaging API."""

from decimal import Decimal
from typing import Any

from rest_framework import serializers

from messaging.models import Delivery
from messaging.rules import content as limits
from messaging.rules import lanes
from messaging.types import SendCommand


class StrictText(serializers.CharField):
    """Text only: a number or a flag is an error, not a text."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return str(super().to_internal_value(data))


class ClosedSerializer(serializers.Serializer[Any]):
    """A field that is not known is an error, so that nobody believes it was heeded."""

    def to_internal_value(self, data: Any) -> Any:
        unknown = sorted(set(data) - set(self.fields)) if isinstance(data, dict) else []
        if unknown:
            raise serializers.ValidationError({name: ["Unknown field."] for name in unknown})
        return super().to_internal_value(data)


class PriceField(serializers.DecimalField):
    """Plain decimal text or a JSON number; an empty text is a mistake, not a free message."""

    def to_internal_value(self, data: Any) -> Decimal:
        if isinstance(data, bool) or (isinstance(data, str) and not limits.PRICE.fullmatch(data)):
            self.fail("invalid")
        return super().to_internal_value(data)

    def validate_empty_values(self, data: Any) -> tuple[bool, Any]:
        if data == "":
            self.fail("invalid")
        return super().validate_empty_values(data)


class SendInput(serializers.Serializer[Any]):
    recipient_id = StrictText(
        max_length=60, help_text="A fan's public id (`fan_…`) or the platform's fan id."
    )
    content = StrictText(
        max_length=limits.MOST_CHARACTERS, allow_blank=True, trim_whitespace=False, help_text="Plain text."
    )
    priority = serializers.IntegerField(
        min_value=lanes.HIGHEST,
        max_value=lanes.LOWEST,
        default=lanes.DEFAULT,
        help_text="1 is the highest, 9 the lowest.",
    )
    account_id = StrictText(
        max_length=60, required=False, help_text="Needed only with several accounts (`acc_…`)."
    )
    scheduled_at = serializers.DateTimeField(
        required=False, allow_null=True, help_text="Not before this time."
    )
    price = PriceField(
        max_digits=8,
        decimal_places=2,
        required=False,
        allow_null=True,
        help_text="0, or 3 to 200 with media.",
    )
    locked_text = serializers.BooleanField(default=False)
    media_ids = serializers.ListField(
        child=StrictText(max_length=100), default=list, max_length=limits.MOST_MEDIA
    )


#: Checks any number of bodies at once, as it keeps nothing of them: making one copies all of its fields, which was a
#: tenth of a request.
_SEND = SendInput()


def send_command(body: Any) -> SendCommand:
    """What a body asks for; raises ValidationError."""
    data = _SEND.run_validation(body)
    return SendCommand(
        recipient_id=data["recipient_id"],
        content=data["content"],
        priority=data["priority"],
        account_id=data.get("account_id"),
        scheduled_at=data.get("scheduled_at"),
        price=data.get("price"),
        is_locked_text=data["locked_text"],
        media_ids=tuple(data["media_ids"]),
    )


class QueuedOutput(serializers.Serializer[Any]):
    message_id = serializers.CharField()
    status = serializers.ChoiceField(choices=["queued"])
    queued_at = serializers.DateTimeField()
    estimated_send_time = serializers.DateTimeField()
    message = serializers.CharField()


class TestOutput(serializers.Serializer[Any]):
    status = serializers.ChoiceField(choices=["ok"])
    timestamp = serializers.DateTimeField()


class QueueOutput(serializers.Serializer[Any]):
    depth = serializers.IntegerField()
    in_flight = serializers.IntegerField()
    dlq_count = serializers.IntegerField()
    total = serializers.IntegerField()


class ProcessingOutput(serializers.Serializer[Any]):
    estimated_time_seconds = serializers.IntegerField()
    rate_limit = serializers.CharField()
    last_processed_at = serializers.DateTimeField(allow_null=True)


class HealthOutput(serializers.Serializer[Any]):
    status = serializers.ChoiceField(choices=["healthy", "degraded", "unhealthy"])
    message = serializers.CharField()


class StatusOutput(serializers.Serializer[Any]):
    queue = QueueOutput()
    processing = ProcessingOutput()
    health = HealthOutput()
    timestamp = serializers.DateTimeField()


class FailedMessageOutput(serializers.Serializer[Any]):
    id = serializers.CharField()
    account_id = serializers.CharField()
    recipient_id = serializers.CharField()
    content = serializers.CharField()
    status = serializers.ChoiceField(choices=["failed"])
    priority = serializers.IntegerField()
    attempts = serializers.IntegerField()
    last_error = serializers.CharField()
    queued_at = serializers.DateTimeField()
    failed_at = serializers.DateTimeField(allow_null=True)


class FailedOutput(serializers.Serializer[Any]):
    messages = FailedMessageOutput(many=True)
    total = serializers.IntegerField()
    limit = serializers.IntegerField()
    offset = serializers.IntegerField()


class RetriedOutput(serializers.Serializer[Any]):
    success = serializers.BooleanField()
    message_id = serializers.CharField()
    status = serializers.ChoiceField(choices=["queued"])
    queued_at = serializers.DateTimeField()


def failed_message(delivery: Delivery) -> dict[str, Any]:
    """One dead letter as the wire shows it."""
    return {
        "id": delivery.reference,
        "account_id": delivery.account.public_id,
        "recipient_id": delivery.fan.public_id,
        "content": delivery.written.text.reveal(),
        "status": "failed",
        "priority": delivery.priority,
        "attempts": delivery.attempts,
        "last_error": delivery.last_error,
        "queued_at": delivery.queued_at,
        "failed_at": delivery.answered_at,
    }
