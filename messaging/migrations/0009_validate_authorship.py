"""Check the rows that were there before, without a lock that stops writers."""

from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("messaging", "0008_campaign_authorship")]
    operations = [
        migrations.RunSQL(
            "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '5s'", migrations.RunSQL.noop
        ),
        ValidateConstraint("message", "message_out_needs_approval"),
    ]
