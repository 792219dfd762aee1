"""What staff's lists cost on long tables: no column is asked for all its values, no count runs to the end."""

from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from huntaze.apps import find_staff_pages
from huntaze.kernel import admin as kernel_admin
from messaging.models import Delivery, InboundEvent
from tests.factories.accounts import UserFactory
from tests.factories.messaging import delivery

pytestmark = pytest.mark.django_db
find_staff_pages()
HOUSE = [
    model for model in admin.site._registry if model._meta.app_label in {"accounts", "billing", "messaging"}
]
LIST = "/admin/messaging/delivery/"


@pytest.fixture
def desk(db: None) -> Client:
    client = Client()
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    return client


@pytest.mark.parametrize("model", HOUSE, ids=lambda model: model._meta.label)
def test_no_list_asks_for_the_distinct_values_of_a_column(desk: Client, world: Any, model: Any) -> None:
    with CaptureQueriesContext(connection) as queries:
        page = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
        assert desk.get(page).status_code == 200
    assert [query["sql"] for query in queries if "DISTINCT" in query["sql"]] == []


def test_the_first_page_counts_what_needs_a_person_in_one_question(
    desk: Client, world: Any, monkeypatch: Any
) -> None:
    for state in ("failed", "failed", "failed", "uncertain"):
        delivery(world.fan, world.owner, state=state)
    monkeypatch.setattr(kernel_admin, "MOST_LISTED", 2)
    with CaptureQueriesContext(connection) as asked:
        answer = desk.get("/admin/")
    assert len(asked) <= 12
    found = {str(one.text): one.count for _section, rows in answer.context["attention"] for one in rows}
    assert (found["Dead letters"], found["Uncertain sends"], found["Legal holds"]) == (2, 1, 0)


def test_a_list_counts_to_its_bound(desk: Client, world: Any, monkeypatch: Any) -> None:
    for _ in range(3):
        delivery(world.fan, world.owner)
    monkeypatch.setattr(kernel_admin, "MOST_LISTED", 2)
    assert desk.get(LIST).context["cl"].result_count == 2


def test_deliveries_are_filtered_by_a_known_error(desk: Client, world: Any) -> None:
    row = delivery(world.fan, world.owner, state="failed", last_error="forbidden")
    delivery(world.fan, world.owner, state="failed", last_error="invalid")
    shown = desk.get(LIST, {"last_error": "forbidden"}).context["cl"].result_list
    assert [found.pk for found in shown] == [row.pk]


def test_the_rows_of_an_error_have_an_index(desk: Client, world: Any) -> None:
    delivery(world.fan, world.owner, state="failed", last_error="forbidden")
    with CaptureQueriesContext(connection) as asked:
        assert desk.get(LIST, {"last_error": "forbidden"}).status_code == 200
    wanted = [one["sql"] for one in asked if "\"last_error\" = 'forbidden'" in one["sql"]]
    assert len(wanted) == 2
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        for statement in wanted:
            cursor.execute(f"EXPLAIN {statement}")
            assert "delivery_by_error" in "\n".join(row[0] for row in cursor.fetchall())


@pytest.mark.parametrize(
    ("model", "column", "index"),
    [
        (Delivery, "trace_id", "delivery_by_trace"),
        (Delivery._meta.get_field("message").related_model, "platform_message_id", "message_by_platform_id"),
        (InboundEvent, "event_key", "inbound_by_key"),
        (InboundEvent, "trace_id", "inbound_by_trace"),
        (InboundEvent, "account_external_id", "inbound_by_account"),
    ],
)
def test_what_is_searched_by_has_an_index(db: None, model: Any, column: str, index: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN SELECT id FROM {model._meta.db_table} WHERE {column} = 'x'")
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert index in plan or "Index Cond" in plan
