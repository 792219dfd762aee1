"""Indexes behind what staff search by, built while the queue goes on."""
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import Q

INDEXES = [
    (
        "message",
        models.Index(
            fields=["platform_message_id"],
            condition=Q(platform_message_id__isnull=False),
            name="message_by_platform_id",
        ),
    ),
    ("inboundevent", models.Index("event_key", name="inbound_by_key")),
    ("inboundevent", models.Index("trace_id", name="inbound_by_trace")),
    ("inboundevent", models.Index("account_external_id", name="inbound_by_account")),
]


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("messaging", "0010_promised_index")]
    operations = [
        migrations.RunSQL("SET statement_timeout = 0", "SET statement_timeout = 0"),
        *(
            migrations.RunSQL(f"DROP INDEX CONCURRENTLY IF EXISTS {index.name}", migrations.RunSQL.noop)
            for _, index in INDEXES
        ),
        *(AddIndexConcurrently(model, index) for model, index in INDEXES),
        migrations.RunSQL("RESET statement_timeout", "RESET statement_timeout"),
    ]
