"""Names and handles can be found by a part of them, or by something close, without reading every row.

The indexes stand on what `icontains` asks for, so that the lists of the staff's pages use them as well.
"""

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.operations import AddIndexConcurrently, TrigramExtension
from django.db import migrations
from django.db.models.functions import Upper


def like(model, column, name):
    """Begun again after it was broken off, it drops what is half built."""
    index = GinIndex(OpClass(Upper(column), "gin_trgm_ops"), name=name)
    return [
        migrations.RunSQL(f"DROP INDEX CONCURRENTLY IF EXISTS {name}", migrations.RunSQL.noop),
        AddIndexConcurrently(model, index),
    ]


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("accounts", "0024_failed_sign_ins")]
    operations = [
        TrigramExtension(),
        migrations.RunSQL("SET statement_timeout = 0", "SET statement_timeout = 0"),
        *like("workspace", "name", "workspace_name_like"),
        *like("creator", "stage_name", "creator_name_like"),
        *like("platformaccount", "handle", "platform_account_handle_like"),
        migrations.RunSQL("RESET statement_timeout", "RESET statement_timeout"),
    ]
