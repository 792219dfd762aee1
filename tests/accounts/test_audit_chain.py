"""The chain: everything is sealed once and in order, no writer waits, and whatever is tampered with is named."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import StringIO
from threading import Barrier, Event
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from accounts.models import AuditBlock, AuditEvent, AuditHead, Membership
from accounts.services import audit, audit_chain, audit_retention
from accounts.services.audit_check import Proof, verify
from huntaze.kernel import clock, context
from huntaze.kernel.tenancy import cross_workspace, workspace_scope

pytestmark = pytest.mark.django_db(transaction=True)


def write(member: Membership, count: int = 1, **fields: Any) -> list[AuditEvent]:
    with workspace_scope(member.workspace_id), context.from_origin(lambda: ("203.0.113.7", "Firefox")):
        return [
            audit.record(
                workspace_id=member.workspace_id,
                actor=audit.Actor.member(member.user_id, member.pk),
                action="thing.done",
                target=f"thing_{number}",
                changes={"number": number, "share": 0.1},
                now=clock.now(),
                **fields,
            )
            for number in range(count)
        ]


def seal() -> int:
    return audit_chain.seal(now=clock.now())


def proof(member: Membership) -> Proof:
    return verify(member.workspace)


def findings(member: Membership) -> list[tuple[str, str]]:
    return [(finding.kind, finding.place) for finding in proof(member).findings]


def tamper(text: str, *values: Any) -> None:
    """SQL by somebody who owns the tables."""
    with connection.cursor() as cursor:
        for table in ("accounts_auditevent", "accounts_auditblock"):
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(text, values)
        for table in ("accounts_auditevent", "accounts_auditblock"):
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


# --- sealing


def test_rows_are_sealed_once_in_order_and_the_chain_is_whole(world: Any) -> None:
    first = [row.pk for row in write(world.owner, 3)]
    theirs = [row.pk for row in write(world.outsider, 1)]
    assert seal() == 4
    second = [row.pk for row in write(world.owner, 2)]
    assert (seal(), seal()) == (2, 0)
    with cross_workspace("demo"):
        blocks = AuditBlock.objects.order_by("pk").values_list("workspace_id", "seq", "event_ids")
        assert sorted(blocks) == sorted(
            [
                (world.owner.workspace_id, 1, first),
                (world.owner.workspace_id, 2, second),
                (world.outsider.workspace_id, 1, theirs),
            ]
        )
    found = proof(world.owner)
    assert (found.blocks, found.rows, found.unsealed, found.findings) == (2, 5, 0, [])


def test_writing_takes_one_statement_and_no_lock(world: Any, django_assert_num_queries: Any) -> None:
    with transaction.atomic(), django_assert_num_queries(1):
        write(world.owner)


def test_what_is_not_sealed_yet_is_counted_and_its_signature_checked(world: Any) -> None:
    rows = write(world.owner, 2)
    found = proof(world.owner)
    assert (found.rows, found.unsealed, found.findings) == (0, 2, [])
    tamper("UPDATE accounts_auditevent SET action = 'nothing' WHERE id = %s", rows[1].pk)
    assert findings(world.owner) == [("row changed", rows[1].public_id)]


def overtaken(world: Any, look: Callable[[], None]) -> tuple[int, int]:
    """A transaction takes an id, a later one takes the next and commits first; `look` runs in between. The two ids."""
    written, go_on = Event(), Event()

    def slow() -> int:
        with transaction.atomic():
            row = write(world.owner)[0]
            written.set()
            assert go_on.wait(20)
        connection.close()
        return int(row.pk)

    with ThreadPoolExecutor(1) as pool:
        late = pool.submit(slow)
        assert written.wait(20)
        quick = int(write(world.owner)[0].pk)
        try:
            look()
        finally:
            go_on.set()
        return late.result(20), quick


def test_a_row_that_commits_late_is_sealed_in_its_place(world: Any) -> None:
    late, quick = overtaken(world, lambda: None if (seal(), seal()) == (0, 0) else pytest.fail("too early"))
    assert late < quick
    assert seal() == 2
    with cross_workspace("demo"):
        assert [block.event_ids for block in AuditBlock.objects.all()] == [[late, quick]]
    assert findings(world.owner) == []


def test_without_waiting_for_writers_the_late_row_would_be_lost(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_chain, "_writers", set)
    late, _ = overtaken(world, lambda: None if seal() == 1 else pytest.fail("waited"))
    assert seal() == 0
    with cross_workspace("demo"):
        lost = AuditEvent.objects.get(pk=late).public_id
    assert findings(world.owner) == [("row inserted", lost)]


def test_sealers_beside_each_other_seal_each_row_once(world: Any) -> None:
    write(world.owner, 40)
    start = Barrier(4)

    def run(_: int) -> int:
        try:
            start.wait(10)
            return audit_chain.seal(now=clock.now())
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(run, range(4))) == [0, 0, 0, 40]
    assert findings(world.owner) == []


# --- tampering, by SQL with the triggers off


@pytest.fixture
def rows(world: Any) -> list[AuditEvent]:
    found = write(world.owner, 3)
    seal()
    found += write(world.owner, 3)
    seal()
    assert findings(world.owner) == []
    return found


@pytest.mark.parametrize(
    "change",
    [
        "action = 'nothing'",
        "changes = '{}'",
        "reason = 'because'",
        "at = at - interval '1 day'",
        "actor_user_id = NULL",
        "actor_kind = 'system'",
        "target = 'x'",
        "trace_id = 'x'",
        "ip = '198.51.100.1'",
        "user_agent = 'Other'",
        "mac = decode(repeat('00', 32), 'hex')",
        "uid = gen_random_uuid()",
    ],
)
def test_a_changed_row_is_named(world: Any, rows: list[AuditEvent], change: str) -> None:
    tamper(f"UPDATE accounts_auditevent SET {change} WHERE id = %s", rows[1].pk)
    with cross_workspace("demo"):
        changed = AuditEvent.objects.get(pk=rows[1].pk).public_id
    assert findings(world.owner) == [("row changed", changed)]
    assert findings(world.outsider) == []


@pytest.mark.parametrize("index", [0, 2, 5])
def test_a_deleted_row_is_named(world: Any, rows: list[AuditEvent], index: int) -> None:
    tamper("DELETE FROM accounts_auditevent WHERE id = %s", rows[index].pk)
    assert findings(world.owner) == [("row deleted", f"row {rows[index].pk}")]


COPY = """
INSERT INTO accounts_auditevent (id, uid, workspace_id, actor_kind, action, target, changes, reason, trace_id, mac, at)
SELECT {id}, gen_random_uuid(), workspace_id, actor_kind, action, target, changes, reason, trace_id, mac, at
  FROM accounts_auditevent WHERE id = %s
"""


def test_an_inserted_row_is_named(world: Any, rows: list[AuditEvent]) -> None:
    """Between sealed ones, and behind them: without the key nobody signs."""
    tamper("DELETE FROM accounts_auditevent WHERE id = %s", rows[1].pk)
    tamper(COPY.format(id=rows[1].pk), rows[0].pk)
    tamper(COPY.format(id="nextval(pg_get_serial_sequence('accounts_auditevent', 'id'))"), rows[0].pk)
    with cross_workspace("demo"):
        known = {row.public_id for row in rows}
        ids = [row.public_id for row in AuditEvent.objects.order_by("pk") if row.public_id not in known]
    assert findings(world.owner) == [("row changed", ids[0]), ("row changed", ids[1])]


def test_a_row_inserted_among_sealed_ones_is_named(world: Any) -> None:
    first = write(world.owner, 1)
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('accounts_auditevent', 'id'))")
        gap = cursor.fetchone()[0]
    write(world.owner, 1)
    seal()
    tamper(COPY.format(id=gap), first[0].pk)
    with cross_workspace("demo"):
        assert findings(world.owner) == [("row inserted", AuditEvent.objects.get(pk=gap).public_id)]


def test_reordered_rows_are_named(world: Any, rows: list[AuditEvent]) -> None:
    one, two = rows[0].pk, rows[2].pk
    tamper(
        "UPDATE accounts_auditevent SET id = -1 WHERE id = %s;"
        "UPDATE accounts_auditevent SET id = %s WHERE id = %s;"
        "UPDATE accounts_auditevent SET id = %s WHERE id = -1",
        one, one, two, two,
    )  # fmt: skip
    assert sorted(findings(world.owner)) == sorted(
        [("row moved", rows[0].public_id), ("row moved", rows[2].public_id)]
    )


def test_a_row_moved_to_another_workspace_is_missed_here_and_named_there(
    world: Any, rows: list[AuditEvent]
) -> None:
    tamper(
        "UPDATE accounts_auditevent SET workspace_id = %s WHERE id = %s",
        world.outsider.workspace_id,
        rows[1].pk,
    )
    assert findings(world.owner) == [("row deleted", f"row {rows[1].pk}")]
    assert findings(world.outsider) == [("row inserted", rows[1].public_id)]


BLOCKS: dict[str, tuple[str, list[tuple[str, str]]]] = {
    "a block's rows and hash": (
        "UPDATE accounts_auditblock SET event_ids = event_ids[1:2], macs = substring(macs for 64) WHERE seq = 1",
        [("block changed", "block 1")],
    ),
    "a block in the middle": (
        "DELETE FROM accounts_auditblock WHERE seq = 1",
        [("block missing", "block 1")],
    ),
    "the last block": ("DELETE FROM accounts_auditblock WHERE seq = 2", [("block missing", "block 2")]),
    "the head": ("UPDATE accounts_audithead SET seq = 1", [("head changed", "head")]),
    "the head's forgetting": ("UPDATE accounts_audithead SET forgotten_seq = 1", [("head changed", "head")]),
    "no head": ("DELETE FROM accounts_audithead", [("head missing", "head")]),
}


@pytest.mark.parametrize("name", BLOCKS)
def test_a_changed_chain_is_named(world: Any, rows: list[AuditEvent], name: str) -> None:
    statement, expected = BLOCKS[name]
    tamper(statement)
    assert set(expected) <= set(findings(world.owner))


def test_the_chain_is_append_only_too(world: Any, rows: list[AuditEvent]) -> None:
    for text in ("UPDATE accounts_auditblock SET seq = 9", "DELETE FROM accounts_auditblock"):
        with pytest.raises(Exception, match="append-only"), connection.cursor() as cursor:
            cursor.execute(text)


def test_the_command_names_the_row_and_fails(world: Any, rows: list[AuditEvent]) -> None:
    out = StringIO()
    call_command("verify_audit", stdout=out)
    assert f"{world.owner.workspace.public_id}: whole; 6 rows in 2 blocks" in out.getvalue()
    tamper("UPDATE accounts_auditevent SET action = 'nothing' WHERE id = %s", rows[4].pk)
    out = StringIO()
    with pytest.raises(CommandError, match=r"of 1 workspace\(s\)"):
        call_command("verify_audit", stdout=out)
    assert f"  row changed: {rows[4].public_id}\n" in out.getvalue()


# --- retention


def test_addresses_are_cleared_after_their_time_and_the_chain_stays_whole(
    world: Any, rows: list[AuditEvent], settings: Any
) -> None:
    later = clock.now() + settings.RETENTION["audit_origins"]
    assert sum(audit_retention.clear_origins(later - timedelta(minutes=5))) == 0
    assert sum(audit_retention.clear_origins(later + timedelta(minutes=5))) == 6
    with cross_workspace("demo"):
        assert set(AuditEvent.objects.values_list("ip", "user_agent")) == {(None, "")}
    assert findings(world.owner) == []


def test_old_rows_are_forgotten_and_the_log_says_so(
    world: Any, rows: list[AuditEvent], settings: Any
) -> None:
    later = clock.now() + settings.RETENTION["audit"] + timedelta(days=1)
    assert audit_retention.forget_rows(workspace_id=world.owner.workspace_id, now=clock.now()) == 0
    assert audit_retention.forget_rows(workspace_id=world.owner.workspace_id, now=later) == 6
    with cross_workspace("demo"):
        assert [(row.action, row.changes) for row in AuditEvent.objects.all()] == [
            ("audit.forgotten", {"upTo": 2, "rows": 6})
        ]
    seal()
    found = proof(world.owner)
    assert (found.forgotten, found.rows, found.findings) == (6, 1, [])


def test_forgetting_without_a_word_is_named(world: Any, rows: list[AuditEvent]) -> None:
    """Even a signed head does not hide it: as if somebody had stolen the key but not the log."""
    tamper("DELETE FROM accounts_auditevent WHERE id <= %s", rows[2].pk)
    with cross_workspace("demo"):
        head = AuditHead.objects.get(workspace_id=world.owner.workspace_id)
        head.forgotten_seq = 1
        head.mac = audit_chain.signed_head(head)
        head.save()
    assert findings(world.owner) == [("rows gone without a word", "blocks up to 1")]


@pytest.mark.parametrize(
    "text",
    [
        "UPDATE accounts_auditevent SET action = 'x', ip = NULL, user_agent = ''",
        "DELETE FROM accounts_auditevent",
    ],
)
def test_clearing_opens_nothing_else(world: Any, rows: list[AuditEvent], text: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('huntaze.audit', 'clear', true)")
        with pytest.raises(Exception, match="append-only"), transaction.atomic():
            cursor.execute(text)
