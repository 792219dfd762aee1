"""The team's pages: who sees them, what they do, and what a refusal leaves as it was."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import AuditEvent, CreatorAssignment, Invitation, PlatformAccount, User
from accounts.rules.capabilities import CAPABILITIES
from accounts.services.audit import Actor
from accounts.services.team import end_membership
from accounts.templatetags.team_words import RIGHTS
from huntaze.kernel import clock
from huntaze.kernel.tenancy import cross_workspace, workspace_scope
from tests.accounts.letters import link
from tests.factories.accounts import PASSWORD, MembershipFactory, UserFactory, WorkspaceFactory, api_key
from tests.factories.messaging import FanFactory, delivery
from tests.factories.team import Team, make_team, reload

Browser = Callable[..., Client]


@pytest.fixture
def team(db: None) -> Team:
    return make_team("Ours")


def text(answer: Any) -> str:
    return str(answer.content.decode())


def invite(client: Client, **more: Any) -> Any:
    return client.post("/team/invite", {"email": "nina@example.test", "role": "chatter", **more})


def test_every_right_has_words() -> None:
    assert set(CAPABILITIES) <= set(RIGHTS)


def test_the_team_is_shown_with_what_each_reaches(browser: Browser, team: Team) -> None:
    page = text(browser(team["owner"]).get("/team"))
    for word in (
        "Ours manager",
        "chatter.ours@example.test",
        "Every creator",
        "Ours Unassigned",
        "Invite somebody",
    ):
        assert word in page


def test_chatters_see_no_team_and_no_way_to_it(browser: Browser, team: Team) -> None:
    client = browser(team["chatter"])
    assert client.get("/team").status_code == 403
    assert 'href="/team"' not in text(client.get("/onlyfans"))


def test_a_new_person_comes_in_by_their_invitation(browser: Browser, team: Team) -> None:
    assert invite(browser(team["owner"]), creators=[team.own.public_id])["Location"] == "/team"
    guest, path = browser(), link("/invitation/")
    page = text(guest.get(path))
    assert "Join Ours Workspace" in page
    sent = {"name": "Nina", "password": "Quiet-river-42", "accept_terms": "on"}
    assert guest.post(path, sent | {"password": "short"}).status_code == 422
    assert guest.post(path, sent)["Location"] == "/"
    assert guest.get("/onlyfans").status_code == 200
    assert browser().get(path).status_code == 404  # once
    with cross_workspace("demo"):
        assert CreatorAssignment.objects.filter(membership__user__name="Nina", creator=team.own).count() == 1


def test_somebody_who_is_signed_in_joins_with_one_click(browser: Browser, team: Team) -> None:
    elsewhere = MembershipFactory(
        workspace=WorkspaceFactory(name="Elsewhere"), user__email="nina@example.test"
    )
    invite(browser(team["owner"]))
    client, path = browser(elsewhere), link("/invitation/")
    assert "Password" not in text(client.get(path))
    assert client.post(path)["Location"] == "/"
    assert "Ours Workspace" in text(client.get("/onlyfans"))


def test_another_person_in_this_browser_can_not_take_it_without_a_password(
    browser: Browser, team: Team
) -> None:
    UserFactory(email="nina@example.test")
    invite(browser(team["owner"]))
    client, path = browser(MembershipFactory()), link("/invitation/")
    assert client.post(path).status_code == 422
    assert client.post(path, {"password": "Wrong-password-1"}).status_code == 422
    assert client.post(path, {"password": PASSWORD}).status_code == 302


def test_a_second_invitation_keeps_what_was_typed(browser: Browser, team: Team) -> None:
    client = browser(team["owner"])
    invite(client)
    answer = invite(client)
    assert answer.status_code == 409
    assert "This address is invited already" in text(answer)
    assert 'value="nina@example.test"' in text(answer)


def test_an_invitation_is_sent_again_and_taken_back(browser: Browser, team: Team) -> None:
    client = browser(team["owner"])
    invite(client)
    with cross_workspace("demo"):
        row = Invitation.objects.get()
    for deed in ("resend", "revoke"):
        assert client.post(f"/team/invitations/{row.public_id}/{deed}")["Location"] == "/team"
    assert client.post(f"/team/invitations/{row.public_id}/revoke").status_code == 404
    assert client.post(f"/team/invitations/{row.public_id}/explode").status_code == 404
    client.get("/team")  # the notices are shown once
    assert "nina@example.test" not in text(client.get("/team"))


def test_a_role_is_changed_and_the_person_signs_in_anew(browser: Browser, team: Team) -> None:
    chatter, path = browser(team["chatter"]), f"/team/members/{team['chatter'].public_id}"
    client = browser(team["owner"])
    assert "Change the rights" in text(client.get(path))
    assert client.post(f"{path}/rights", {"role": "manager", "sees_all_creators": "on"})["Location"] == path
    assert reload(team["chatter"]).role == "manager"
    assert chatter.get("/onlyfans").status_code == 302


def test_the_last_owner_reads_why_not(browser: Browser, team: Team) -> None:
    path = f"/team/members/{team['owner'].public_id}"
    answer = browser(team["owner"]).post(f"{path}/rights", {"role": "manager"})
    assert answer.status_code == 422
    assert "A workspace needs an owner" in text(answer)
    assert reload(team["owner"]).role == "owner"


def test_a_member_is_assigned_for_a_while(browser: Browser, team: Team) -> None:
    path = f"/team/members/{team['chatter'].public_id}"
    client = browser(team["owner"])
    times = {"creator": team.unassigned.public_id, "ends_at": "2099-12-31T12:00"}
    assert client.post(f"{path}/assign", times)["Location"] == path
    assert "Ours Unassigned" in text(client.get(path))
    past = client.post(f"{path}/assign", times | {"ends_at": "2001-01-01T00:00"})
    assert past.status_code == 422
    assert client.post(f"{path}/unassign", {"creator": team.unassigned.public_id})["Location"] == path
    with cross_workspace("demo"):
        row = CreatorAssignment.objects.get(membership=team["chatter"], creator=team.unassigned)
    assert row.ended_at is not None
    assert row.ended_at.year < 2099


def test_offboarding_says_first_what_ends_and_wants_the_name(browser: Browser, team: Team) -> None:
    api_key(team["chatter"])
    path, client = f"/team/members/{team['chatter'].public_id}", browser(team["manager"])
    page = text(client.get(path))
    assert "1 API key stops working" in page
    assert "1 assignment ends" in page
    assert client.post(f"{path}/offboard", {"typed": "somebody"}).status_code == 422
    assert reload(team["chatter"]).ended_at is None
    assert client.post(f"{path}/offboard", {"typed": "Ours chatter", "reason": "left"})["Location"] == "/team"
    assert reload(team["chatter"]).ended_at is not None
    with cross_workspace("demo"):
        assert AuditEvent.objects.get(action="member.ended").reason == "left"


def test_a_creator_is_offboarded_with_everything(browser: Browser, team: Team) -> None:
    delivery(FanFactory(account=team.own_account), team["owner"])
    path, client = f"/team/creators/{team.own.public_id}/offboard", browser(team["owner"])
    login = browser(team["creator"])
    page = text(client.get(path))
    for sentence in (
        "1 account is disconnected",
        "1 message that waits will not be sent",
        "2 members no longer work for this creator",
        "own login ends",
    ):
        assert sentence in page
    assert client.post(path, {"typed": "Ours Own"})["Location"] == "/team"
    assert reload(team.own).status == "offboarded"
    assert reload(team["creator"]).ended_at is not None
    assert login.get("/onlyfans").status_code == 302
    with cross_workspace("demo"):
        account = PlatformAccount.objects.get(pk=team.own_account.pk)
        assert (account.state, account.can_send) == ("disconnected", False)
        assert not PlatformAccount.objects.sending().filter(pk=account.pk).exists()
    assert client.post(path, {"typed": "Ours Own"}).status_code == 422


def test_a_creator_stops_everything_from_their_own_page(browser: Browser, team: Team) -> None:
    client = browser(team["creator"])
    assert "Stop everything now" in text(client.get("/stop"))
    path = f"/stop/{team.own.public_id}"
    assert client.post(f"{path}/stop")["Location"] == "/stop"
    assert "Stopped since" in text(client.get("/stop"))
    assert browser(team["owner"]).post(f"{path}/resume").status_code == 403
    client.post(f"{path}/resume")
    assert reload(team.own).stopped_at is None


def test_a_creator_who_leaves_after_a_stop_takes_their_accounts_along(browser: Browser, team: Team) -> None:
    client = browser(team["creator"])
    client.post(f"/stop/{team.own.public_id}/stop")
    member = team["creator"]
    with workspace_scope(team.workspace.pk):
        end_membership(member=member, actor=Actor.member(member.user_id, member.pk), now=clock.now())
    assert (reload(team.own).status, reload(team.own).stopped_at) == ("offboarded", None)
    assert reload(team.own_account).state == "disconnected"


def test_the_page_speaks_french(browser: Browser, team: Team) -> None:
    User.objects.filter(pk=team["owner"].user_id).update(locale="fr")
    page = text(browser(reload(team["owner"])).get("/team"))
    assert "Équipe" in page
    assert "Inviter quelqu’un" in page
