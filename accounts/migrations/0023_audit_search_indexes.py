"""Indexes behind the staff's search of the audit log over all workspaces: by time, and by action."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("accounts", "0022_audit_proofs")]

    operations = [
        migrations.RunSQL("SET statement_timeout = 0", "SET statement_timeout = 0"),
        migrations.RunSQL("DROP INDEX CONCURRENTLY IF EXISTS audit_by_time", migrations.RunSQL.noop),
        migrations.RunSQL("DROP INDEX CONCURRENTLY IF EXISTS audit_by_any_action", migrations.RunSQL.noop),
        AddIndexConcurrently("auditevent", models.Index(fields=["-at", "-id"], name="audit_by_time")),
        AddIndexConcurrently(
            "auditevent", models.Index(fields=["action", "-at", "-id"], name="audit_by_any_action")
        ),
        migrations.RunSQL("RESET statement_timeout", "RESET statement_timeout"),
    ]
