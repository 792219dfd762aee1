"""Indexes that no query reads are dropped: each was written with every claim and every answer.

What is looked for by parent goes by delivery_by_account, message_by_conversation or a partial index; answers are indexed
once there are any, so that rows in the queue are not. Built and dropped beside a running queue.
"""

from django.conf import settings
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import F, Q
from django.db.models.deletion import PROTECT

MEMBER = {"to": "accounts.membership", "on_delete": PROTECT, "null": True, "related_name": "+"}
#: Table, column, the name that Django gave its index, and the field without it.
UNREAD = [
    ("delivery", "workspace", "messaging_delivery_workspace_id_f83bda42", {"to": settings.WORKSPACE_MODEL}),
    ("delivery", "account", "messaging_delivery_account_id_cfad0b70", {"to": "accounts.platformaccount"}),
    ("message", "workspace", "messaging_message_workspace_id_88c47f7c", {"to": settings.WORKSPACE_MODEL}),
    ("message", "account", "messaging_message_account_id_21900bb3", {"to": "accounts.platformaccount"}),
    (
        "message",
        "conversation",
        "messaging_message_conversation_id_3db4d3d1",
        {"to": "messaging.conversation", "related_name": "messages"},
    ),
    ("message", "author", "messaging_message_author_id_40198c92", MEMBER),
    ("message", "approved_by", "messaging_message_approved_by_id_ef20196f", MEMBER),
]


def unread(model, column, index, options):
    options = {"on_delete": PROTECT, "related_name": "+"} | options
    return migrations.SeparateDatabaseAndState(
        database_operations=[
            migrations.RunSQL(
                f"DROP INDEX CONCURRENTLY IF EXISTS {index}",
                f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {index} ON messaging_{model} ({column}_id)",
            )
        ],
        state_operations=[
            migrations.AlterField(model, column, models.ForeignKey(db_index=False, **options))
        ],
    )


def dropped(name, columns):
    """Begun again after it was broken off, it finds nothing left to drop."""
    return migrations.SeparateDatabaseAndState(
        database_operations=[
            migrations.RunSQL(
                f"DROP INDEX CONCURRENTLY IF EXISTS {name}",
                f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {name} ON messaging_delivery {columns}",
            )
        ],
        state_operations=[migrations.RemoveIndex("delivery", name)],
    )


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("messaging", "0012_erased_fans")]
    operations = [
        migrations.RunSQL("SET statement_timeout = 0", "SET statement_timeout = 0"),
        migrations.RunSQL("DROP INDEX CONCURRENTLY IF EXISTS delivery_by_answer", migrations.RunSQL.noop),
        AddIndexConcurrently(
            "delivery",
            models.Index(
                "account",
                F("answered_at").desc(),
                condition=Q(answered_at__isnull=False),
                name="delivery_by_answer",
            ),
        ),
        dropped("delivery_answered", "(account_id, answered_at DESC)"),
        dropped("delivery_recent", "(answered_at) WHERE answered_at IS NOT NULL"),
        dropped("delivery_in_flight", "(leased_until) WHERE state = 'sending'"),
        *(unread(*one) for one in UNREAD),
        migrations.RunSQL("RESET statement_timeout", "RESET statement_timeout"),
    ]
