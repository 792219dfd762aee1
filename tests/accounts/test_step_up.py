"""Step-up: dangerous doors ask for a proof of the last ten minutes; and what waits for a verified mail."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import include, path
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIClient

from accounts.models import Membership, User
from accounts.rules.capabilities import CAPABILITIES, NEEDS_VERIFIED_MAIL
from huntaze.kernel.api.views import HuntazeViewSet
from huntaze.kernel.web import page
from tests.factories.accounts import NOW, PASSWORD

DONE: list[str] = []


class GuardedViewSet(HuntazeViewSet):
    capabilities = {"create": "keys.manage", "invite": "members.manage", "look": "workspace.view"}
    step_up = frozenset({"create", "look"})

    def create(self, request: Request) -> Response:
        DONE.append("api")
        return Response({"success": True})

    look = invite = create


@page("keys.manage", step_up=True)
def guarded_page(request: HttpRequest) -> HttpResponse:
    DONE.append("page")
    return HttpResponse("done")


@page("members.manage")
def inviting_page(request: HttpRequest) -> HttpResponse:
    DONE.append("page")
    return HttpResponse("done")


urlpatterns = [
    path("api/guarded", GuardedViewSet.as_view({"post": "create", "get": "look"})),
    path("api/invite", GuardedViewSet.as_view({"post": "invite"})),
    path("guarded", guarded_page),
    path("inviting", inviting_page),
    path("", include("huntaze.urls")),
]


@pytest.fixture(autouse=True)
def guarded_doors(settings: Any) -> None:
    settings.ROOT_URLCONF = __name__
    DONE.clear()


def signed_in(member: Membership) -> APIClient:
    client = APIClient()
    body = {"email": member.user.email, "password": PASSWORD}
    token = client.post("/api/auth/signin", body, format="json").json()["accessToken"]
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


def prove(client: APIClient, password: str = PASSWORD) -> Any:
    return client.post("/api/auth/step-up", {"password": password}, format="json")


def browser(member: Membership) -> Client:
    client = Client()
    client.post("/signin", {"email": member.user.email, "password": PASSWORD})
    return client


def test_a_sign_in_opens_the_door_for_ten_minutes(world: Any) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        client = signed_in(world.owner)
        assert client.post("/api/guarded").status_code == 200
        clock.shift(timedelta(minutes=10))
        assert client.post("/api/guarded").status_code == 200
        clock.shift(timedelta(seconds=1))
        answer = client.post("/api/guarded")
    assert (answer.status_code, answer.json()["error"], answer.json()["code"]) == (
        403,
        "Recent authentication required",
        "step_up_required",
    )
    assert DONE == ["api", "api"]


def test_the_password_opens_it_again(world: Any) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        client = signed_in(world.owner)
        clock.shift(timedelta(minutes=11))
        assert prove(client, "Wrong-password-1").status_code == 401
        assert client.post("/api/guarded").status_code == 403
        answer = prove(client)
        assert (answer.status_code, answer.json()) == (
            200,
            {"success": True, "validUntil": "2026-01-15T12:21:00.000Z"},
        )
        assert client.post("/api/guarded").status_code == 200


def test_refreshing_is_no_proof(world: Any) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        client = signed_in(world.owner)
        clock.shift(timedelta(minutes=11))
        token = client.post("/api/auth/refresh", {}, format="json").json()["accessToken"]
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
        assert client.post("/api/guarded").status_code == 403


def test_one_session_s_proof_is_not_another_s(world: Any) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        old = signed_in(world.owner)
        clock.shift(timedelta(minutes=11))
        assert prove(signed_in(world.owner)).status_code == 200
        assert old.post("/api/guarded").status_code == 403


def test_who_may_not_is_refused_whatever_they_prove(world: Any) -> None:
    answer = signed_in(world.chatter).post("/api/guarded")
    assert (answer.status_code, answer.json()["error"]) == (403, "You do not have permission to do this")


def test_a_key_has_nobody_to_ask(world: Any, api: Any) -> None:
    client = api(world.owner)
    assert client.get("/api/guarded").status_code == 200
    assert prove(client).status_code == 403


def test_five_wrong_passwords_end_the_asking(world: Any) -> None:
    client = signed_in(world.owner)
    assert [prove(client, "Wrong-password-1").status_code for _ in range(6)] == [401] * 5 + [429]
    assert prove(client).status_code == 429


def test_a_page_asks_and_leads_back(world: Any) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        client = browser(world.owner)
        assert client.get("/guarded?x=1").status_code == 200
        clock.shift(timedelta(minutes=11))
        asked = client.get("/guarded?x=1")
        assert asked["Location"] == "/confirm?next=/guarded%3Fx%3D1"
        assert client.get(asked["Location"]).status_code == 200
        sent = {"next": "/guarded?x=1"}
        assert client.post("/confirm", sent | {"password": "Wrong-password-1"}).status_code == 422
        assert client.get("/guarded").status_code == 302
        assert client.post("/confirm", sent | {"password": PASSWORD})["Location"] == "/guarded?x=1"
        assert client.get("/guarded?x=1").status_code == 200


def test_a_form_that_has_to_wait_leads_back_to_its_page(world: Any) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        client = browser(world.owner)
        clock.shift(timedelta(minutes=11))
        answer = client.post("/guarded", headers={"Referer": "http://testserver/settings?tab=keys"})
        fragment = client.post(
            "/guarded", headers={"HX-Request": "true", "HX-Current-URL": "https://evil.test//evil.test/x"}
        )
    assert answer["Location"] == "/confirm?next=/settings%3Ftab%3Dkeys"
    assert (fragment.status_code, fragment["HX-Redirect"]) == (403, "/confirm?next=/evil.test/x")
    assert DONE == []


def test_confirming_needs_a_person_and_never_leads_away(world: Any) -> None:
    assert Client().get("/confirm")["Location"] == "/signin?next=/confirm"
    answer = browser(world.owner).post("/confirm", {"password": PASSWORD, "next": "https://evil.test/"})
    assert answer["Location"] == "/"


def test_what_waits_for_a_verified_mail_says_so(world: Any, api: Any) -> None:
    User.objects.filter(pk=world.owner.user_id).update(email_verified_at=None)
    answer = signed_in(world.owner).post("/api/invite")
    assert (answer.status_code, answer.json()["error"]) == (403, "Email verification required")
    assert browser(world.owner).get("/inviting")["Location"] == "/verify-email?next=/inviting"
    assert DONE == []
    assert signed_in(world.owner).post("/api/guarded").status_code == 200


def test_what_waits_is_in_the_table(world: Any) -> None:
    known = NEEDS_VERIFIED_MAIL & CAPABILITIES.keys()
    assert {"accounts.connect", "members.manage", "privacy.manage"} <= known
    assert not any(name.endswith(".view") for name in NEEDS_VERIFIED_MAIL)
