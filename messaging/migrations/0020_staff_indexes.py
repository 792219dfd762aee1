"""What staff look for among many rows: a fan by name or by the platform's id alone, and messages set aside.

Built beside a running queue.
"""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import F, Q

WANTED = [
    ("fan", models.Index(fields=["name_digest"], condition=Q(name_digest__isnull=False), name="fan_by_name")),
    ("fan", models.Index(fields=["platform_user_id"], name="fan_by_platform_id")),
    (
        "delivery",
        models.Index(
            "state",
            F("id").desc(),
            condition=Q(state__in=["failed", "uncertain", "held", "cancelled"]),
            name="delivery_set_aside",
        ),
    ),
]


def built(model, index):
    """Begun again after it was broken off, it drops what is half built."""
    return [
        migrations.RunSQL(f"DROP INDEX CONCURRENTLY IF EXISTS {index.name}", migrations.RunSQL.noop),
        AddIndexConcurrently(model, index),
    ]


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("messaging", "0019_dead_letter_runs")]
    operations = [
        migrations.RunSQL("SET statement_timeout = 0", "SET statement_timeout = 0"),
        *(operation for one in WANTED for operation in built(*one)),
        migrations.RunSQL("RESET statement_timeout", "RESET statement_timeout"),
    ]
