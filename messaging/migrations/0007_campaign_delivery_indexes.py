"""The indexes behind a campaign's figures and behind "never twice to a fan", built while the queue goes on."""
from django.contrib.postgres.operations import AddIndexConcurrently, ValidateConstraint
from django.db import migrations, models
from django.db.models import Q

CREATE = """
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS delivery_once_a_campaign
    ON messaging_delivery (fan_id, campaign_id) WHERE campaign_id IS NOT NULL
"""


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("messaging", "0006_campaign_deliveries")]
    operations = [
        AddIndexConcurrently(
            "delivery",
            models.Index(
                fields=["campaign", "state"], condition=Q(campaign__isnull=False), name="delivery_of_campaign"
            ),
        ),
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(CREATE, "DROP INDEX CONCURRENTLY IF EXISTS delivery_once_a_campaign")
            ],
            state_operations=[
                migrations.AddConstraint(
                    "delivery",
                    models.UniqueConstraint(
                        fields=["fan", "campaign"],
                        condition=Q(campaign__isnull=False),
                        name="delivery_once_a_campaign",
                    ),
                )
            ],
        ),
        ValidateConstraint("delivery", "delivery_has_text"),
    ]
