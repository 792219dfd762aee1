"""Legal holds: who places and releases them, what they stop, also in the middle, and what the log says of it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import AuditEvent, LegalHold, PrivacyRequest, User
from accounts.services import audit, audit_retention
from accounts.services.audit_chain import seal
from accounts.services.audit_check import verify
from accounts.services.privacy import holds, work
from huntaze.kernel import clock, context
from huntaze.kernel.errors import Invalid
from huntaze.kernel.tenancy import cross_workspace, workspace_scope
from tests.factories.accounts import MembershipFactory, UserFactory
from tests.factories.messaging import delivery

pytestmark = pytest.mark.django_db
Person = Callable[[Any], APIClient]
REASON = "Court order 12/345"


def place(member: Any, **more: Any) -> LegalHold:
    values = {"reason": REASON, "user_pk": UserFactory(is_staff=True).pk, "now": clock.now()} | more
    return holds.place(workspace_pk=member.workspace_id, **values)


def standing() -> list[str]:
    with cross_workspace("demo"):
        return list(LegalHold.objects.filter(released_at=None).values_list("reason", flat=True))


def events(member: Any) -> list[tuple[str, str, dict[str, Any]]]:
    with cross_workspace("demo"):
        rows = AuditEvent.objects.filter(workspace=member.workspace_id).order_by("pk")
        return [(row.action, row.actor_kind, row.changes) for row in rows]


# --- placing and releasing


def test_the_log_says_that_a_hold_stood_and_not_why(world: Any) -> None:
    end = clock.now() + timedelta(days=90)
    hold = place(world.owner, ends_at=end)
    assert holds.release(hold=hold, user_pk=UserFactory().pk, now=clock.now())
    assert not holds.release(hold=hold, user_pk=UserFactory().pk, now=clock.now())
    said = {"endsAt": end.isoformat()}
    assert events(world.owner) == [("hold.placed", "staff", said), ("hold.released", "staff", said)]
    with cross_workspace("demo"):
        assert not AuditEvent.objects.exclude(reason="").exists()


@pytest.mark.parametrize("wrong", [{"reason": "because"}, {"ends_at": clock.now() - timedelta(days=1)}])
def test_a_hold_needs_a_reason_and_an_end_to_come(world: Any, wrong: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        place(world.owner, **wrong)
    assert standing() == []


def test_a_hold_is_released_when_its_time_is_over(world: Any) -> None:
    now = clock.now()
    place(world.owner, ends_at=now + timedelta(days=2))
    place(world.outsider)
    assert holds.release_ended(now=now + timedelta(days=1)) == 0
    assert holds.release_ended(now=now + timedelta(days=2)) == 1
    assert events(world.owner)[-1][:2] == ("hold.released", "system")
    assert len(standing()) == 1


# --- what it stops


def test_a_hold_placed_in_the_middle_stops_an_erasure_there(
    world: Any, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "RUN_SECONDS", -1.0)
    monkeypatch.setattr(work, "MOST_RUNS", 4)
    monkeypatch.setattr(work, "BATCH", 1)
    for number in range(5):
        delivery(world.fan, world.owner, text=f"text {number}")
    body = {"scope": "workspace", "atOnce": True, "reason": REASON}
    client = person(world.owner)
    row_id = client.post("/api/privacy/erasures", body, format="json").json()["id"]
    assert work.run_due() == 4
    with cross_workspace("demo"):
        before = PrivacyRequest.objects.get()
    place(world.owner)
    assert work.run_due() == 1
    with cross_workspace("demo"):
        after = PrivacyRequest.objects.get()
    assert (before.done_count > 0, after.done_count == before.done_count) == (True, True)
    assert (after.state, after.last_error, after.position) == ("queued", "legal hold", before.position)
    assert row_id == after.public_id


def test_a_hold_waits_for_a_step_that_is_under_way_and_the_step_for_the_hold(
    world: Any, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the question inside the step's own transaction the rest of the run would go on under the hold."""
    seen: list[bool] = []
    real = holds.lock_unless_held

    def placed_meanwhile(subject: Any) -> bool:
        if not seen:
            place(world.owner)
        seen.append(real(subject))
        return seen[-1]

    monkeypatch.setattr(holds, "lock_unless_held", placed_meanwhile)
    body = {"scope": "fan", "id": world.fan.public_id}
    person(world.owner).post("/api/privacy/erasures", body, format="json")
    work.run_due()
    assert seen == [False]
    world.fan.refresh_from_db()
    assert world.fan.erased_at is None


def test_a_person_is_kept_while_any_of_their_workspaces_is_held(world: Any, person: Person) -> None:
    MembershipFactory(user=world.chatter.user, workspace=world.outsider.workspace, role="chatter")
    hold = place(world.outsider)
    person(world.chatter).post("/api/privacy/erasures", {"scope": "me"}, format="json")
    work.run_due()
    assert User.objects.get(pk=world.chatter.user_id).name == world.chatter.user.name
    holds.release(hold=hold, user_pk=None, now=clock.now())
    with cross_workspace("demo"):
        PrivacyRequest.objects.update(available_at=clock.now())
    work.run_due()
    assert User.objects.get(pk=world.chatter.user_id).name == "erased"


def test_the_request_says_that_it_is_held(world: Any, person: Person) -> None:
    client = person(world.owner)
    body = {"scope": "fan", "id": world.fan.public_id}
    row = client.post("/api/privacy/erasures", body, format="json").json()
    assert row["held"] is False
    place(world.owner)
    assert client.get(f"/api/privacy/erasures/{row['id']}").json()["held"] is True
    assert client.get("/api/privacy/erasures").json()["requests"][0]["held"] is True


@pytest.mark.django_db(transaction=True)
def test_addresses_under_a_hold_are_cleared_once_it_is_released(world: Any, settings: Any) -> None:
    for member in (world.owner, world.outsider):
        with workspace_scope(member.workspace_id), context.from_origin(lambda: ("192.0.2.1", "agent")):
            audit.record(
                workspace_id=member.workspace_id, actor=audit.Actor.system(), action="x", now=clock.now()
            )
    hold = place(world.owner)
    seal(now=clock.now())
    later = clock.now() + settings.RETENTION["audit_origins"] + timedelta(minutes=1)

    def known() -> set[int]:
        with cross_workspace("demo"):
            return set(AuditEvent.objects.exclude(ip=None).values_list("workspace_id", flat=True))

    assert sum(audit_retention.clear_origins(later)) > 0
    assert known() == {world.owner.workspace_id}
    holds.release(hold=hold, user_pk=None, now=later)
    assert sum(audit_retention.clear_origins(later)) == 2
    assert (known(), sum(audit_retention.clear_origins(later))) == (set(), 0)
    seal(now=later)
    assert verify(world.owner.workspace).findings == []


# --- the staff's page


def staff(group: str) -> Client:
    user = UserFactory(is_staff=True)
    user.groups.set([Group.objects.get(name=group)])
    client = Client()
    client.force_login(user)
    return client


ADD = "/admin/accounts/legalhold/add/"


def test_staff_with_the_right_place_and_release(world: Any) -> None:
    client = staff("support")
    form = {"workspace": world.owner.workspace_id, "reason": REASON, "ends_at_0": "", "ends_at_1": ""}
    assert client.post(ADD, form | {"reason": "because"}).status_code == 200
    assert standing() == []
    assert client.post(ADD, form).status_code == 302
    assert standing() == [REASON]
    with cross_workspace("demo"):
        hold = LegalHold.objects.get()
    listed = client.get("/admin/accounts/legalhold/").content.decode()
    assert REASON in listed
    deed = {"action": "release", "_selected_action": [hold.pk]}
    assert client.post("/admin/accounts/legalhold/", deed).status_code == 302
    assert standing() == []
    with cross_workspace("demo"):
        assert LegalHold.objects.get().released_by_id is not None


def test_a_second_hold_on_a_workspace_is_refused_in_words(world: Any) -> None:
    place(world.owner)
    form = {"workspace": world.owner.workspace_id, "reason": REASON, "ends_at_0": "", "ends_at_1": ""}
    answer = staff("support").post(ADD, form)
    assert answer.status_code == 200
    assert "A legal hold stands on this workspace already." in answer.content.decode()


def test_staff_without_the_right_only_look(world: Any) -> None:
    place(world.owner)
    client = staff("engineer")
    assert client.get("/admin/accounts/legalhold/").status_code == 200
    assert client.get(ADD).status_code == 403
    with cross_workspace("demo"):
        hold = LegalHold.objects.get()
    client.post("/admin/accounts/legalhold/", {"action": "release", "_selected_action": [hold.pk]})
    assert len(standing()) == 1
