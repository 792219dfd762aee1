"""The audit log: written once, and changed by nobody."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.models import AuditEvent
from accounts.services import audit
from accounts.services.audit import Actor
from huntaze.kernel import context
from huntaze.kernel.tenancy import ScopeMissing, WrongWorkspace, cross_workspace, workspace_scope
from tests.factories.accounts import NOW


@pytest.fixture
def event(world: Any) -> AuditEvent:
    with workspace_scope(world.owner.workspace_id), context.bind(trace_id="trace-0001"):
        return audit.record(
            workspace_id=world.owner.workspace_id,
            actor=Actor.member(world.owner.user_id, world.owner.pk),
            action="thing.done",
            now=NOW,
            target="msg_1",
            changes={"from": "a", "to": "b"},
            reason="r" * 300,
        )


def stored() -> list[tuple[str, str]]:
    with cross_workspace("demo"):
        return list(AuditEvent.objects.order_by("pk").values_list("action", "target"))


def test_a_row_says_who_did_what_and_why(world: Any, event: AuditEvent) -> None:
    with cross_workspace("demo"):
        row = AuditEvent.objects.get(pk=event.pk)
    assert (row.actor_kind, row.actor_user_id, row.actor_member_id, row.actor_key_id) == (
        "member",
        world.owner.user_id,
        world.owner.pk,
        None,
    )
    assert (row.action, row.target, row.changes, row.at) == (
        "thing.done",
        "msg_1",
        {"from": "a", "to": "b"},
        NOW,
    )
    assert (row.reason, row.trace_id) == ("r" * 200, "trace-0001")


@pytest.mark.parametrize(
    ("actor", "kind"),
    [
        (Actor.system(), "system"),
        (Actor.staff(1), "staff"),
        (Actor.member(1, 2), "member"),
        (Actor.member(1, 2, 3), "key"),
    ],
)
def test_an_actor_is_of_one_kind(actor: Actor, kind: str) -> None:
    assert actor.kind == kind


ATTACKS: dict[str, Callable[[int], Any]] = {
    "update by the ORM": lambda pk: AuditEvent.objects.filter(pk=pk).update(action="nothing"),
    "save": lambda pk: AuditEvent.objects.get(pk=pk).save(),
    "delete by the ORM": lambda pk: AuditEvent.objects.filter(pk=pk).delete(),
    "update by SQL": lambda pk: _sql("UPDATE accounts_auditevent SET reason = '' WHERE id = %s", pk),
    "delete by SQL": lambda pk: _sql("DELETE FROM accounts_auditevent WHERE id = %s", pk),
    "upsert": lambda pk: AuditEvent.objects.update_or_create(pk=pk, defaults={"action": "nothing"}),
}


def _sql(text: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(text, values)


@pytest.mark.parametrize("name", ATTACKS)
def test_a_row_can_not_be_changed_or_removed(event: AuditEvent, name: str) -> None:
    with (
        pytest.raises(IntegrityError, match="append-only"),
        cross_workspace("demo"),
        transaction.atomic(),
    ):
        ATTACKS[name](event.pk)
    assert stored() == [("thing.done", "msg_1")]


@pytest.mark.parametrize("text", ["TRUNCATE accounts_auditevent", "TRUNCATE accounts_workspace CASCADE"])
def test_the_log_can_not_be_emptied(event: AuditEvent, text: str) -> None:
    _sql("SET CONSTRAINTS ALL IMMEDIATE")  # a table with pending checks cannot be truncated
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        _sql(text)
    assert stored() == [("thing.done", "msg_1")]


def test_a_workspace_can_not_take_its_log_with_it(world: Any, event: AuditEvent) -> None:
    _sql("SET CONSTRAINTS ALL IMMEDIATE")
    with pytest.raises(IntegrityError), transaction.atomic():
        _sql("DELETE FROM accounts_workspace WHERE id = %s", world.owner.workspace_id)
    assert stored() == [("thing.done", "msg_1")]


def test_a_row_belongs_to_the_workspace_in_scope(world: Any) -> None:
    values: dict[str, Any] = {"actor": Actor.system(), "action": "x", "now": NOW}
    with pytest.raises(ScopeMissing):
        audit.record(workspace_id=world.owner.workspace_id, **values)
    with workspace_scope(world.owner.workspace_id), pytest.raises(WrongWorkspace):
        audit.record(workspace_id=world.outsider.workspace_id, **values)
    assert stored() == []
