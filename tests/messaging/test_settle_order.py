"""Two batches that settle messages of the same conversations wait for each other in one order."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from django.db import connection
from psycopg.errors import LockNotAvailable

from huntaze.kernel.tenancy import cross_workspace
from messaging.models import Conversation, Delivery
from messaging.services.sending import settle
from tests.factories.messaging import delivery
from tests.faults.house import wait_for

#: Without an order it is the plan's, which may be this one.
UNORDERED = settle._MARK_SENT_PLAIN.replace("ORDER BY k.id", "ORDER BY k.id DESC")


@contextmanager
def other_connection() -> Iterator[psycopg.Connection[Any]]:
    known = connection.settings_dict
    with psycopg.connect(
        host=known["HOST"], port=known["PORT"], user=known["USER"], password=known["PASSWORD"],
        dbname=known["NAME"],
    ) as other:  # fmt: skip
        yield other


def waiting_for_locks() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return cursor.fetchone() is not None


def holds_later(rows: list[Delivery]) -> bool:
    """Whether a batch that waits for the earlier conversation holds the later one already."""

    def run() -> None:
        try:
            with cross_workspace("demo"):
                settle.mark_sent([(row.pk, f"738{row.pk}") for row in rows])
        finally:
            connection.close()

    with cross_workspace("demo"):
        earlier, later = sorted(
            Conversation.objects.filter(fan__in=[row.fan for row in rows]).values_list("pk", flat=True)
        )
    with other_connection() as holder:
        holder.execute("SELECT 1 FROM messaging_conversation WHERE id = %s FOR UPDATE", [earlier])
        settler = threading.Thread(target=run)
        settler.start()
        wait_for(waiting_for_locks, seconds=10, what="the batch waits")
        try:
            with other_connection() as asker:
                asker.execute("SELECT 1 FROM messaging_conversation WHERE id = %s FOR UPDATE NOWAIT", [later])
            return False
        except LockNotAvailable:
            return True
        finally:
            holder.rollback()
            settler.join(20)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_ordered", [False, True])
def test_conversations_are_locked_from_the_first_to_the_last(
    world: Any, monkeypatch: pytest.MonkeyPatch, is_ordered: bool
) -> None:
    if not is_ordered:
        monkeypatch.setattr(settle, "_MARK_SENT_PLAIN", UNORDERED)
    first, last = (delivery(fan, world.owner, state="sent") for fan in (world.fan, world.other_fan))
    assert holds_later([last, first]) is not is_ordered
