"""Invitations: who may offer what, the mail and its link, taken up once by whom it names."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from rest_framework.test import APIClient

from accounts.errors import AlreadyMember, InvalidLink
from accounts.models import Creator, CreatorAssignment, Invitation, Membership, User
from accounts.services import invitations
from huntaze.kernel import clock
from huntaze.kernel.tenancy import cross_workspace
from tests.accounts.letters import send, token
from tests.factories.accounts import PASSWORD, MembershipFactory, UserFactory
from tests.factories.team import Team, make_team, reload

LOOK, ACCEPT = "/api/invitations/look", "/api/invitations/accept"
NEW = {"name": "Nina New", "password": "Quiet-river-42", "acceptTerms": True}


def base(team: Team) -> str:
    return f"/api/workspaces/{team.workspace.public_id}/invitations"


def invited(
    client: Any, team: Team, email: str = "nina@example.test", role: str = "chatter", **more: Any
) -> Any:
    return client.post(base(team), {"email": email, "role": role, **more}, format="json")


def accept(**body: Any) -> Any:
    return APIClient().post(ACCEPT, body, format="json")


def members(team: Team, email: str) -> list[str]:
    with cross_workspace("demo"):
        rows = Membership.objects.filter(workspace=team.workspace, user__email=email, ended_at=None)
        return list(rows.values_list("role", flat=True))


def test_a_new_person_follows_the_mail_and_works_for_who_they_were_invited_for(
    team: Team, person: Any
) -> None:
    answer = invited(person(team["owner"]), team, creatorIds=[team.own.public_id])
    assert (answer.status_code, answer.json()["role"], answer.json()["isExpired"]) == (201, "chatter", False)
    assert [(mail.to, mail.subject) for mail in send()] == [
        (["nina@example.test"], "Ours owner invites you to Ours Workspace")
    ]
    secret = token("/invitation/")
    offer = APIClient().post(LOOK, {"token": secret}, format="json").json()
    assert (offer["workspaceName"], offer["invitedBy"], offer["isKnown"]) == (
        "Ours Workspace",
        "Ours owner",
        False,
    )
    assert accept(token=secret, **NEW).json()["success"] is True
    user = User.objects.get(email="nina@example.test")
    assert (user.name, user.email_verified_at is not None, user.terms_accepted_at is not None) == (
        "Nina New",
        True,
        True,
    )
    with cross_workspace("demo"):
        member = Membership.objects.get(user=user)
        works = list(CreatorAssignment.objects.filter(membership=member).values_list("creator", flat=True))
    assert (member.role, member.invited_by_id, works) == ("chatter", team["owner"].pk, [team.own.pk])
    assert accept(token=secret, **NEW).status_code == 400  # once


def test_the_row_and_the_queue_hold_no_link(team: Team, person: Any) -> None:
    invited(person(team["owner"]), team)
    secret = token("/invitation/")
    with connection.cursor() as cursor:
        for table in ("accounts_invitation", "accounts_mail", "accounts_auditevent"):
            cursor.execute(f"SELECT count(*) FROM {table} t WHERE t::text LIKE %s", [f"%{secret}%"])
            assert cursor.fetchone() == (0,)


def test_somebody_with_an_account_proves_who_they_are(team: Team, person: Any) -> None:
    known = UserFactory(email="known@example.test")
    invited(person(team["owner"]), team, email="KNOWN@example.test", role="manager")
    secret = token("/invitation/")
    assert accept(token=secret, password="Wrong-password-1").status_code == 401
    assert members(team, known.email) == []
    assert accept(token=secret, password=PASSWORD).status_code == 200
    assert members(team, known.email) == ["manager"]


@pytest.mark.parametrize(
    "wrong", [{"acceptTerms": False}, {"name": ""}, {"password": "short"}, {"password": "Password1"}]
)
def test_a_new_person_needs_name_terms_and_a_password(team: Team, person: Any, wrong: Any) -> None:
    invited(person(team["owner"]), team)
    assert accept(token=token("/invitation/"), **(NEW | wrong)).status_code == 400
    assert not User.objects.filter(email="nina@example.test").exists()


@pytest.mark.parametrize(
    ("by", "role", "status"),
    [
        ("owner", "owner", 201),
        ("owner", "manager", 201),
        ("manager", "chatter", 201),
        ("manager", "manager", 403),
        ("manager", "owner", 403),
        ("team", "chatter", 201),
        ("chatter", "chatter", 403),
        ("creator", "chatter", 403),
    ],
)
def test_nobody_invites_above_themselves(team: Team, person: Any, by: str, role: str, status: int) -> None:
    assert invited(person(team[by]), team, role=role).status_code == status
    with cross_workspace("demo"):
        assert Invitation.objects.count() == (status == 201)


def test_a_manager_of_some_invites_only_for_those(team: Team, person: Any) -> None:
    client = person(team["team"])
    assert invited(client, team, creatorIds=[team.unassigned.public_id]).status_code == 404
    assert invited(client, team, creatorIds=[team.own.public_id]).status_code == 201


def test_a_creators_login_is_theirs(team: Team, person: Any) -> None:
    client = person(team["manager"])
    for wrong in ([], [team.own.public_id], [team.own.public_id, team.unassigned.public_id]):
        answer = invited(client, team, role="creator", creatorIds=wrong)
        assert (answer.status_code, answer.json()["details"][0]["field"]) == (400, "creatorIds")
    assert invited(client, team, role="creator", creatorIds=[team.unassigned.public_id]).status_code == 201
    assert accept(token=token("/invitation/"), **NEW).status_code == 200
    user = User.objects.get(email="nina@example.test")
    with cross_workspace("demo"):
        assert Creator.objects.get(user=user) == team.unassigned
        nina = Membership.objects.get(user=user)
    seen = person(nina).get("/api/creators").json()["creators"]
    assert [row["stageName"] for row in seen] == ["Ours Unassigned"]


def test_one_open_invitation_for_an_address(team: Team, person: Any, time_machine: Any) -> None:
    client = person(team["owner"])
    assert invited(client, team).status_code == 201
    again = invited(client, team, email="Nina@Example.test")
    assert (again.status_code, again.json()["error"]) == (409, "This address is invited already")
    assert invited(client, team, email=team["chatter"].user.email).status_code == 409
    time_machine.move_to(clock.now() + timedelta(days=8))
    client = person(team["owner"])
    assert client.get(base(team)).json()["invitations"][0]["isExpired"] is True
    assert invited(client, team).status_code == 201
    assert client.get(base(team)).json()["total"] == 1


def test_a_link_ends_after_seven_days(team: Team, person: Any, time_machine: Any) -> None:
    invited(person(team["owner"]), team)
    secret = token("/invitation/")
    time_machine.move_to(clock.now() + timedelta(days=7, seconds=1))
    answer = accept(token=secret, **NEW)
    assert (answer.status_code, answer.json()["error"]) == (400, "Invalid or expired token")


def test_sending_again_makes_the_first_link_worthless(team: Team, person: Any, time_machine: Any) -> None:
    client = person(team["owner"])
    path = f"{base(team)}/{invited(client, team).json()['id']}"
    first = token("/invitation/")
    time_machine.move_to(clock.now() + timedelta(minutes=5))
    assert client.post(f"{path}/resend").status_code == 200
    second = token("/invitation/")
    assert first != second
    assert accept(token=first, **NEW).status_code == 400
    assert accept(token=second, **NEW).status_code == 200


def test_what_is_taken_back_opens_nothing(team: Team, theirs: Team, person: Any) -> None:
    client = person(team["owner"])
    path = f"{base(team)}/{invited(client, team).json()['id']}"
    secret = token("/invitation/")
    assert person(theirs["owner"]).delete(path).status_code == 404
    assert person(team["chatter"]).delete(path).status_code == 403
    assert client.delete(path).status_code == 204
    assert accept(token=secret, **NEW).status_code == 400
    assert client.delete(path).status_code == 404


def test_an_invitation_ends_with_the_rights_of_who_sent_it(team: Team, person: Any) -> None:
    second = MembershipFactory(workspace=team.workspace, role="owner")
    invited(person(second), team, role="manager")
    secret = token("/invitation/")
    path = f"/api/workspaces/{team.workspace.public_id}/members/{second.public_id}"
    assert person(team["owner"]).patch(path, {"role": "manager"}, format="json").status_code == 200
    assert accept(token=secret, **NEW).status_code == 400
    assert members(team, "nina@example.test") == []


def test_an_unverified_person_invites_nobody(team: Team, person: Any) -> None:
    User.objects.filter(pk=team["owner"].user_id).update(email_verified_at=None)
    answer = invited(person(team["owner"]), team)
    assert (answer.status_code, answer.json()["error"]) == (403, "Email verification required")


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_one_takes_the_place() -> None:
    team = make_team("Ours")
    known = UserFactory(email="known@example.test")
    with cross_workspace("demo"):
        row = Invitation(
            workspace=team.workspace,
            email=known.email,
            role="chatter",
            invited_by=team["owner"],
            created_at=clock.now(),
            sent_at=clock.now(),
            expires_at=clock.now() + timedelta(days=1),
            digest=invitations.tokens.digest("secret"),
        )
        row.save()
    start = threading.Barrier(4)

    def go(_: int) -> str:
        try:
            offer = invitations.look(token="secret", now=clock.now())
            start.wait(10)
            invitations.accept_signed_in(offer=offer, user=known, now=clock.now())
            return "in"
        except (InvalidLink, AlreadyMember):
            return "late"
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(go, range(4))) == ["in", "late", "late", "late"]
    assert reload(row).accepted_at is not None
