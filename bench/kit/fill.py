"""Rows by the million, made inside the database, for figures that no text is read for."""

from collections.abc import Sequence
from typing import Any

from django.db import connection

from bench.kit import rows
from messaging.models import Delivery, Message

#: Looks like a sealed text and opens nowhere.
SEALED = "v1.1." + "A" * 16 + "." + "A" * 208
_MESSAGES = {
    "id": "k", "uid": "huntaze_uuid7()", "workspace_id": "c.workspace_id", "account_id": "c.account_id",
    "conversation_id": "c.id", "direction": "'out'", "author_kind": "'api'", "author_id": "%(member)s",
    "approved_by_id": "%(member)s", "approved_at": "now()", "text": "%(text)s", "text_digest": "%(digest)s",
    "created_at": "now()", "media_ids": "'[]'",
}  # fmt: skip
_DELIVERIES = {
    "id": "k", "uid": "huntaze_uuid7()", "workspace_id": "c.workspace_id", "account_id": "c.account_id",
    "fan_id": "c.fan_id", "message_id": "k - %(shift)s", "state": "%(state)s", "lane": "'bulk'",
    "priority": "5 + k %% 5",
    "available_at": "now()", "queued_at": "now()", "promised_at": "now() + k %% 3600 * interval '1 second'",
    "answered_at": "CASE WHEN %(state)s = 'sent' THEN now() - k %% 86400 * interval '1 second' END",
}  # fmt: skip


def fill(found: Sequence[rows.Desk], count: int, state: str) -> None:
    """`count` rows in a state, spread over the fans of these desks in turn."""
    if not count:
        return
    messages, deliveries = rows.ids(Message, count), rows.ids(Delivery, count)
    values = {
        "talks": len(found) * len(found[0].conversations),
        "talk": found[0].conversations[0],
        "member": found[0].member,
        "text": SEALED,
        "digest": bytes(32),
        "state": state,
        "shift": deliveries[0] - messages[0],
    }
    _insert(Message, _MESSAGES, messages, values)
    _insert(Delivery, _DELIVERIES, deliveries, values)
    rows.analyze("messaging_message", "messaging_delivery")


def _insert(model: Any, given: dict[str, str], keys: range, values: dict[str, Any]) -> None:
    rest = {f"d_{name}": value for name, value in rows.defaults(model, list(given)).items()}
    columns = [*given, *(name.removeprefix("d_") for name in rest)]
    picked = [*given.values(), *(f"%({name})s" for name in rest)]
    with rows.unchecked(), connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {model._meta.db_table} ({', '.join(columns)}) SELECT {', '.join(picked)}"
            "  FROM generate_series(%(first)s, %(last)s) AS k"
            "  JOIN messaging_conversation c ON c.id = %(talk)s + k %% %(talks)s",
            values | rest | {"first": keys[0], "last": keys[-1]},
        )
