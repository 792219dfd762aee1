"""Payments of an account by time, for the sums of the dashboard; built beside a queue at work."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("messaging", "0021_names_of_fans")]
    operations = [
        migrations.RunSQL("SET statement_timeout = 0", "RESET statement_timeout"),
        migrations.RunSQL("DROP INDEX CONCURRENTLY IF EXISTS fan_signal_by_time", migrations.RunSQL.noop),
        AddIndexConcurrently(
            "fansignal",
            models.Index(fields=["account", "-occurred_at"], name="fan_signal_by_time"),
        ),
        migrations.RunSQL("RESET statement_timeout", "SET statement_timeout = 0"),
    ]
