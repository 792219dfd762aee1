"""The indexes behind a campaign's figures and behind "never twice to a fan", built while the queue goes on.

A build that was broken off leaves an invalid index of its name behind, so each begins by dropping what is there. Builds
take as long as they take; the checks wait for their lock 5 seconds, not to hold up those who come after them.
"""

from django.contrib.postgres.operations import AddIndexConcurrently, ValidateConstraint
from django.db import migrations, models
from django.db.models import Q

DROP = "DROP INDEX CONCURRENTLY IF EXISTS {}"
CREATE = """
CREATE UNIQUE INDEX CONCURRENTLY delivery_once_a_campaign
    ON messaging_delivery (fan_id, campaign_id) WHERE campaign_id IS NOT NULL
"""


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("messaging", "0006_campaign_deliveries")]
    operations = [
        migrations.RunSQL("SET statement_timeout = 0", "RESET statement_timeout"),
        migrations.RunSQL(DROP.format("delivery_of_campaign"), migrations.RunSQL.noop),
        AddIndexConcurrently(
            "delivery",
            models.Index(
                fields=["campaign", "state"], condition=Q(campaign__isnull=False), name="delivery_of_campaign"
            ),
        ),
        migrations.RunSQL(DROP.format("delivery_once_a_campaign"), migrations.RunSQL.noop),
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(CREATE, DROP.format("delivery_once_a_campaign"))],
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
        migrations.RunSQL("SET lock_timeout = '5s'", migrations.RunSQL.noop),
        ValidateConstraint("delivery", "delivery_has_text"),
        migrations.RunSQL("RESET lock_timeout; RESET statement_timeout", "SET statement_timeout = 0"),
    ]
