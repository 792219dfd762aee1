"""A creator's way out: nothing is sent, nobody else reaches them, and nobody can take it from them."""

from functools import partial
from typing import Any

import pytest

from accounts.models import AuditEvent, CreatorAssignment, Workspace
from accounts.selectors import sending_accounts
from huntaze.kernel.live.post import SESSION_END, Event
from huntaze.kernel.tenancy import cross_workspace
from tests.factories.team import Team, reload


def path(team: Team, deed: str = "", which: str = "own") -> str:
    return f"/api/creators/{getattr(team, which).public_id}{deed}"


def sending() -> set[int]:
    with cross_workspace("demo"):
        return set(sending_accounts().values_list("pk", flat=True))


def test_a_stop_ends_sending_and_everybodys_access(team: Team, person: Any) -> None:
    others = {kind: person(team[kind]) for kind in ("owner", "manager", "team", "chatter")}
    assert team.own_account.pk in sending()
    answer = person(team["creator"]).post(path(team, "/stop"))
    assert (answer.status_code, answer.json()["status"]) == (200, "paused")
    assert team.own_account.pk not in sending()
    for client in others.values():
        assert client.get(path(team)).status_code == 404
        status = client.get("/api/onlyfans/messaging/status", {"accountId": team.own_account.public_id})
        assert status.status_code == 404
    assert others["owner"].get(path(team, which="unassigned")).status_code == 200
    assert person(team["creator"]).get(path(team)).status_code == 200
    with cross_workspace("demo"):
        row = AuditEvent.objects.filter(target=team.own.public_id).get()
    assert (row.action, row.changes) == ("creator.stopped", {"assignments_ended": 2})


def test_open_pages_of_whoever_worked_for_them_look_at_once_what_they_may_hear(
    team: Team, person: Any, django_capture_on_commit_callbacks: Any
) -> None:
    with cross_workspace("demo"):
        worked = set(
            CreatorAssignment.objects.filter(creator=team.own).values_list("membership__user", flat=True)
        )
    with django_capture_on_commit_callbacks() as told:
        assert person(team["creator"]).post(path(team, "/stop")).status_code == 200
    events = [
        event for one in told if isinstance(one, partial) for event in one.args[0] if isinstance(event, Event)
    ]
    assert {event.user_pk for event in events if event.name == SESSION_END} == worked
    assert len(worked) == 2


def test_only_the_creator_goes_on_again(team: Team, person: Any) -> None:
    creator = person(team["creator"])
    creator.post(path(team, "/stop"))
    assert person(team["owner"]).post(path(team, "/resume")).status_code == 403
    answer = creator.post(path(team, "/resume"))
    assert (answer.status_code, answer.json()["status"], answer.json()["stoppedAt"]) == (200, "active", None)
    assert team.own_account.pk in sending()
    assert person(team["owner"]).get(path(team)).status_code == 200
    assert person(team["chatter"]).get(path(team)).status_code == 404  # assigned anew by hand


@pytest.mark.parametrize("kind", ["owner", "manager", "team", "chatter"])
def test_nobody_else_stops_a_creator(team: Team, person: Any, kind: str) -> None:
    assert person(team[kind]).post(path(team, "/stop")).status_code == 403
    assert reload(team.own).stopped_at is None


def test_a_creator_stops_nobody_else(team: Team, person: Any) -> None:
    assert person(team["creator"]).post(path(team, "/stop", "unassigned")).status_code == 404
    assert reload(team.unassigned).stopped_at is None


def test_a_stop_works_in_a_workspace_that_may_only_be_looked_at(team: Team, person: Any) -> None:
    Workspace.objects.filter(pk=team.workspace.pk).update(status="read_only")
    assert person(team["creator"]).post(path(team, "/stop")).status_code == 200


def test_twice_is_once(team: Team, person: Any) -> None:
    creator = person(team["creator"])
    first = creator.post(path(team, "/stop")).json()["stoppedAt"]
    assert creator.post(path(team, "/stop")).json()["stoppedAt"] == first
    with cross_workspace("demo"):
        assert AuditEvent.objects.filter(action="creator.stopped").count() == 1
