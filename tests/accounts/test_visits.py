"""Visits: staff look at a workspace through a member's eyes, with a reason, for a while, seen by its owners."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import AuditEvent, ImpersonationGrant, Mail, Membership, PlatformAccount, User, Workspace
from accounts.services import impersonation as visits
from accounts.services.letters import LETTERS
from huntaze.kernel import clock
from huntaze.kernel.tenancy import cross_workspace, workspace_scope
from tests.accounts.factors import shown, with_app
from tests.factories.accounts import NOW, PASSWORD, UserFactory
from tests.factories.team import access_token
from tests.factories.visits import REASON, agreed, ask, browser, forget_proof, grants, staff, visiting

pytestmark = pytest.mark.django_db
LIST = "/admin/accounts/impersonationgrant/"
BANNER = 'class="visit"'


def log(action: str = "") -> list[AuditEvent]:
    """Rows about visits, oldest first."""
    with cross_workspace("demo"):
        rows = AuditEvent.objects.filter(action__startswith=f"impersonation.{action}").order_by("pk")
        return list(rows.select_related("actor_user", "actor_member"))


def is_over(client: Client) -> bool:
    answer = client.get("/onlyfans")
    return answer.status_code == 403 and "The visit is over" in answer.content.decode()


# --- beginning


def test_a_visit_begins_on_the_member_s_page(world: Any) -> None:
    support = staff()
    client = browser(support)
    assert (
        "Look through their eyes"
        in client.get(f"/admin/accounts/membership/{world.manager.pk}/change/").content.decode()
    )
    with time_machine.travel(NOW, tick=False):
        client = browser(support)
        answer = ask(client, world.manager, minutes="45")
    (grant,) = grants()
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert (grant.staff_id, grant.membership_id, grant.reason) == (support.pk, world.manager.pk, REASON)
    assert (grant.started_at, grant.expires_at) == (NOW, NOW + timedelta(minutes=45))
    assert (grant.asks_to_write, grant.confirmed_by_id, grant.ended_at) == (False, None, None)


def test_the_workspace_s_page_leads_to_its_members(world: Any) -> None:
    client = browser(staff())
    page = client.get(f"/admin/accounts/workspace/{world.owner.workspace_id}/change/").content.decode()
    address = f"/admin/accounts/membership/?workspace__id__exact={world.owner.workspace_id}"
    assert address in page
    assert client.get(address).context["cl"].result_count == 3


def test_the_pages_are_the_member_s(world: Any) -> None:
    client = visiting(world.chatter)
    answer = client.get("/onlyfans")
    assert answer.status_code == 200
    assert answer.context["principal"].member_pk == world.chatter.pk
    assert answer.context["user"] == world.chatter.user
    assert (
        client.get("/team").status_code == 403
    )  # a chatter sees no team, so neither does who sees with their eyes


@pytest.mark.parametrize(
    "changes",
    [
        {"reason": "because of this"[:14]},
        {"reason": "because" + " " * 20},
        {"reason": "x" * 201},
        {"minutes": "0"},
        {"minutes": "61"},
        {"minutes": "soon"},
    ],
)
def test_a_wish_that_is_none_begins_nothing(world: Any, changes: dict[str, str]) -> None:
    client = browser(staff())
    assert ask(client, world.owner, **changes).status_code == 422
    assert (grants(), log()) == ([], [])


def test_fifteen_characters_and_sixty_minutes_are_enough(world: Any) -> None:
    visiting(world.owner, reason="because of this", minutes="60")
    assert len(grants()) == 1


@pytest.mark.parametrize("group", ["finance"])
def test_who_may_not_visit_is_refused(world: Any, group: str) -> None:
    client = browser(staff(group))
    assert ask(client, world.owner).status_code == 403
    assert (
        "Look through their eyes"
        not in client.get(f"/admin/accounts/membership/{world.owner.pk}/change/").content.decode()
    )
    assert grants() == []


def test_nobody_looks_through_the_eyes_of_staff(world: Any) -> None:
    User.objects.filter(pk=world.owner.user_id).update(is_staff=True)
    answer = ask(browser(staff()), world.owner)
    assert answer.status_code == 422
    assert "Nobody can look through this member&#x27;s eyes" in answer.content.decode()
    assert grants() == []


@pytest.mark.parametrize("change", ["ended", "inactive", "suspended"])
def test_who_is_gone_is_not_visited(world: Any, change: str) -> None:
    shut(world.owner, change)
    assert ask(browser(staff()), world.owner).status_code == 422
    assert grants() == []


def shut(member: Membership, how: str) -> None:
    if how == "ended":
        with cross_workspace("demo"):
            Membership.objects.filter(pk=member.pk).update(ended_at=clock.now())
    elif how == "inactive":
        User.objects.filter(pk=member.user_id).update(is_active=False)
    elif how == "staff":
        User.objects.filter(pk=member.user_id).update(is_staff=True)
    else:
        Workspace.objects.filter(pk=member.workspace_id).update(status="suspended")


# --- the second factor


def test_the_second_factor_is_ten_minutes_old_at_most(world: Any) -> None:
    support = staff()
    with time_machine.travel(NOW, tick=False) as now:
        with_app(support, NOW)
        client = browser(support)
        now.shift(timedelta(minutes=10))
        page = f"/admin/accounts/membership/{world.owner.pk}/visit/"
        assert client.get(page).status_code == 200
        now.shift(timedelta(seconds=1))
        answer = client.get(page)
        assert answer["Location"] == f"/confirm?factor=1&next={page}"
        assert ask(client, world.owner)["Location"].startswith("/confirm?factor=1")
    assert grants() == []


def test_a_password_is_no_second_factor(world: Any) -> None:
    support = staff()
    with time_machine.travel(NOW, tick=False) as now:
        secret, _ = with_app(support, NOW)
        now.shift(timedelta(minutes=20))
        client = Client()
        client.force_login(support)
        assert client.post("/confirm", {"password": PASSWORD}).status_code == 302
        assert ask(client, world.owner)["Location"].startswith("/confirm?factor=1")
        strict = client.post("/confirm?factor=1", {"password": PASSWORD})
        assert (strict.status_code, grants()) == (422, [])
        code = {"code": shown(secret, clock.now()), "factor": "1", "next": "/admin/"}
        assert client.post("/confirm", code)["Location"] == "/admin/"
        assert ask(client, world.owner)["Location"] == "/"
    assert len(grants()) == 1


def test_signing_in_with_a_second_factor_counts(world: Any) -> None:
    support = staff()
    with time_machine.travel(NOW, tick=False) as now:
        secret, _ = with_app(support, NOW)
        now.shift(timedelta(minutes=5))
        client = Client()
        client.post("/signin", {"email": support.email, "password": PASSWORD})
        client.post("/signin/code", {"code": shown(secret, clock.now())})
        assert ask(client, world.owner)["Location"] == "/"


def test_where_staff_need_a_factor_nobody_visits_without_one(world: Any, settings: Any) -> None:
    support = staff()
    client = browser(support)
    settings.MFA_REQUIRED_FOR_STAFF = True
    with pytest.raises(visits.NotAllowed):
        visits.check_factor(staff=support, factor_at=clock.now(), now=clock.now())
    assert ask(client, world.owner)["Location"].startswith("/settings/security")  # the wall stands before it
    assert grants() == []


# --- what is told


def test_the_owners_get_a_mail_each_in_their_language(world: Any) -> None:
    User.objects.filter(pk=world.owner.user_id).update(locale="fr")
    visiting(world.manager)
    (mail,) = Mail.objects.filter(kind="staff_visit")
    assert (mail.to, mail.locale) == (world.owner.user.email, "fr")


def test_the_mail_says_who_why_and_until_when(world: Any) -> None:
    visiting(world.manager)
    (grant,) = grants()
    params = {
        "workspace": "Ours", "member": "Test Person", "reason": REASON, "asks": False,
        "until": grant.expires_at.isoformat(),
    }  # fmt: skip
    letter = LETTERS["staff_visit"](world.owner.user, params)
    assert letter is not None
    text = " ".join(letter.paragraphs)
    assert all(part in text for part in ("Ours", "Test Person", REASON, "They can look, and change nothing."))
    assert letter.url.endswith("/settings/audit")


def test_every_page_is_a_row_on_behalf_of_the_member(world: Any) -> None:
    support = staff()
    client = visiting(world.manager, support)
    client.get("/onlyfans?q=Canariella")
    client.get(f"/team/members/{world.chatter.public_id}")
    (grant,) = grants()
    rows = log()
    assert [row.action for row in rows] == [
        "impersonation.started",
        "impersonation.viewed",
        "impersonation.refused",
    ]
    assert {(row.actor_kind, row.actor_user, row.actor_member, row.target) for row in rows} == {
        ("staff", support, world.manager, grant.public_id)
    }
    assert rows[0].reason == REASON
    assert rows[1].changes == {"method": "GET", "page": "/onlyfans"}
    assert rows[2].changes["member_id"] == world.chatter.public_id
    assert all("Canariella" not in str(row.changes) for row in rows)


def test_a_fragment_that_asks_again_is_one_row_a_minute(world: Any) -> None:
    client = visiting(world.owner)
    for query in ("", "", "?account=none", ""):
        client.get(f"/onlyfans/list{query}", headers={"HX-Request": "true"})
    for _ in range(2):
        client.get("/onlyfans")
    assert [row.changes["page"] for row in log("viewed")] == [
        "/onlyfans/list", "/onlyfans/list", "/onlyfans", "/onlyfans",
    ]  # fmt: skip


def test_the_owners_see_it_in_their_own_log(world: Any) -> None:
    visiting(world.manager).get("/onlyfans")
    owner = Client()
    owner.force_login(world.owner.user)
    page = owner.get("/settings/audit").content.decode()
    assert REASON in page
    api = APIClient()
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {access_token(world.owner)}")
    event = api.get("/api/audit").json()["events"][0]
    assert (event["action"], event["actor"]["kind"]) == ("impersonation.viewed", "staff")
    assert (event["actor"]["onBehalfOf"], event["actor"]["name"]) == (world.manager.public_id, None)


# --- the banner


@pytest.mark.parametrize(("locale", "words"), [("en", "End the visit"), ("fr", "Terminer la visite")])
@pytest.mark.parametrize("path", ["/onlyfans", "/settings/audit", "/nowhere", "/settings/keys", "/admin/"])
def test_every_page_says_so_in_the_visitor_s_language(world: Any, path: str, locale: str, words: str) -> None:
    client = visiting(world.owner, staff(locale=locale))
    page = client.get(path).content.decode()
    assert BANNER in page
    assert words in page


def test_nobody_else_sees_a_banner(world: Any) -> None:
    visiting(world.owner)
    owner, other = Client(), browser(staff())
    owner.force_login(world.owner.user)
    assert BANNER not in owner.get("/onlyfans").content.decode()
    assert BANNER not in other.get("/admin/").content.decode()


def test_the_end_time_stands_in_it(world: Any) -> None:
    with time_machine.travel(NOW, tick=False):
        page = visiting(world.owner).get("/onlyfans").content.decode()
    assert 'datetime="2026-01-15T12:30:00+00:00"' in page


# --- the end


def test_the_button_ends_it(world: Any) -> None:
    client = visiting(world.owner)
    answer = client.post("/visit/end")
    assert (answer.status_code, answer["Location"]) == (302, LIST)
    assert client.get("/onlyfans").status_code == 403  # staff without a workspace of their own
    (grant,) = grants()
    assert (grant.end_reason, grant.session_digest) == ("left", "")
    assert [row.changes for row in log("ended")] == [{"how": "left"}]


def test_ending_needs_a_post_and_a_visit(world: Any) -> None:
    client = visiting(world.owner)
    assert client.get("/visit/end").status_code == 405
    client.post("/visit/end")
    assert client.post("/visit/end")["Location"] == "/"
    assert len(log("ended")) == 1


def test_time_ends_it(world: Any) -> None:
    with time_machine.travel(NOW, tick=False) as now:
        client = visiting(world.owner, minutes="10")
        now.shift(timedelta(minutes=9, seconds=59))
        assert client.get("/onlyfans").status_code == 200
        now.shift(timedelta(seconds=1))
        assert is_over(client)
    (row,) = log("ended")
    assert (row.changes, row.actor_kind, row.at) == (
        {"how": "expired"},
        "system",
        NOW + timedelta(minutes=10),
    )


def test_the_log_says_so_even_if_nobody_comes_back(world: Any) -> None:
    with time_machine.travel(NOW, tick=False):
        visiting(world.owner, minutes="10")
    assert visits.end_expired(now=NOW + timedelta(minutes=9)) == 0
    assert visits.end_expired(now=NOW + timedelta(minutes=11)) == 1
    assert visits.end_expired(now=NOW + timedelta(minutes=12)) == 0
    (grant,) = grants()
    assert (grant.ended_at, grant.end_reason) == (NOW + timedelta(minutes=10), "expired")
    assert [row.changes for row in log("ended")] == [{"how": "expired"}]


def test_a_colleague_ends_it_for_the_next_request(world: Any) -> None:
    client = visiting(world.owner)
    assert client.get("/onlyfans").status_code == 200
    (grant,) = grants()
    colleague = staff()
    browser(colleague).post(LIST, {"action": "end_now", "_selected_action": [grant.pk]})
    assert is_over(client)
    (row,) = log("ended")
    assert (row.actor_user, row.actor_member, row.changes) == (colleague, None, {"how": "ended"})


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("ended", "member_gone"),
        ("inactive", "member_gone"),
        ("staff", "member_gone"),
        ("suspended", "workspace_shut"),
    ],
)
def test_it_ends_with_the_membership(world: Any, change: str, reason: str) -> None:
    client = visiting(world.manager)
    shut(world.manager, change)
    assert is_over(client)
    assert [row.changes for row in log("ended")] == [{"how": reason}]


def test_it_ends_with_the_right_to_visit(world: Any) -> None:
    support = staff()
    client = visiting(world.manager, support)
    support.groups.clear()
    assert is_over(client)
    assert [row.changes for row in log("ended")] == [{"how": "right_lost"}]


def test_it_ends_with_the_next_visit(world: Any) -> None:
    support = staff()
    first = visiting(world.owner, support)
    second = visiting(world.outsider, support)
    assert is_over(first)
    assert second.get("/onlyfans").context["principal"].workspace_pk == world.outsider.workspace_id
    assert [grant.end_reason for grant in grants()] == ["replaced", ""]


def test_it_ends_with_the_session(world: Any) -> None:
    support = staff()
    client = visiting(world.owner, support)
    client.logout()
    again = browser(support)
    assert again.get("/onlyfans").status_code == 403


# --- a second person's word


def test_a_second_person_opens_what_may_be_opened(world: Any) -> None:
    client = visiting(world.owner, asks_to_write="on")
    pause = f"/onlyfans/accounts/{world.account.public_id}/pause"
    assert client.post(pause).status_code == 403
    (grant,) = grants()
    second = staff()
    agreed(grant, second)
    assert client.post(pause).status_code == 302
    with cross_workspace("demo"):
        assert PlatformAccount.objects.get(pk=world.account.pk).is_sending_paused
        row = AuditEvent.objects.get(action="account.paused")
    assert (row.actor_kind, row.actor_user_id, row.actor_member_id) == (
        "staff",
        grant.staff_id,
        world.owner.pk,
    )
    assert [row.changes["method"] for row in log("acted")] == ["POST"]
    (word,) = log("writing_confirmed")
    assert word.actor_user == second
    assert Mail.objects.filter(kind="staff_visit_writes").count() == 1


def test_nobody_agrees_to_their_own_visit(world: Any) -> None:
    support = staff()
    visiting(world.owner, support, asks_to_write="on")
    (grant,) = grants()
    agreed(grant, support)
    with pytest.raises(visits.NotYours), cross_workspace("demo"):
        visits.confirm_writing(grant=grant, staff=support, factor_at=clock.now(), now=clock.now())
    with pytest.raises(IntegrityError), transaction.atomic(), cross_workspace("demo"):
        ImpersonationGrant.objects.update(confirmed_by=support, confirmed_at=clock.now())
    assert (grants()[0].confirmed_by_id, log("writing_confirmed")) == (None, [])


def test_the_second_person_needs_a_fresh_factor_too(world: Any) -> None:
    visiting(world.owner, asks_to_write="on")
    (grant,) = grants()
    second = browser(staff())
    forget_proof(second)
    answer = second.post(LIST, {"action": "agree_to_writing", "_selected_action": [grant.pk]})
    assert answer["Location"].startswith("/confirm?factor=1")
    assert grants()[0].confirmed_by_id is None


@pytest.mark.parametrize("kind", ["never asked", "over", "ended", "agreed"])
def test_there_is_nothing_to_agree_to(world: Any, kind: str) -> None:
    with time_machine.travel(NOW, tick=False):
        visiting(world.owner, **({} if kind == "never asked" else {"asks_to_write": "on"}))
        (grant,) = grants()
        if kind == "agreed":
            agreed(grant)
        if kind == "ended":
            with workspace_scope(grant.workspace_id):
                visits.end(grant=grant, by_pk=None, reason="ended", now=NOW)
    before = grants()[0].confirmed_by_id
    at = NOW + timedelta(minutes=31 if kind == "over" else 1)
    with pytest.raises(visits.VisitUnderWay), cross_workspace("demo"):
        visits.confirm_writing(grant=grant, staff=staff(), factor_at=at, now=at)
    assert grants()[0].confirmed_by_id == before


def test_agreement_makes_it_no_longer(world: Any) -> None:
    with time_machine.travel(NOW, tick=False) as now:
        client = visiting(world.owner, minutes="10", asks_to_write="on")
        now.shift(timedelta(minutes=9))
        agreed(grants()[0])
        now.shift(timedelta(minutes=1))
        assert is_over(client)


# --- what the table itself refuses


def second_grant(grant: ImpersonationGrant, **changes: Any) -> None:
    values = {
        "workspace_id": grant.workspace_id, "staff_id": grant.staff_id, "membership_id": grant.membership_id,
        "reason": REASON, "started_at": NOW, "expires_at": NOW + timedelta(minutes=5),
    } | changes  # fmt: skip
    with cross_workspace("demo"), transaction.atomic():
        ImpersonationGrant.objects.create(**values)


@pytest.mark.parametrize(
    "changes",
    [{}, {"reason": "too short"}, {"expires_at": NOW + timedelta(minutes=61)}, {"expires_at": NOW}],
)
def test_the_table_keeps_the_rules(world: Any, changes: dict[str, Any]) -> None:
    visiting(world.owner)
    (grant,) = grants()
    person = {} if not changes else {"staff_id": UserFactory(is_staff=True).pk}
    with pytest.raises(IntegrityError):
        second_grant(grant, **person, **changes)


def test_without_its_constraint_two_visits_would_live(world: Any) -> None:
    """What two beginnings at one moment would leave: neither sees the other's row."""
    visiting(world.owner)
    (grant,) = grants()
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX impersonation_one_at_a_time")
    second_grant(grant)
    assert [row.ended_at for row in grants()] == [None, None]
