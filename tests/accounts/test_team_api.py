"""The team over the API: who is seen, whose rights change, what follows at once, and what nobody may."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from accounts.models import ApiKey, AuditEvent, CreatorAssignment, Membership, RefreshSession, User
from huntaze.kernel import clock
from huntaze.kernel.tenancy import cross_workspace
from tests.factories.accounts import AssignmentFactory, MembershipFactory, api_key
from tests.factories.team import Team, reload

STATUS = "/api/onlyfans/messaging/status"


def base(team: Team) -> str:
    return f"/api/workspaces/{team.workspace.public_id}"


def of(team: Team, kind: str, more: str = "") -> str:
    return f"{base(team)}/members/{team[kind].public_id}{more}"


def last_audit(target: str) -> tuple[str, Any]:
    with cross_workspace("demo"):
        row = AuditEvent.objects.filter(target=target).order_by("-pk").first()
    assert row is not None
    return row.action, row.changes


def names(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.json()
    return [row["name"] for row in answer.json()["members"]]


def test_an_owner_sees_everybody_with_what_they_reach(team: Team, person: Any) -> None:
    answer = person(team["owner"]).get(f"{base(team)}/members")
    assert names(answer) == ["Ours owner", "Ours manager", "Ours team", "Ours chatter", "Ours creator"]
    rows = {row["name"]: row for row in answer.json()["members"]}
    assert (answer.json()["total"], rows["Ours owner"]["isYou"]) == (5, True)
    assert [rows[f"Ours {kind}"]["reachesAll"] for kind in team.members] == [True, True, False, False, False]
    for kind in ("team", "chatter", "creator"):
        assert [one["stageName"] for one in rows[f"Ours {kind}"]["creators"]] == ["Ours Own"]


def test_a_manager_of_some_creators_sees_those_who_work_for_the_same(team: Team, person: Any) -> None:
    stranger = MembershipFactory(workspace=team.workspace, role="chatter", user__name="Ours stranger")
    AssignmentFactory(workspace=team.workspace, membership=stranger, creator=team.unassigned)
    client = person(team["team"])
    assert names(client.get(f"{base(team)}/members")) == [
        "Ours owner",
        "Ours team",
        "Ours chatter",
        "Ours creator",
    ]
    assert client.get(f"{base(team)}/members/{stranger.public_id}").status_code == 404
    assert client.delete(f"{base(team)}/members/{stranger.public_id}").status_code == 404
    assert reload(stranger).ended_at is None


@pytest.mark.parametrize("kind", ["chatter", "creator"])
def test_who_is_no_supervisor_sees_no_team(team: Team, person: Any, kind: str) -> None:
    assert person(team[kind]).get(f"{base(team)}/members").status_code == 403


def test_another_workspace_does_not_exist(team: Team, theirs: Team, person: Any) -> None:
    client = person(team["owner"])
    for path in (base(theirs), f"{base(theirs)}/members", of(theirs, "chatter")):
        assert client.get(path).status_code == 404
    swapped = f"{base(team)}/members/{theirs['chatter'].public_id}"
    for method in ("get", "delete", "patch"):
        assert getattr(client, method)(swapped, {}, format="json").status_code == 404
    assert reload(theirs["chatter"]).ended_at is None


def test_a_new_role_holds_at_the_next_request(team: Team, person: Any) -> None:
    theirs = person(team["chatter"])
    queue = f"/api/onlyfans/messaging/{team.own.public_id}/retry"
    assert theirs.post(queue).status_code == 403
    changed = person(team["owner"]).patch(of(team, "chatter"), {"role": "manager"}, format="json")
    assert (changed.status_code, changed.json()["role"]) == (200, "manager")
    assert theirs.get(STATUS).status_code == 401  # the old session is over
    assert person(team["chatter"]).post(queue).status_code == 404
    assert last_audit(team["chatter"].public_id) == (
        "member.changed",
        {
            "role": {"from": "chatter", "to": "manager"},
            "sees_all_creators": {"from": True, "to": True},
        },
    )


def test_a_role_that_stays_ends_no_session(team: Team, person: Any) -> None:
    theirs = person(team["chatter"])
    answer = person(team["owner"]).patch(of(team, "chatter"), {"role": "chatter"}, format="json")
    assert answer.status_code == 200
    assert theirs.get(STATUS).status_code == 200


@pytest.mark.parametrize(
    ("by", "whom", "role", "status"),
    [
        ("owner", "manager", "owner", 200),
        ("owner", "manager", "chatter", 200),
        ("owner", "chatter", "creator", 409),
        ("owner", "creator", "chatter", 409),
        ("manager", "chatter", "manager", 403),
        ("manager", "chatter", "owner", 403),
        ("manager", "team", "chatter", 403),
        ("manager", "owner", "chatter", 403),
        ("manager", "manager", "owner", 403),
        ("team", "chatter", "manager", 403),
    ],
)
def test_nobody_gives_more_than_they_hold(
    team: Team, person: Any, by: str, whom: str, role: str, status: int
) -> None:
    before = team[whom].role
    answer = person(team[by]).patch(of(team, whom), {"role": role}, format="json")
    assert answer.status_code == status, answer.json()
    assert reload(team[whom]).role == (role if status == 200 else before)


def test_a_scope_is_custom_by_the_creators_of_a_member(team: Team, person: Any) -> None:
    owner = person(team["owner"])
    assert owner.patch(of(team, "manager"), {"seesAllCreators": False}, format="json").status_code == 200
    assert person(team["manager"]).get("/api/creators").json()["creators"] == []
    answer = owner.put(of(team, "manager", f"/creators/{team.unassigned.public_id}"), {}, format="json")
    assert [row["stageName"] for row in answer.json()["creators"]] == ["Ours Unassigned"]
    seen = person(team["manager"]).get("/api/creators").json()
    assert [row["stageName"] for row in seen["creators"]] == ["Ours Unassigned"]


def test_an_assignment_begins_and_ends_by_the_clock(team: Team, person: Any, time_machine: Any) -> None:
    now = clock.now()
    path = of(team, "chatter", f"/creators/{team.unassigned.public_id}")
    times = {"startsAt": clock.iso(now + timedelta(days=1)), "endsAt": clock.iso(now + timedelta(days=3))}
    answer = person(team["owner"]).put(path, times, format="json")
    assert answer.status_code == 200
    for days, seen in ((0, ["Ours Own"]), (2, ["Ours Own", "Ours Unassigned"]), (4, ["Ours Own"])):
        time_machine.move_to(now + timedelta(days=days))
        found = person(team["chatter"]).get("/api/creators").json()["creators"]
        assert [row["stageName"] for row in found] == seen


def test_an_assignment_asked_twice_is_moved_not_doubled(team: Team, person: Any) -> None:
    path, owner = of(team, "chatter", f"/creators/{team.own.public_id}"), person(team["owner"])
    end = clock.now() + timedelta(days=5)
    for _ in range(2):
        assert owner.put(path, {"endsAt": clock.iso(end)}, format="json").status_code == 200
    with cross_workspace("demo"):
        row = CreatorAssignment.objects.get(membership=team["chatter"], creator=team.own)
    assert row.ended_at is not None
    assert abs(row.ended_at - end) < timedelta(seconds=1)
    past = {"endsAt": clock.iso(clock.now() - timedelta(days=1))}
    refused = owner.put(path, past, format="json")
    assert (refused.status_code, refused.json()["details"][0]["field"]) == (400, "endsAt")


def test_an_assignment_ends_at_the_next_request(team: Team, person: Any) -> None:
    chatter = person(team["chatter"])
    assert len(chatter.get("/api/creators").json()["creators"]) == 1
    answer = person(team["team"]).delete(of(team, "chatter", f"/creators/{team.own.public_id}"))
    assert answer.json()["creators"] == []
    assert chatter.get("/api/creators").json()["creators"] == []
    assert last_audit(team["chatter"].public_id) == (
        "member.unassigned",
        {"creator": team.own.public_id},
    )


def test_a_manager_of_some_assigns_no_others(team: Team, person: Any) -> None:
    path = of(team, "chatter", f"/creators/{team.unassigned.public_id}")
    assert person(team["team"]).put(path, {}, format="json").status_code == 404
    foreign = person(team["manager"]).put(
        of(team, "team", f"/creators/{team.own.public_id}"), {}, format="json"
    )
    assert foreign.status_code == 403  # a manager looks after chatters and creators only


def test_the_end_of_a_membership_ends_every_way_in(team: Team, person: Any) -> None:
    chatter, key, browser = person(team["chatter"]), api_key(team["chatter"]), Client()
    browser.force_login(reload(team["chatter"].user))
    assert browser.get("/onlyfans").status_code == 200
    assert person(team["manager"]).delete(of(team, "chatter")).status_code == 204
    assert chatter.get(STATUS).status_code == 401
    assert Client().get(STATUS, headers={"Authorization": f"Bearer {key}"}).status_code == 401
    assert browser.get("/onlyfans").status_code == 302
    with cross_workspace("demo"):
        assert not RefreshSession.objects.filter(user=team["chatter"].user, revoked_at=None).exists()
        assert ApiKey.objects.get(membership=team["chatter"]).revoked_at is not None
        ends = CreatorAssignment.objects.filter(membership=team["chatter"]).values_list("ended_at", flat=True)
        assert None not in list(ends)
        assert Membership.objects.get(pk=team["chatter"].pk).ended_at is not None
        assert User.objects.filter(pk=team["chatter"].user_id).exists()
    assert last_audit(team["chatter"].public_id)[0] == "member.ended"


@pytest.mark.parametrize(
    ("by", "whom", "status"),
    [
        ("owner", "manager", 204),
        ("owner", "owner", 409),
        ("manager", "chatter", 204),
        ("manager", "team", 403),
        ("manager", "owner", 403),
        ("manager", "creator", 409),
        ("owner", "creator", 409),
        ("team", "chatter", 204),
    ],
)
def test_who_may_end_whom(team: Team, person: Any, by: str, whom: str, status: int) -> None:
    answer = person(team[by]).delete(of(team, whom))
    assert answer.status_code == status
    assert (reload(team[whom]).ended_at is not None) is (status == 204)


@pytest.mark.parametrize("kind", ["manager", "team", "chatter", "creator"])
def test_everybody_may_leave(team: Team, person: Any, kind: str) -> None:
    client = person(team[kind])
    assert client.post(f"{base(team)}/leave").status_code == 204
    assert client.get(STATUS).status_code == 401
    assert reload(team.own).user_id == (None if kind == "creator" else team["creator"].user_id)


def test_the_last_owner_stays_in_role_and_place(team: Team, person: Any) -> None:
    client = person(team["owner"])
    sentence = "A workspace needs an owner: give somebody else that role first"
    for answer in (
        client.post(f"{base(team)}/leave"),
        client.patch(of(team, "owner"), {"role": "manager"}, format="json"),
    ):
        assert (answer.status_code, answer.json()["error"]) == (409, sentence)
    second = MembershipFactory(workspace=team.workspace, role="owner")
    assert client.post(f"{base(team)}/leave").status_code == 204
    assert person(second).post(f"{base(team)}/leave").status_code == 409


def test_a_person_sees_their_places_and_a_key_only_its_own(
    team: Team, theirs: Team, person: Any, api: Any
) -> None:
    MembershipFactory(workspace=theirs.workspace, role="chatter", user=team["owner"].user)
    seen = person(team["owner"]).get("/api/workspaces").json()
    assert [(row["name"], row["role"], row["isCurrent"]) for row in seen["workspaces"]] == [
        ("Ours Workspace", "owner", True),
        ("Theirs Workspace", "chatter", False),
    ]
    by_key = api(team["owner"]).get("/api/workspaces").json()
    assert [row["name"] for row in by_key["workspaces"]] == ["Ours Workspace"]


def test_a_workspace_is_changed_by_its_owner(team: Team, person: Any) -> None:
    change = {"name": "Atelier", "timezone": "Europe/Paris"}
    answer = person(team["owner"]).patch(base(team), change, format="json")
    assert (answer.status_code, answer.json()["name"], answer.json()["timezone"]) == (
        200,
        "Atelier",
        "Europe/Paris",
    )
    assert person(team["manager"]).patch(base(team), change, format="json").status_code == 403
    wrong = person(team["owner"]).patch(base(team), {"timezone": "Mars/Olympus"}, format="json")
    assert wrong.json()["details"] == [
        {"field": "timezone", "message": "Use a time zone such as `Europe/Paris`."}
    ]
    assert last_audit(team.workspace.public_id)[1]["name"] == {"from": "•••", "to": "•••"}


def test_the_table_of_rights_is_told(team: Team, person: Any) -> None:
    answer = person(team["manager"]).get(f"{base(team)}/roles").json()["roles"]
    assert [(row["role"], row["mayBeGiven"]) for row in answer] == [
        ("owner", False),
        ("manager", False),
        ("chatter", True),
        ("creator", True),
    ]
    rights = {row["role"]: {one["capability"]: one["reach"] for one in row["rights"]} for row in answer}
    assert (rights["owner"]["queue.manage"], rights["creator"]["creator.stop"]) == ("all", "assigned")
    assert "queue.manage" not in rights["chatter"]


def test_creators_are_added_and_renamed(team: Team, person: Any) -> None:
    made = person(team["team"]).post("/api/creators", {"stageName": "Nova"}, format="json")
    assert made.status_code == 201
    path = f"/api/creators/{made.json()['id']}"
    assert person(team["team"]).get(path).json()["stageName"] == "Nova"  # its maker works for it
    assert person(team["chatter"]).get(path).status_code == 404
    renamed = person(team["owner"]).patch(path, {"stageName": "Nova Ray"}, format="json")
    assert renamed.json()["stageName"] == "Nova Ray"
    assert person(team["creator"]).post("/api/creators", {"stageName": "X"}, format="json").status_code == 403
