"""What accounts forgets, after how long, in batches, by one worker at a time, and noted."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import connection
from django.test import Client

from accounts.models import (
    BrowserSession,
    Connection,
    Consent,
    IdempotencyRecord,
    ImpersonationGrant,
    Invitation,
    KnownDevice,
    Mail,
    OAuthState,
    PrivacyRequest,
    RefreshSession,
    RefreshToken,
    RetentionRun,
    Revocation,
    User,
)
from accounts.services import mail_files
from accounts.services.mail import mail_to, send_due
from accounts.services.retention import registry, run
from accounts.services.retention.registry import Rule, of_rows
from accounts.types import PrivacyScope
from huntaze.kernel import clock, ids, metrics
from huntaze.kernel.health import Status
from huntaze.kernel.tenancy import cross_workspace
from messaging.models import DeadLetterRun
from tests.factories.accounts import UserFactory

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def family(world: Any, **times: Any) -> RefreshSession:
    now = clock.now()
    values = {
        "created_at": now - 40 * DAY,
        "last_used_at": now,
        "expires_at": now + DAY,
        "idle_seconds": 7 * 86_400,
        "session_version": 1,
        "device": b"\x01" * 32,
    }
    row = RefreshSession.objects.create(
        user=world.owner.user, workspace=world.owner.workspace, **(values | times)
    )
    RefreshToken.objects.create(session=row, generation=1, digest=row.uid.bytes * 2)
    return row


def test_families_are_forgotten_a_week_after_their_end(world: Any) -> None:
    now = clock.now()
    kept = [
        family(world),
        family(world, expires_at=now - 6 * DAY),
        family(world, revoked_at=now - 6 * DAY),
        family(world, last_used_at=now - 13 * DAY),
        family(world, last_used_at=now - 15 * DAY, idle_seconds=30 * 86_400),
    ]
    family(world, expires_at=now - 8 * DAY)
    family(world, revoked_at=now - 8 * DAY)
    family(world, last_used_at=now - 15 * DAY)
    assert run.forget("sessions", now=now) == 3
    assert set(RefreshSession.objects.values_list("pk", flat=True)) == {row.pk for row in kept}
    assert RefreshToken.objects.count() == len(kept)
    assert run.forget("sessions", now=now) == 0


def test_browser_sessions_are_forgotten_when_they_expired(world: Any) -> None:
    Client().force_login(world.owner.user)
    run.forget("browser_sessions", now=clock.now())
    assert BrowserSession.objects.count() == 1
    with time_machine.travel(clock.now() + 31 * DAY):
        run.forget("browser_sessions", now=clock.now())
    assert BrowserSession.objects.count() == 0


# --- one row of each class: kept a minute before its time, gone a minute after it


def _answer(world: Any, at: datetime) -> Any:
    row = IdempotencyRecord.objects.create(
        workspace_id=world.owner.workspace_id, membership=world.owner, key="k", fingerprint=b"f" * 32
    )
    IdempotencyRecord.objects.filter(pk=row.pk).update(created_at=at)
    return IdempotencyRecord


def _device(world: Any, at: datetime) -> Any:
    KnownDevice.objects.create(user=world.owner.user, digest=b"d" * 32, first_seen_at=at, last_seen_at=at)
    return KnownDevice


def _invitation(world: Any, at: datetime) -> Any:
    Invitation.objects.create(
        workspace_id=world.owner.workspace_id, email="x@example.test", role="chatter", digest=b"i" * 32,
        invited_by=world.owner, created_at=at - 7 * DAY, sent_at=at - 7 * DAY, expires_at=at,
    )  # fmt: skip
    return Invitation


def _connection(world: Any, at: datetime) -> Any:
    tenant: dict[str, Any] = {
        "workspace_id": world.owner.workspace_id, "creator": world.creator, "platform": "onlyfans",
    }  # fmt: skip
    agreed = Consent.objects.create(**tenant, text_version="1", given_by=world.owner, given_at=at)
    Connection.objects.create(
        **tenant, account_uid=ids.uuid7(), consent=agreed, started_by=world.owner, state="failed",
        started_at=at, expires_at=at, finished_at=at,
    )  # fmt: skip
    return Connection


def _oauth_state(world: Any, at: datetime) -> Any:
    _connection(world, at)
    OAuthState.objects.create(
        workspace_id=world.owner.workspace_id, connection=Connection.objects.get(), digest=b"d" * 32,
        redirect_uri="https://example.test", verifier="v", expires_at=at,
    )  # fmt: skip
    return OAuthState


def _revocation(world: Any, at: datetime) -> Any:
    Revocation.objects.create(
        platform="onlyfans", external_id="acct_x", state="failed", queued_at=at, available_at=at
    )
    return Revocation


def _mail(world: Any, at: datetime) -> Any:
    mail_to(world.owner.user, "welcome", now=at)
    return Mail


def _request(world: Any, at: datetime) -> Any:
    PrivacyRequest.objects.create(
        workspace_id=world.owner.workspace_id, kind="erase", scope=PrivacyScope.FAN, target_pk=1,
        target_id="fan_1", state="done", asked_by=world.owner, asked_at=at, answer_by=at, available_at=at,
        ended_at=at,
    )  # fmt: skip
    return PrivacyRequest


def _staff_deed(world: Any, at: datetime) -> Any:
    kind = ContentType.objects.get_for_model(User)
    LogEntry.objects.create(
        user=UserFactory(is_staff=True), content_type=kind, object_repr="x", action_flag=2, action_time=at
    )
    return LogEntry


def _visit(world: Any, at: datetime) -> Any:
    ImpersonationGrant.objects.create(
        workspace_id=world.owner.workspace_id, staff=UserFactory(is_staff=True), membership=world.owner,
        reason="Ticket 4711: looking", started_at=at - DAY / 48, expires_at=at, ended_at=at,
    )  # fmt: skip
    return ImpersonationGrant


def _run(world: Any, at: datetime) -> Any:
    DeadLetterRun.objects.create(
        deed="retry", reason="looking", asked_by=UserFactory(is_staff=True), asked_at=at, newest_pk=1,
        total_count=1, available_at=at, state="done", ended_at=at,
    )  # fmt: skip
    return DeadLetterRun


MAKERS: dict[str, Callable[[Any, datetime], Any]] = {
    "answers": _answer,
    "devices": _device,
    "invitations": _invitation,
    "connections": _connection,
    "oauth_states": _oauth_state,
    "revocations": _revocation,
    "mails": _mail,
    "privacy_requests": _request,
    "staff_log": _staff_deed,
    "staff_visits": _visit,
    "staff_runs": _run,
}


@pytest.mark.parametrize("name", MAKERS)
def test_each_thing_is_kept_for_its_time_and_no_longer(world: Any, name: str, settings: Any) -> None:
    start, minute = clock.now(), timedelta(minutes=1)
    with cross_workspace("demo"):
        model = MAKERS[name](world, start)
    end = start + settings.RETENTION[name]
    counter = metrics.RETENTION_DELETED.labels(name)
    before = counter._value.get()
    assert (registry.rule_of(name).waiting(end - minute), run.forget(name, now=end - minute)) == (0, 0)
    assert (registry.rule_of(name).waiting(end + minute), run.forget(name, now=end + minute)) == (1, 1)
    with cross_workspace("demo"):
        assert model.objects.count() == 0
    assert counter._value.get() == before + 1


def test_every_period_has_a_rule_and_every_rule_is_tried() -> None:
    """The rules named here are tried where their things are tested."""
    elsewhere = {
        "audit", "audit_origins", "browser_sessions", "campaign_texts", "exports", "inbound_events",
        "mail_files", "message_texts", "sessions", "webhook_endpoints", "webhook_events", "webhook_waits",
    }  # fmt: skip
    from django.conf import settings

    rules = {rule.name for rule in registry.rules()}
    assert rules == set(MAKERS) | elsewhere
    assert set(settings.RETENTION) == rules - {"browser_sessions", "webhook_endpoints", "webhook_waits"}


def test_mails_written_as_files_go_like_their_rows(world: Any, settings: Any, tmp_path: Path) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = str(tmp_path)
    mail_to(world.owner.user, "welcome", now=clock.now())
    send_due()
    (path,) = tmp_path.iterdir()
    now = clock.now()
    assert run.forget("mail_files", now=now + 29 * DAY) == 0
    os.utime(path, (0, (now - 31 * DAY).timestamp()))
    assert registry.rule_of("mail_files").waiting(now) == 1
    assert run.forget("mail_files", now=now) == 1
    assert list(tmp_path.iterdir()) == []


def test_mails_that_share_a_file_are_taken_out_of_it_one_by_one(
    world: Any, settings: Any, tmp_path: Path
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = str(tmp_path)
    for member in (world.owner, world.chatter, world.owner):
        mail_to(member.user, "welcome", now=clock.now())
    send_due()
    shared = b"".join(path.read_bytes() for path in sorted(tmp_path.iterdir()))
    for path in tmp_path.iterdir():
        path.unlink()
    (tmp_path / "shared.log").write_bytes(shared)
    assert mail_files.forget_of([world.owner.user.email.upper()]) == 2
    left = (tmp_path / "shared.log").read_text()
    assert (world.owner.user.email in left, left.count(f"To: {world.chatter.user.email}")) == (False, 1)
    assert mail_files.forget_of([world.chatter.user.email]) == 1
    assert list(tmp_path.iterdir()) == []


# --- running


@pytest.fixture
def rule(world: Any, monkeypatch: pytest.MonkeyPatch) -> Rule:
    """Forgets mails in batches of two; its name is a period's, the rows are five."""
    monkeypatch.setattr(registry, "BATCH", 2)
    for _ in range(5):
        mail_to(world.owner.user, "welcome", now=clock.now() - 31 * DAY)
    return registry.rule_of("mails")


def test_a_run_goes_in_batches_and_is_noted(rule: Rule) -> None:
    now = clock.now()
    assert run.run("mails", now=now) == 5
    row = RetentionRun.objects.get(name="mails")
    assert (row.started_at, row.ended_at, row.count, row.total, row.is_over) == (now, now, 5, 5, True)
    assert list(rule.batches(now)) == []


def test_a_run_whose_time_is_up_goes_on_next_time(rule: Rule) -> None:
    now = clock.now()
    assert run.run("mails", now=now, seconds=-1.0) == 2
    row = RetentionRun.objects.get(name="mails")
    assert (row.is_over, row.started_at, run.late(now=now)) == (False, None, ["mails"])
    assert run.run("mails", now=now) == 3
    row.refresh_from_db()
    assert (row.is_over, row.count, row.total, run.late(now=now)) == (True, 3, 5, [])


def test_a_rule_waits_for_its_turn(rule: Rule) -> None:
    now = clock.now()
    run.run("mails", now=now)
    assert run.run("mails", now=now + rule.every - timedelta(seconds=1)) is None
    assert run.run("mails", now=now + rule.every) == 0


def test_a_run_that_broke_off_is_late_after_two_days(
    rule: Rule, monkeypatch: pytest.MonkeyPatch, world: Any
) -> None:
    def broken(pks: list[int], now: datetime) -> None:
        raise RuntimeError("down")

    registry.register(of_rows("mails", lambda now: Mail.objects.order_by("pk"), broken))
    now = clock.now()
    try:
        with pytest.raises(RuntimeError):
            run.run("mails", now=now)
    finally:
        registry.register(rule)
    assert run.check(now + 47 * timedelta(hours=1)).status is Status.HEALTHY
    found = run.check(now + 49 * timedelta(hours=1))
    assert (found.status, found.details) == (Status.DEGRADED, {"late": ["mails"]})
    assert run.run("mails", now=now + timedelta(hours=1)) == 5


@pytest.mark.django_db(transaction=True)
def test_of_many_workers_one_runs_a_rule(rule: Rule) -> None:
    now = clock.now()

    def work(_: int) -> int | None:
        try:
            return run.run("mails", now=now)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(work, range(8)))
    assert sorted(count for count in found if count is not None) == [5]


def test_a_job_is_sent_for_each_rule_whose_turn_it_is(
    rule: Rule, django_capture_on_commit_callbacks: Any
) -> None:
    now = clock.now()
    everything = len(registry.rules())
    with django_capture_on_commit_callbacks():
        assert run.start_due(now=now) == everything
        run.run("mails", now=now)
        assert run.start_due(now=now) == everything - 1


def test_a_dry_run_counts_and_changes_nothing(rule: Rule) -> None:
    out = StringIO()
    call_command("retention", "mails", "devices", "--dry-run", stdout=out)
    assert out.getvalue() == "devices: 0\nmails: 5\n"
    assert Mail.objects.count() == 5
    out = StringIO()
    call_command("retention", "mails", stdout=out)
    assert (out.getvalue(), Mail.objects.count()) == ("mails: 5\n", 0)
