"""What somebody with a visit would try: to write, to send, to take something along, to stay, to be somebody else."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import path
from rest_framework.test import APIClient

from accounts.models import ApiKey, AuditEvent, Creator, Invitation, Membership, RefreshSession, User
from accounts.rules.capabilities import CAPABILITIES
from accounts.rules.visits import WRITABLE, may_do, while_visiting
from accounts.selectors.impersonation import visitor
from accounts.services import links
from huntaze.kernel import clock
from huntaze.kernel.errors import NotAllowed
from huntaze.kernel.tenancy import cross_workspace, workspace_scope
from messaging.models import Delivery
from messaging.services.send import plan_send
from messaging.types import SendCommand
from tests.architecture.calls import CALLS, Target, make_target
from tests.architecture.routes import Route, routes
from tests.factories.accounts import NOW, PASSWORD, MembershipFactory, WorkspaceFactory
from tests.factories.team import Team, make_team
from tests.factories.visits import agreed, ask, browser, grants, staff, visiting

pytestmark = pytest.mark.django_db
METHODS = ["post", "put", "patch", "delete", "options"]  # others are refused for everybody
SOMETHING = "00000000000000000000000000"
#: Pages that a visit leaves alone: they show nothing of anybody's.
OPEN = {"/", "/dashboard", "/visit/end"}


@pytest.fixture
def team() -> Team:
    return make_team("Ours")


@pytest.fixture
def target(team: Team) -> Target:
    return make_target(team, "Ours", team.own, team.own_account)


def pages() -> list[Route]:
    """Every address that is neither the API's nor the staff's own."""
    return [
        route
        for route in routes()
        if route.kind in {"page", "plain"} and not route.path.startswith("/api/") and route.path not in OPEN
    ]


def address(route: Route, target: Target) -> str:
    line = CALLS.get(f"POST {route.path}") or CALLS.get(f"GET {route.path}")
    return route.at(dict.fromkeys(route.params, SOMETHING) | target.ids | (line.params if line else {}))


def body(route: Route, target: Target) -> Any:
    line = CALLS.get(f"POST {route.path}")
    return line.body(target) if line else {"next": "/"}


def deeds() -> set[str]:
    """Everything that the log knows beside the visit's own rows."""
    with cross_workspace("demo"):
        rows = AuditEvent.objects.exclude(action__startswith="impersonation.")
        return set(rows.values_list("action", flat=True))


def open_for_writing(member: Membership) -> Client:
    client = visiting(member, asks_to_write="on")
    agreed(grants()[-1])
    return client


# --- writing


@pytest.mark.parametrize(
    ("method", "is_fragment"), [*((method, False) for method in METHODS), ("post", True)]
)
def test_nothing_is_written_in_a_visit_that_looks(
    team: Team, target: Target, method: str, is_fragment: bool, capsys: Any
) -> None:
    client, before, wrong = visiting(team["owner"]), deeds(), []
    headers = {"HX-Request": "true", "X-HTTP-Method-Override": "GET"} if is_fragment else {}
    for route in pages():
        answer = getattr(client, method)(address(route, target), body(route, target), headers=headers)
        if answer.status_code != 403:
            wrong.append(f"{method} {route.path}: {answer.status_code}")
    with capsys.disabled():
        print(f"\n{method}: {len(pages())} addresses")
    assert wrong == []
    assert deeds() == before


def test_with_a_second_person_s_word_only_what_is_named_is_written(team: Team, target: Target) -> None:
    client, reached = open_for_writing(team["owner"]), set()
    before = deeds()
    for route in pages():
        deeds_of = ["assign", "unassign", "rights", "offboard", "pause", "resume", "cancel", "retry", "again"]
        for deed in deeds_of if "deed" in route.params else [""]:
            where = route.at(dict.fromkeys(route.params, SOMETHING) | target.ids | {"deed": deed})
            if client.post(where, body(route, target)).status_code != 403:
                reached.add((route.capability, deed))
    assert {(capability, deed) for capability, deed in reached if not may_do(str(capability), deed)} == set()
    assert {("queue.manage", "pause"), ("queue.manage", "cancel"), ("members.manage", "assign")} <= reached
    drafts = {"campaign.created", "segment.created"}
    assert deeds() - before <= drafts | {
        "account.paused", "member.assigned", "member.unassigned", "message.cancelled",
    }  # fmt: skip


@pytest.mark.parametrize("may_write", [False, True])
def test_what_is_never_open_is_in_nobody_s_hands(may_write: bool) -> None:
    left = while_visiting(frozenset(CAPABILITIES) | {"releases.view", "billing.manage"}, may_write=may_write)
    assert {name for name in left if not name.endswith(".view")} == (set(WRITABLE) if may_write else set())
    assert "releases.view" not in left


@pytest.mark.parametrize("deed", ["retry", "again", "resume", "rights", "offboard", None])
def test_sending_and_rights_are_no_deeds_of_a_visit(deed: str | None) -> None:
    assert [name for name in ("queue.manage", "members.manage", "messages.send") if may_do(name, deed)] == []


def test_a_program_is_told_in_json(world: Any) -> None:
    answer = visiting(world.owner).post("/onlyfans/send", {}, headers={"Accept": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (403, "visit_looking")
    assert set(answer.json()) == {"error", "code", "requestId"}


def test_nothing_is_sent_even_with_a_second_person_s_word(team: Team, target: Target) -> None:
    client = open_for_writing(team["owner"])
    form = CALLS["POST /onlyfans/send"].body(target)
    with cross_workspace("demo"):
        before = Delivery.objects.count()
    assert client.post("/onlyfans/send", form).status_code == 403
    with cross_workspace("demo"):
        assert Delivery.objects.count() == before


def test_the_service_itself_sends_nothing_for_a_visitor(world: Any) -> None:
    """Behind whatever door: the principal of a visit is refused where messages are made."""
    visiting(world.owner)
    (grant,) = grants()
    with cross_workspace("demo"):
        grant = type(grant).objects.select_related("staff", "membership__user", "membership__workspace").get()
    principal = visitor(grant, limit=60)
    command = SendCommand(recipient_id=world.fan.public_id, content="Hello")
    with workspace_scope(grant.workspace_id), pytest.raises(NotAllowed):
        plan_send(principal=principal, command=command, now=clock.now())


# --- taking something along


@pytest.mark.parametrize(
    "where",
    [
        "/confirm",
        "/settings/keys",
        "/settings/keys/new",
        "/settings/security",
        "/settings/security/app",
        "/settings/security/password",
        "/settings/security/sessions/end",
        "/settings/privacy",
        "/settings/privacy/exports",
        "/settings/integrations/onlyfans/new",
        "/verify-email",
        "/password/reset",
        "/signin",
        "/signup",
        "/signout",
        "/profile/locale",
        "/stop",
    ],
)
@pytest.mark.parametrize("may_write", [False, True])
def test_ways_in_keys_exports_and_connections_stay_shut(world: Any, where: str, may_write: bool) -> None:
    client = open_for_writing(world.owner) if may_write else visiting(world.owner)
    statuses = {client.get(where).status_code, client.post(where, {"password": PASSWORD}).status_code}
    assert statuses == ({200, 403} if where == "/stop" else {403})
    with cross_workspace("demo"):
        assert (ApiKey.objects.count(), RefreshSession.objects.count()) == (0, 0)


def test_the_api_knows_no_visit(team: Team, target: Target, capsys: Any) -> None:
    """The API takes no browser session, so a visit opens none of it and makes no token."""
    client, wrong, count = visiting(team["owner"]), [], 0
    for route in routes():
        if route.kind == "api" and route.name in CALLS and route.capability != "public":
            line = CALLS[route.name]
            where = route.at(dict.fromkeys(route.params, SOMETHING) | target.ids | line.params)
            answer = client.generic(route.method, where, "{}", content_type="application/json")
            count += 1
            if answer.status_code != 401:
                wrong.append(f"{route.name}: {answer.status_code}")
    with capsys.disabled():
        print(f"\n{count} calls of the API with a visitor's cookie")
    assert (wrong, count > 60) == ([], True)
    for where in ("/api/auth/refresh", "/api/auth/signin"):
        answer = client.post(where, "{}", content_type="application/json")
        assert answer.status_code in {400, 401}
        assert "accessToken" not in answer.json()


def test_an_invitation_is_not_accepted_in_somebody_s_name(world: Any) -> None:
    with cross_workspace("demo"):
        invitation = Invitation.objects.create(
            workspace_id=world.outsider.workspace_id, email=world.owner.user.email, role="manager",
            invited_by=world.outsider, created_at=clock.now(), sent_at=clock.now(),
            expires_at=clock.now() + timedelta(days=7), digest=b"d" * 32,
        )  # fmt: skip
        token = links.invitation_token(invitation)
    client = visiting(world.owner)
    assert client.get(f"/invitation/{token}").status_code == 403
    assert client.post(f"/invitation/{token}", {"password": PASSWORD}).status_code == 403
    with cross_workspace("demo"):
        assert Membership.objects.filter(user=world.owner.user).count() == 1


# --- being somebody else


def test_the_staff_s_own_proof_opens_nothing_in_a_visit(world: Any) -> None:
    client = open_for_writing(world.owner)
    principal = client.get("/onlyfans").context["principal"]
    assert (principal.proved_at, principal.is_proved(clock.now())) == (None, False)


def test_the_staff_s_own_rights_add_nothing(world: Any) -> None:
    boss = staff(is_superuser=True)
    client = visiting(world.chatter, boss)
    answer = client.get("/onlyfans")
    assert (answer.context["user"].is_staff, answer.context["user"].is_superuser) == (False, False)
    assert client.get("/settings/audit").status_code == 403


def test_the_staff_s_own_workspace_is_out_of_reach(world: Any) -> None:
    support = staff()
    MembershipFactory(workspace=world.outsider.workspace, user=support)
    client = visiting(world.owner, support)
    answer = client.get("/onlyfans")
    assert answer.context["principal"].workspace_pk == world.owner.workspace_id
    assert [place.workspace_id for place in answer.wsgi_request.places] == [world.owner.workspace_id]


def test_the_staff_s_pages_keep_the_staff_s_identity(world: Any) -> None:
    support = staff()
    client = visiting(world.owner, support)
    assert client.get("/admin/").context["user"] == support
    client.post(
        "/admin/accounts/platformaccount/",
        {"action": "pause_sending", "_selected_action": [world.account.pk]},
    )
    with cross_workspace("demo"):
        row = AuditEvent.objects.get(action="account.paused")
    assert (row.actor_kind, row.actor_user, row.actor_member) == ("staff", support, None)


def test_the_session_keeps_nothing_of_the_visit_and_shows_nothing_of_its_own(world: Any) -> None:
    client = visiting(world.owner)
    before = dict(client.session.items())
    answer = client.get("/team")
    assert answer.status_code == 200
    assert dict(answer.wsgi_request.session.items()) == before  # put back behind the page
    assert dict(client.session.items()) == before


SEEN: list[Any] = []


def _look(request: Any) -> Any:
    from django.http import HttpResponse

    SEEN.append(dict(request.session.items()))
    request.session["kept"] = True
    return HttpResponse("ok")


def test_a_page_in_a_visit_meets_an_empty_session(world: Any, settings: Any) -> None:
    from huntaze.kernel.web import open_to_visitors
    from huntaze.urls import urlpatterns as house

    SEEN.clear()
    client = visiting(world.owner)
    settings.ROOT_URLCONF = type("Urls", (), {"urlpatterns": [path("look", open_to_visitors(_look)), *house]})
    assert client.get("/look").status_code == 200
    assert SEEN == [{}]
    assert "kept" not in client.session


def test_another_browser_of_the_same_person_is_in_no_visit(world: Any) -> None:
    support = staff()
    visiting(world.owner, support)
    assert browser(support).get("/onlyfans").status_code == 403


def test_somebody_else_s_visit_can_not_be_taken_over(world: Any) -> None:
    """The grant is bound to one session of one person: neither the session's row nor the person alone opens it."""
    first = visiting(world.owner)
    (grant,) = grants()
    other = staff()
    thief = browser(other)
    with cross_workspace("demo"):
        type(grant).objects.filter(pk=grant.pk).update(staff=other)
    assert thief.get("/onlyfans").status_code == 403
    assert first.get("/onlyfans").status_code == 403


@pytest.mark.parametrize("name", ["visit", "impersonate", "grant", "as", "member", "workspace"])
def test_nothing_in_the_address_or_a_cookie_begins_a_visit(world: Any, name: str) -> None:
    client = browser(staff())
    for value in (world.owner.public_id, str(world.owner.pk), world.owner.workspace.public_id):
        client.cookies[name] = value
        assert client.get("/onlyfans", {name: value}).status_code == 403
    assert grants() == []


def test_beginning_takes_a_form_of_the_admin_s(world: Any) -> None:
    client = browser(staff(), enforce_csrf_checks=True)
    assert ask(client, world.owner).status_code == 403
    assert client.get(f"/admin/accounts/membership/{world.owner.pk}/visit/?reason=x").status_code == 200
    assert grants() == []


def test_another_workspace_stays_behind_its_wall(world: Any) -> None:
    client = open_for_writing(world.owner)
    foreign = world.outsider_account.public_id
    assert client.post(f"/onlyfans/accounts/{foreign}/pause").status_code == 404
    assert client.get("/onlyfans", {"account": foreign}).status_code == 404


# --- staying


def token_of(client: Client, where: str) -> str:
    client.get(where)
    return str(client.cookies["csrftoken"].value)


def test_a_form_that_was_open_at_the_end_acts_for_nobody(world: Any) -> None:
    """The worst case: the visitor has a workspace of their own, where the same form would do something."""
    support = staff()
    own = MembershipFactory(workspace=WorkspaceFactory(name="Own"), user=support)
    with time_machine.travel(NOW, tick=False) as now:
        client = browser(support, enforce_csrf_checks=True)
        where = f"/admin/accounts/membership/{world.owner.pk}/visit/"
        form = {
            "reason": "Ticket 4711: looking",
            "minutes": "10",
            "csrfmiddlewaretoken": token_of(client, where),
        }
        assert client.post(where, form).status_code == 302
        old = {"csrfmiddlewaretoken": token_of(client, "/team"), "stage_name": "Nova"}
        now.shift(timedelta(minutes=10))
        assert [client.post("/team/creators", old).status_code for _ in range(3)] == [403, 403, 403]
        with cross_workspace("demo"):
            assert not Creator.objects.filter(stage_name="Nova").exists()
        fresh = {"csrfmiddlewaretoken": token_of(client, "/team"), "stage_name": "Nova"}
        assert client.post("/team/creators", fresh).status_code == 302
        with cross_workspace("demo"):
            assert Creator.objects.get(stage_name="Nova").workspace_id == own.workspace_id


def test_a_form_that_was_open_before_the_visit_acts_for_nobody_in_it(world: Any) -> None:
    support = staff()
    MembershipFactory(workspace=WorkspaceFactory(name="Own"), user=support)
    client = browser(support, enforce_csrf_checks=True)
    old = token_of(client, "/team")
    where = f"/admin/accounts/membership/{world.owner.pk}/visit/"
    form = {"reason": "Ticket 4711: looking", "minutes": "10", "csrfmiddlewaretoken": token_of(client, where)}
    client.post(where, form)
    client.post("/visit/end", {"csrfmiddlewaretoken": old})
    assert grants()[0].ended_at is None
    client.post("/visit/end", {"csrfmiddlewaretoken": token_of(client, "/team")})
    assert grants()[0].end_reason == "left"
    assert (
        client.post("/team/creators", {"csrfmiddlewaretoken": old, "stage_name": "Nova"}).status_code == 403
    )


@pytest.mark.parametrize("method", ["get", "post"])
def test_the_first_request_after_the_end_does_nothing(world: Any, method: str) -> None:
    support = staff()
    own = MembershipFactory(workspace=WorkspaceFactory(name="Own"), user=support)
    with time_machine.travel(NOW, tick=False) as now:
        client = visiting(world.owner, support, minutes="10")
        now.shift(timedelta(minutes=11))
        answer = getattr(client, method)("/team")
        assert (answer.status_code, "The visit is over" in answer.content.decode()) == (403, True)
        assert client.get("/onlyfans").context["principal"].member_pk == own.pk


def test_a_fragment_after_the_end_leads_the_whole_page_away(world: Any) -> None:
    client = visiting(world.owner)
    with cross_workspace("demo"):
        type(grants()[0]).objects.update(ended_at=clock.now(), end_reason="ended")
    answer = client.get("/onlyfans/list", headers={"HX-Request": "true"})
    assert (answer.status_code, answer["HX-Redirect"]) == (403, "/admin/")


def test_an_ended_grant_is_not_revived(world: Any) -> None:
    client = visiting(world.owner)
    cookie = client.cookies["sessionid"].value
    client.post("/visit/end")
    again = Client()
    again.cookies["sessionid"] = cookie
    assert again.get("/onlyfans").status_code == 403


def test_a_deactivated_visitor_is_out_at_once(world: Any) -> None:
    support = staff()
    client = visiting(world.owner, support)
    User.objects.filter(pk=support.pk).update(is_active=False)
    assert client.get("/onlyfans")["Location"] == "/signin?next=/onlyfans"


def test_a_new_password_of_the_visitor_s_ends_the_visit(world: Any) -> None:
    support = staff()
    client = visiting(world.owner, support)
    program = APIClient()
    support.set_password("Another-horse-8")
    support.save(update_fields=["password"])
    assert client.get("/onlyfans")["Location"] == "/signin?next=/onlyfans"
    assert program.get("/api/keys").status_code == 401


def test_refused_tries_are_in_the_owners_log(world: Any) -> None:
    visiting(world.owner).post("/settings/keys/new", {"name": "Mine", "scopes": ["read"]})
    with cross_workspace("demo"):
        row = AuditEvent.objects.get(action="impersonation.refused")
    assert row.changes == {"method": "POST", "page": "/settings/keys/new"}


def test_a_secret_in_an_address_is_not_written_down(world: Any) -> None:
    visiting(world.owner).get("/invitation/a-secret-token")
    with cross_workspace("demo"):
        row = AuditEvent.objects.get(action="impersonation.refused")
    assert "a-secret-token" not in str(row.changes)
