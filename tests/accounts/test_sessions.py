"""Where a person is signed in, ending that, and what lies in the tables: no cookie, no token, no key."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings as django_settings
from django.db import connection
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import BrowserSession, Membership
from accounts.rules.devices import device_name
from accounts.services.retention import run
from accounts.sessions import row_key
from tests.factories.accounts import NOW, PASSWORD, MembershipFactory

SESSIONS, STATUS = "/api/auth/sessions", "/api/onlyfans/messaging/status"
CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Safari/537.36"


def program(member: Membership, agent: str = "curl/8.5") -> APIClient:
    client = APIClient(HTTP_USER_AGENT=agent)
    body = {"email": member.user.email, "password": PASSWORD}
    token = client.post("/api/auth/signin", body, format="json").json()["accessToken"]
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


def browser(member: Membership) -> Client:
    client = Client(HTTP_USER_AGENT=CHROME)
    answer = client.post("/signin", {"email": member.user.email, "password": PASSWORD})
    assert answer.status_code == 302
    return client


def test_both_kinds_stand_in_one_list(world: Any) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        browser(world.owner)
        clock.shift(timedelta(minutes=1))
        client = program(world.owner)
        browser(world.manager)
        found = client.get(SESSIONS).json()["sessions"]
    assert [(row["kind"], row["device"], row["current"]) for row in found] == [
        ("api", "curl", True),
        ("browser", "Chrome · Windows", False),
    ]
    assert found[1] | {"id": ""} == {
        "id": "",
        "kind": "browser",
        "device": "Chrome · Windows",
        "country": None,
        "createdAt": "2026-01-15T12:00:00Z",
        "lastUsedAt": "2026-01-15T12:00:00Z",
        "current": False,
    }
    assert [row["id"][:4] for row in found] == ["ses_", "brs_"]


def test_the_country_is_told_by_our_proxy_only(world: Any, settings: Any) -> None:
    settings.COUNTRY_HEADER = "CF-IPCountry"
    body = {"email": world.owner.user.email, "password": PASSWORD}
    found = []
    for count in (0, 1):
        settings.TRUSTED_PROXY_COUNT = count
        client = APIClient(HTTP_CF_IPCOUNTRY="fr", HTTP_X_FORWARDED_FOR="203.0.113.1")
        token = client.post("/api/auth/signin", body, format="json").json()["accessToken"]
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
        rows = client.get(SESSIONS).json()["sessions"]
        found.append(next(row["country"] for row in rows if row["current"]))
    assert found == [None, "FR"]


def test_ending_another_session_ends_it_with_its_next_request(world: Any) -> None:
    here, there, page = program(world.owner), program(world.owner), browser(world.owner)
    for row in here.get(SESSIONS).json()["sessions"]:
        if not row["current"]:
            assert here.delete(f"{SESSIONS}/{row['id']}").status_code == 204
    assert [here.get(STATUS).status_code, there.get(STATUS).status_code] == [200, 401]
    assert there.post("/api/auth/refresh", {}, format="json").status_code == 401
    assert page.get("/onlyfans")["Location"] == "/signin?next=/onlyfans"


def test_somebody_else_s_session_does_not_exist(world: Any) -> None:
    mine, teammate, outsider = program(world.owner), program(world.manager), program(world.outsider)
    page = browser(world.manager)
    ids = [row["id"] for row in teammate.get(SESSIONS).json()["sessions"]]
    assert len(ids) == 2
    for session_id in [*ids, "ses_nothing", "brs_nothing", "key_nothing"]:
        assert mine.delete(f"{SESSIONS}/{session_id}").status_code == 404
        assert outsider.delete(f"{SESSIONS}/{session_id}").status_code == 404
    assert teammate.get(STATUS).status_code == 200
    assert page.get("/onlyfans").status_code == 200


def test_no_key_sees_or_ends_sessions(world: Any, api: Any) -> None:
    assert api(world.owner).get(SESSIONS).status_code == 403


def test_a_session_that_is_over_is_not_listed(world: Any) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        browser(world.owner)
        program(world.owner)
        clock.shift(timedelta(days=7))
        found = program(world.owner).get(SESSIONS).json()["sessions"]
    assert [row["current"] for row in found] == [True]


@pytest.mark.parametrize(
    ("hours", "remember", "status"),
    [(11.9, "", 200), (12.1, "", 302), (12.1, "on", 200), (29 * 24, "on", 200)],
)
def test_a_browser_session_ends_when_it_is_not_used(
    world: Any, hours: float, remember: str, status: int
) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        client = Client()
        body = {"email": world.owner.user.email, "password": PASSWORD, "remember_me": remember}
        client.post("/signin", body)
        clock.shift(timedelta(hours=hours))
        assert client.get("/onlyfans").status_code == status


def test_use_keeps_it_alive_for_30_days_and_no_longer(world: Any) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        client = browser(world.owner)
        for _ in range(71):
            clock.shift(timedelta(hours=10))
            assert client.get("/onlyfans").status_code == 200
        clock.shift(timedelta(hours=10))
        assert client.get("/onlyfans").status_code == 302


def test_expired_rows_are_forgotten(world: Any) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        browser(world.owner)
        clock.shift(timedelta(hours=13))
        run.forget("browser_sessions", now=NOW + timedelta(hours=13))
    assert BrowserSession.objects.count() == 0


def test_signing_out_of_a_browser_deletes_its_row(world: Any) -> None:
    client = browser(world.owner)
    cookie = client.cookies[django_settings.SESSION_COOKIE_NAME].value
    assert BrowserSession.objects.get().session_key == row_key(cookie)
    client.post("/signout")
    client.cookies[django_settings.SESSION_COOKIE_NAME] = cookie
    assert client.get("/onlyfans").status_code == 302
    assert BrowserSession.objects.filter(user=world.owner.user).count() == 0


def test_a_session_is_seen_ended_with_redis_away(world: Any, settings: Any) -> None:
    client, page = program(world.owner), browser(world.owner)
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    assert client.get(STATUS).status_code == 200
    assert page.get("/signin").status_code == 302
    other = APIClient()
    other.cookies[django_settings.REFRESH_COOKIE_NAME] = client.cookies[
        django_settings.REFRESH_COOKIE_NAME
    ].value
    assert other.post("/api/auth/logout", {"everywhere": True}, format="json").status_code == 200
    assert client.get(STATUS).status_code == 401
    assert page.get("/signin").status_code == 200


def test_no_secret_lies_in_any_table(db: None) -> None:
    """Sign up, sign in on a page and over the API, ask for a reset; then look for every raw value everywhere."""
    api, page = APIClient(), Client()
    body = {"name": "Luna", "email": "l@example.test", "password": "Correct-horse-7", "acceptTerms": True}
    data = api.post("/api/auth/signup", body, format="json").json()
    page.post("/signin", {"email": body["email"], "password": body["password"]})
    api.post("/api/auth/password/reset", {"email": body["email"]}, format="json")
    cookies = [morsel.value for client in (api, page) for morsel in client.cookies.values()]
    secrets = [value for value in cookies if len(value) >= 20]
    secrets += [data["accessToken"], data["apiKey"]["key"], str(body["password"])]
    assert len(secrets) >= 6
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name FROM information_schema.tables "
            "WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"
        )
        for (table,) in cursor.fetchall():
            found = f'SELECT count(*) FROM "{table}" t WHERE t::text LIKE ANY(%s)'
            cursor.execute(found, [[f"%{secret}%" for secret in secrets]])
            assert cursor.fetchone() == (0,), table


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (CHROME, "Chrome · Windows"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1",
            "Safari · iPhone",
        ),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox · Linux"),
        (CHROME + " Edg/142.0", "Edge · Windows"),
        ("python-requests/2.32", "python-requests"),
        ("\x00\n<script>", "<script>"),
        ("x" * 500, "x" * 60),
        ("", ""),
    ],
)
def test_a_device_has_a_name_people_know(agent: str, name: str) -> None:
    assert device_name(agent) == name


# --- another workspace of the same person


def move(client: APIClient, workspace_id: str) -> Any:
    return client.post("/api/auth/workspace", {"workspaceId": workspace_id}, format="json")


def place(client: APIClient) -> list[str]:
    found = client.get("/api/workspaces").json()["workspaces"]
    return [row["name"] for row in found if row["isCurrent"]]


def test_a_person_works_in_another_of_their_workspaces(world: Any) -> None:
    MembershipFactory(user=world.owner.user, workspace=world.outsider.workspace, role="chatter")
    client = program(world.owner)
    answer = move(client, world.outsider.workspace.public_id)
    assert (answer.status_code, set(answer.json())) == (200, {"accessToken"})
    assert place(client) == ["Ours"]
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {answer.json()['accessToken']}")
    assert place(client) == ["Theirs"]
    fresh = client.post("/api/auth/refresh", {}, format="json").json()["accessToken"]
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {fresh}")
    assert place(client) == ["Theirs"]


def test_a_workspace_of_others_does_not_exist(world: Any, api: Any) -> None:
    client = program(world.owner)
    for workspace_id in (world.outsider.workspace.public_id, "wsp_nothing", ""):
        assert move(client, workspace_id).status_code in {400, 404}
    assert place(client) == ["Ours"]
    assert move(api(world.owner), world.owner.workspace.public_id).status_code == 403


def test_a_membership_that_ended_is_no_way_in(world: Any) -> None:
    MembershipFactory(user=world.owner.user, workspace=world.outsider.workspace, role="chatter", ended_at=NOW)
    assert move(program(world.owner), world.outsider.workspace.public_id).status_code == 404
