"""Deliveries that are not through, by their last error: staff ask for one among a million rows.

Built beside a running queue.
"""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import F, Q

WANTED = models.Index(
    "last_error",
    F("id").desc(),
    condition=Q(state__in=["failed", "uncertain", "scheduled", "queued"]) & ~Q(last_error=""),
    name="delivery_by_error",
)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("messaging", "0023_demos")]
    operations = [
        migrations.RunSQL("SET statement_timeout = 0", "SET statement_timeout = 0"),
        # Begun again after it was broken off, it drops what is half built.
        migrations.RunSQL(f"DROP INDEX CONCURRENTLY IF EXISTS {WANTED.name}", migrations.RunSQL.noop),
        AddIndexConcurrently("delivery", WANTED),
        migrations.RunSQL("RESET statement_timeout", "RESET statement_timeout"),
    ]
