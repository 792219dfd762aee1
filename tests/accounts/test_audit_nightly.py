"""Every log is proved once a day; health, staff and the log of errors are told what came of it."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client

from accounts.models import AuditEvent, AuditProof, Membership
from accounts.services import audit, audit_chain, audit_nightly
from accounts.tasks import verify_audit
from huntaze.kernel.health import Status
from huntaze.kernel.tenancy import cross_workspace, workspace_scope
from tests.factories.accounts import NOW
from tests.factories.visits import staff

pytestmark = pytest.mark.django_db


def write(member: Membership, now: datetime = NOW) -> AuditEvent:
    with workspace_scope(member.workspace_id):
        return audit.record(
            workspace_id=member.workspace_id,
            actor=audit.Actor.member(member.user_id, member.pk),
            action="key.created",
            now=now,
        )


def tamper(row: AuditEvent) -> None:
    """As somebody with the database's password would: past the trigger."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("UPDATE accounts_auditevent SET action = 'key.revoked' WHERE id = %s", [row.pk])
        cursor.execute("SET LOCAL session_replication_role = origin")


def proofs() -> dict[int, AuditProof]:
    with cross_workspace("demo"):
        return {row.workspace_id: row for row in AuditProof.objects.all()}


def test_every_log_is_proved_once_a_day(world: Any) -> None:
    write(world.owner)
    assert audit_nightly.verify_due(now=NOW) == 2
    assert audit_nightly.verify_due(now=NOW + timedelta(hours=23)) == 0
    assert audit_nightly.verify_due(now=NOW + timedelta(hours=24)) == 2
    row = proofs()[world.owner.workspace_id]
    assert (row.checked_at, row.finding_count, row.findings) == (NOW + timedelta(hours=24), 0, [])


def test_a_run_without_time_begins_nothing(world: Any) -> None:
    assert audit_nightly.verify_due(now=NOW, budget=0.0) == 0
    assert proofs() == {}


def test_the_proof_counts_what_it_read(world: Any) -> None:
    for _ in range(3):
        write(world.owner)
    assert audit_chain.seal(now=NOW) == 3
    audit_nightly.verify_due(now=NOW)
    row = proofs()[world.owner.workspace_id]
    assert (row.row_count, row.block_count) == (3, 1)


def test_a_log_that_was_touched_is_told_everywhere(world: Any, caplog: Any) -> None:
    row = write(world.owner)
    with time_machine.travel(NOW, tick=False):
        audit_nightly.verify_due(now=NOW)
        assert audit_nightly.check().status is Status.HEALTHY
        tamper(row)
        audit_nightly.verify_due(now=NOW + timedelta(hours=25))
        outcome = audit_nightly.check()
    assert (outcome.status, outcome.details["broken"]) == (Status.DEGRADED, 1)
    found = proofs()[world.owner.workspace_id]
    assert (found.finding_count, found.findings) == (1, [f"row changed: {row.public_id}"])
    (said,) = [entry.msg for entry in caplog.records if "accounts.audit.broken" in str(entry.msg)]
    assert said["workspace_id"] == world.owner.workspace.public_id
    desk = Client()
    desk.force_login(staff())
    page = desk.get("/admin/").content.decode()
    assert "Audit logs that do not add up" in page
    shown = desk.get("/admin/accounts/auditproof/", {"state": "broken"}).context["cl"].result_list
    assert [proof.workspace_id for proof in shown] == [world.owner.workspace_id]


def test_a_log_that_nobody_proves_is_told_too(world: Any) -> None:
    audit_nightly.verify_due(now=NOW)
    with time_machine.travel(NOW + timedelta(hours=48), tick=False):
        assert audit_nightly.check().status is Status.HEALTHY
    with time_machine.travel(NOW + timedelta(hours=48, seconds=1), tick=False):
        outcome = audit_nightly.check()
    assert (outcome.status, outcome.details) == (
        Status.DEGRADED,
        {"broken": 0, "oldestProofHours": 48.0},
    )


def test_a_new_installation_is_well(db: None) -> None:
    assert audit_nightly.check() == audit_nightly.Outcome(
        Status.HEALTHY, {"broken": 0, "oldestProofHours": None}
    )


def test_staff_have_a_log_proved_again(world: Any) -> None:
    audit_nightly.verify_due(now=NOW)
    row = proofs()[world.owner.workspace_id]
    with time_machine.travel(NOW + timedelta(hours=1), tick=False):
        desk = Client()
        desk.force_login(staff())
        desk.post("/admin/accounts/auditproof/", {"action": "prove_now", "_selected_action": [row.pk]})
        assert audit_nightly.verify_due(now=NOW + timedelta(hours=1)) == 1


def test_beat_does_it(world: Any) -> None:
    verify_audit()
    assert len(proofs()) == 2
