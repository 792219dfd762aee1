"""What staff change of plans and limits: each with its reason, kept in rows that nobody changes."""

from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client

from accounts.models import AuditEvent
from billing.models import LimitOverride, PlanLimit, PlanLimitChange
from billing.types import Feature
from huntaze.kernel.tenancy import cross_workspace
from tests.factories.accounts import UserFactory
from tests.factories.billing import limit

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(db: None) -> Client:
    client = Client()
    client.force_login(UserFactory(is_staff=True, is_superuser=True, name="Sam"))
    return client


def change(desk: Client, value: str, reason: str) -> Any:
    row = PlanLimit.objects.get(plan__key="free", feature="messages")
    return desk.post(f"/admin/billing/planlimit/{row.pk}/change/", {"value": value, "reason": reason})


def test_a_plan_s_limit_changes_with_a_reason(desk: Client) -> None:
    assert change(desk, "150", "").status_code == 200
    assert PlanLimitChange.objects.count() == 0
    assert change(desk, "150", "spring offer").status_code == 302
    assert change(desk, "150", "again").status_code == 302
    row = PlanLimitChange.objects.get()
    assert (row.plan.key, row.feature, row.was, row.value) == ("free", "messages", 100, 150)
    assert row.changed_by is not None
    assert (row.reason, row.changed_by.name) == ("spring offer", "Sam")
    assert PlanLimit.objects.get(plan__key="free", feature="messages").value == 150
    assert "spring offer" in desk.get("/admin/billing/planlimitchange/").content.decode()


@pytest.mark.parametrize("statement", ["UPDATE {} SET reason = ''", "DELETE FROM {}", "TRUNCATE {}"])
def test_what_was_changed_stays_written(desk: Client, statement: str) -> None:
    change(desk, "150", "spring offer")
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"SET CONSTRAINTS ALL IMMEDIATE; {statement.format('billing_planlimitchange')}")


def test_an_override_ends_with_a_reason(desk: Client, world: Any) -> None:
    workspace = world.owner.workspace
    limit(workspace, Feature.MESSAGES, 7)

    def end(reason: str) -> None:
        with cross_workspace("demo"):
            pk = LimitOverride.objects.get(workspace=workspace, feature=Feature.MESSAGES).pk
        body = {"action": "end", "_selected_action": [pk], "reason": reason}
        assert desk.post("/admin/billing/limitoverride/", body).status_code == 302

    end("")
    end("the trial is over")
    with cross_workspace("demo"):
        assert not LimitOverride.objects.filter(workspace=workspace, feature=Feature.MESSAGES).exists()
        rows = AuditEvent.objects.filter(action="limits.override_ended")
        assert [(row.reason, row.actor_kind) for row in rows] == [("the trial is over", "staff")]
