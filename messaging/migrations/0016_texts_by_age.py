"""Texts by age, for the day on which they are over: rows without a text are not in the index. Built beside a queue at
work; a build that was broken off leaves an invalid index of its name behind, so each begins by dropping it."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import Q

DROP = "DROP INDEX CONCURRENTLY IF EXISTS {}"
HAS_TEXT = ~Q(text_digest=bytes(32))


class Migration(migrations.Migration):
    atomic = False
    dependencies = [
        ("messaging", "0015_campaign_bounds"),
    ]
    operations = [
        migrations.RunSQL("SET statement_timeout = 0", "RESET statement_timeout"),
        migrations.RunSQL(DROP.format("campaign_with_text"), migrations.RunSQL.noop),
        AddIndexConcurrently(
            "campaign",
            models.Index(fields=["ended_at"], condition=HAS_TEXT, name="campaign_with_text"),
        ),
        migrations.RunSQL(DROP.format("message_with_text"), migrations.RunSQL.noop),
        AddIndexConcurrently(
            "message",
            models.Index(fields=["workspace", "created_at"], condition=HAS_TEXT, name="message_with_text"),
        ),
        migrations.RunSQL("RESET statement_timeout", "SET statement_timeout = 0"),
    ]
