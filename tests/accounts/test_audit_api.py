"""The audit log as its owners see it: filtered, in pages, and nobody else's."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.models import AuditEvent, Membership, User, Workspace
from accounts.selectors import audit as reads
from accounts.services import audit
from accounts.templatetags.audit_words import ACTIONS
from huntaze.kernel import clock, context
from huntaze.kernel.tenancy import workspace_scope
from tests.factories.accounts import NOW, UserFactory

Person = Callable[[Any], APIClient]


def write(member: Membership, action: str = "thing.done", minute: int = 0, **fields: Any) -> AuditEvent:
    with workspace_scope(member.workspace_id), context.from_origin(lambda: ("203.0.113.7", "Firefox")):
        return audit.record(
            workspace_id=member.workspace_id,
            actor=fields.pop("actor", audit.Actor.member(member.user_id, member.pk)),
            action=action,
            now=NOW + timedelta(minutes=minute),
            **fields,
        )


def ids(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [row["id"] for row in answer.json()["events"]]


def test_an_event_says_who_what_when_and_where(world: Any, person: Person) -> None:
    with context.bind(trace_id="trace-0001"):
        row = write(world.owner, target="msg_1", changes={"from": "a"}, reason="because")
    body = person(world.manager).get("/api/audit").json()
    assert body["events"][0] == {
        "id": row.public_id,
        "at": "2026-01-15T12:00:00Z",
        "action": "thing.done",
        "target": "msg_1",
        "actor": {
            "kind": "member",
            "name": world.owner.user.name,
            "memberId": world.owner.public_id,
            "keyId": None,
            "onBehalfOf": None,
        },
        "changes": {"from": "a"},
        "reason": "because",
        "requestId": "trace-0001",
        "ip": "203.0.113.7",
    }


def test_staff_are_not_named(world: Any, person: Person) -> None:
    staff = UserFactory(is_staff=True, name="Sam Staff")
    write(world.owner, actor=audit.Actor.staff(staff.pk))
    answer = person(world.owner).get("/api/audit")
    assert answer.json()["events"][0]["actor"] == {
        "kind": "staff",
        "name": None,
        "memberId": None,
        "keyId": None,
        "onBehalfOf": None,
    }
    assert b"Sam" not in answer.content
    assert answer.json()["events"][0]["ip"] is None


def test_chatters_and_keys_see_no_log_and_outsiders_their_own(world: Any, person: Person, api: Any) -> None:
    write(world.owner)
    assert person(world.chatter).get("/api/audit").status_code == 403
    assert api(world.owner).get("/api/audit").status_code == 403
    assert ids(person(world.outsider).get("/api/audit")) == []


def test_filters_cut(world: Any, person: Person) -> None:
    first = write(world.owner, "key.created", 0, target="key_1")
    second = write(world.manager, "key.revoked", 10, target="key_1")
    with context.bind(trace_id="trace-0002"):
        third = write(world.owner, "key.created", 20)
    client = person(world.owner)

    def found(**query: str) -> list[str]:
        return ids(client.get("/api/audit", query))

    assert found() == [third.public_id, second.public_id, first.public_id]
    assert found(action="key.created") == [third.public_id, first.public_id]
    assert found(actor=world.manager.public_id) == [second.public_id]
    assert found(actor="mbr_00000000000000000000000000") == []
    assert found(actor="nobody") == []
    assert found(target="key_1") == [second.public_id, first.public_id]
    assert found(requestId="trace-0002") == [third.public_id]
    assert found(**{"from": "2026-01-15T12:10:00Z"}) == [third.public_id, second.public_id]
    assert found(to="2026-01-15T12:10:00Z") == [first.public_id]


def test_pages_follow_each_other_also_within_one_moment(world: Any, person: Person) -> None:
    rows = [write(world.owner, minute=number // 4) for number in range(10)]
    client, seen, cursor = person(world.owner), [], ""
    for _ in range(4):
        body = client.get("/api/audit", {"limit": "3", "cursor": cursor}).json()
        seen.append([row["id"] for row in body["events"]])
        cursor = body["nextCursor"]
    assert [len(page) for page in seen] == [3, 3, 3, 1]
    assert [row for page in seen for row in page] == [row.public_id for row in reversed(rows)]
    assert (cursor, body["total"]) == ("", 10)


@pytest.mark.parametrize(
    "query",
    [
        {"cursor": "x"},
        {"cursor": "AAAA"},
        {"from": "yesterday"},
        {"to": "2026-01-15"},
        {"limit": "0"},
        {"action": "\0"},
    ],
)
def test_nonsense_is_named(world: Any, person: Person, query: dict[str, str]) -> None:
    answer = person(world.owner).get("/api/audit", query)
    assert (answer.status_code, answer.json()["details"][0]["field"]) == (400, next(iter(query)))


def test_counting_ends_somewhere(world: Any, person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(4):
        write(world.owner)
    monkeypatch.setattr(reads, "MOST_COUNTED", 3)
    assert person(world.owner).get("/api/audit").json()["total"] == 3


# --- staff


@pytest.fixture
def desk(db: None) -> Client:
    client = Client()
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    return client


@pytest.mark.parametrize("kind", ["target", "trace", "email", "workspace", "workspace and action", "member"])
def test_staff_find_events_by_an_index(desk: Client, world: Any, kind: str) -> None:
    with context.bind(trace_id="trace-0009"):
        row = write(world.manager, target=world.creator.public_id)
    write(world.outsider, "other.done")
    term = {
        "target": world.creator.public_id,
        "trace": "trace-0009",
        "email": world.manager.user.email.upper(),
        "workspace": world.manager.workspace.public_id,
        "workspace and action": f"{world.manager.workspace.public_id} thing.done",
        "member": world.manager.public_id,
    }[kind]
    with CaptureQueriesContext(connection) as queries:
        answer = desk.get("/admin/accounts/auditevent/", {"q": term})
    shown = list(answer.context["cl"].result_list)
    assert [found.pk for found in shown] == [row.pk]
    asked = [query["sql"] for query in queries if "accounts_auditevent" in query["sql"]]
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        for sql in asked:
            cursor.execute(f"EXPLAIN {sql}")
            assert "Seq Scan on accounts_auditevent" not in "\n".join(line[0] for line in cursor.fetchall())


MANY = """
INSERT INTO accounts_auditevent (uid, workspace_id, actor_kind, action, target, changes, reason, trace_id, at)
SELECT gen_random_uuid(), %s, 'system', 'thing.' || n %% 40, '', '{}', '', '', %s::timestamptz - n * interval '1 minute'
  FROM generate_series(1, 40000) n
"""


@pytest.mark.parametrize(
    ("query", "indexes"),
    [
        # While few workspaces have events, PostgreSQL may skip over them in the index by workspace and action.
        ({"action": "thing.7"}, ("audit_by_any_action", "audit_by_action")),
        ({"action": "nothing.done"}, ("audit_by_any_action", "audit_by_action")),
        ({"when": "hour"}, ("audit_by_time",)),
    ],
)
def test_staff_cut_the_whole_log_by_an_index(
    desk: Client, world: Any, query: dict[str, str], indexes: tuple[str, ...]
) -> None:
    with connection.cursor() as cursor:
        cursor.execute(MANY, [world.owner.workspace_id, clock.now()])
        cursor.execute("ANALYZE accounts_auditevent")
    with CaptureQueriesContext(connection) as queries:
        desk.get("/admin/accounts/auditevent/", query)
    asked = [found["sql"] for found in queries if 'FROM "accounts_auditevent"' in found["sql"]]
    assert len(asked) == 2
    with connection.cursor() as cursor:
        for sql in asked:
            cursor.execute(f"EXPLAIN {sql}")
            plan = "\n".join(line[0] for line in cursor.fetchall())
            assert any(index in plan for index in indexes), plan
            assert "Seq Scan on accounts_auditevent" not in plan


# --- the page


@pytest.fixture
def owner_page(world: Any) -> Client:
    client = Client()
    client.force_login(world.owner.user)
    return client


def test_the_page_speaks_in_words(world: Any, owner_page: Client) -> None:
    write(world.owner, "key.created", changes={"scopes": ["read"]})
    page = owner_page.get("/settings/audit").content.decode()
    assert "API key created" in page
    assert "scopes: [&#x27;read&#x27;]" in page


def test_the_page_says_whose_eyes_staff_used(world: Any, owner_page: Client) -> None:
    User.objects.filter(pk=world.manager.user_id).update(name="Mona Manager")
    staff = UserFactory(is_staff=True, name="Sam Staff")
    write(world.owner, "impersonation.viewed", actor=audit.Actor.staff(staff.pk, world.manager.pk))
    page = owner_page.get("/settings/audit").content.decode()
    assert "with the eyes of Mona Manager" in page
    assert "Sam Staff" not in page


def test_the_page_cuts_by_days_of_the_workspace(world: Any, owner_page: Client) -> None:
    """Noon in UTC is one in the morning of the next day in Auckland."""
    Workspace.objects.filter(pk=world.owner.workspace_id).update(timezone="Pacific/Auckland")
    row = write(world.owner)

    def found(**query: str) -> list[str]:
        return [event["id"] for event in owner_page.get("/settings/audit", query).context["events"]]

    assert found(since="2026-01-16", until="2026-01-16") == [row.public_id]
    assert (found(until="2026-01-15"), found(since="2026-01-17")) == ([], [])
    assert found(since="2026-02-30", until="soon") == [row.public_id]
    assert found(since="9999-12-31", until="9999-12-31") == [row.public_id]


def test_the_page_offers_every_action_and_keeps_what_was_chosen(world: Any, owner_page: Client) -> None:
    answer = owner_page.get("/settings/audit", {"action": "key.created"})
    assert {name for name, _ in answer.context["actions"]} == set(ACTIONS)
    assert '<option value="key.created" selected>' in answer.content.decode()
