"""Messages written by a campaign need their approver like every other."""
from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models
from django.db.models import Q

KINDS = ["human", "api", "campaign", "platform", "unknown"]


class Migration(migrations.Migration):
    dependencies = [("messaging", "0007_campaign_delivery_indexes")]
    operations = [
        migrations.AlterField(
            "message", "author_kind", models.CharField(choices=[(kind, kind) for kind in KINDS], max_length=10)
        ),
        migrations.RemoveConstraint("message", "message_out_needs_approval"),
        AddConstraintNotValid(
            "message",
            models.CheckConstraint(
                condition=~Q(direction="out", author_kind__in=["human", "api", "campaign"])
                | Q(approved_by__isnull=False),
                name="message_out_needs_approval",
            ),
        ),
    ]
