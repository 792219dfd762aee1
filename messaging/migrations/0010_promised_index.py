"""The index behind the age of the oldest broken promise, built while the queue goes on."""
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("messaging", "0009_validate_authorship")]
    operations = [
        migrations.RunSQL("SET statement_timeout = 0", "SET statement_timeout = 0"),
        migrations.RunSQL("DROP INDEX CONCURRENTLY IF EXISTS delivery_promised", migrations.RunSQL.noop),
        AddIndexConcurrently(
            "delivery",
            models.Index("account", "promised_at", condition=Q(state="queued"), name="delivery_promised"),
        ),
        migrations.RunSQL("RESET statement_timeout", "RESET statement_timeout"),
    ]
