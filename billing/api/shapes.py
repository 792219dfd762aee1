"""What the billing API takes and gives."""

from typing import Any

from rest_framework import serializers

from billing.types import Access, Interval

INTERVALS = [str(interval) for interval in Interval]


class CheckoutInput(serializers.Serializer[Any]):
    plan = serializers.CharField(max_length=20)
    interval = serializers.ChoiceField(choices=INTERVALS, default="month")
    currency = serializers.RegexField(r"^[A-Za-z]{3}$", default="USD")


class PackInput(serializers.Serializer[Any]):
    pack = serializers.CharField(max_length=20)


class PortalInput(serializers.Serializer[Any]):
    return_path = serializers.RegexField(
        r"^/(?![/\\])[A-Za-z0-9/_\-]*$",
        max_length=200,
        default="/billing",
        help_text="A path of ours, never an address.",
    )


class PlanInput(serializers.Serializer[Any]):
    plan = serializers.CharField(max_length=20)
    interval = serializers.ChoiceField(choices=INTERVALS, default="month")


class PlanChangeInput(PlanInput):
    proration_date = serializers.IntegerField(
        required=False, allow_null=True, default=None, min_value=0, max_value=4_000_000_000,
        help_text="The preview's, so that what was shown is what is charged.",
    )  # fmt: skip


class CheckoutOutput(serializers.Serializer[Any]):
    url = serializers.CharField(help_text="Stripe's page, for the person who pays.")
    request_id = serializers.CharField()


class PortalOutput(serializers.Serializer[Any]):
    url = serializers.CharField()


class ChangeLineOutput(serializers.Serializer[Any]):
    description = serializers.CharField()
    amount = serializers.DecimalField(max_digits=20, decimal_places=2)


class ChangePreviewOutput(serializers.Serializer[Any]):
    amount_due = serializers.DecimalField(max_digits=20, decimal_places=2)
    currency = serializers.CharField()
    proration_date = serializers.IntegerField()
    lines = ChangeLineOutput(many=True)
    effective = serializers.ChoiceField(choices=["now", "period_end"])


class ChangeOutput(serializers.Serializer[Any]):
    effective = serializers.ChoiceField(choices=["now", "period_end"])


class DoneOutput(serializers.Serializer[Any]):
    success = serializers.BooleanField()


class CardOutput(serializers.Serializer[Any]):
    brand = serializers.CharField()
    last4 = serializers.CharField()
    exp_month = serializers.IntegerField()
    exp_year = serializers.IntegerField()


class PendingOutput(serializers.Serializer[Any]):
    plan = serializers.CharField()
    interval = serializers.CharField()
    at = serializers.DateTimeField(allow_null=True)


class SubscriptionOutput(serializers.Serializer[Any]):
    plan = serializers.CharField(help_text="The plan in force.")
    status = serializers.CharField(help_text="Stripe's word; `none` without a subscription.")
    access = serializers.ChoiceField(choices=[str(access) for access in Access])
    interval = serializers.CharField(allow_null=True)
    amount = serializers.DecimalField(max_digits=20, decimal_places=2, allow_null=True)
    currency = serializers.CharField(allow_null=True)
    current_period_start = serializers.DateTimeField()
    current_period_end = serializers.DateTimeField()
    cancel_at_period_end = serializers.BooleanField()
    trial_end = serializers.DateTimeField(allow_null=True)
    grace_ends_at = serializers.DateTimeField(allow_null=True)
    pending_change = PendingOutput(allow_null=True)
    payment_method = CardOutput(allow_null=True)
    limits = serializers.DictField(
        child=serializers.JSONField(), help_text="By feature: a number, null for unlimited, or a flag."
    )


class InvoiceOutput(serializers.Serializer[Any]):
    id = serializers.CharField()
    number = serializers.CharField(allow_blank=True)
    date = serializers.DateTimeField()
    total = serializers.DecimalField(max_digits=20, decimal_places=2)
    currency = serializers.CharField()
    status = serializers.CharField()
    url = serializers.CharField(allow_blank=True)
    pdf = serializers.CharField(allow_blank=True)


class InvoicesOutput(serializers.Serializer[Any]):
    invoices = InvoiceOutput(many=True)
    total = serializers.IntegerField()
    limit = serializers.IntegerField()
    offset = serializers.IntegerField()
