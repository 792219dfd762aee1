"""Headers and cookies: what every answer has, those of errors and crashes, and how people sign in and out."""

import os
import re
import subprocess
import sys
from http.cookies import Morsel
from typing import Any

import pytest
from django.conf import settings as house
from django.test import Client

from huntaze.kernel.headers import PERMISSIONS_POLICY
from tests.architecture.calls import CALLS, Target, make_target
from tests.architecture.routes import Route, routes
from tests.factories.accounts import PASSWORD
from tests.factories.team import Team, make_team

#: Ids that belong to no row of a target; the page answers that it knows nobody by them, which has headers as well.
SOMETHING = "00000000000000000000000000"
_INLINE = re.compile(
    r"<script(?![^>]*\b(?:nonce|src)=)[^>]*>|<style|\sstyle=|\son[a-z]+=\"|javascript:", re.IGNORECASE
)
_SCRIPT = re.compile(r"<script[^>]*>", re.IGNORECASE)


@pytest.fixture
def team(db: None) -> Team:
    return make_team("Ours")


@pytest.fixture
def target(team: Team) -> Target:
    return make_target(team, "Ours", team.own, team.own_account)


def addresses(target: Target) -> list[tuple[str, dict[str, Any]]]:
    """Every address that answers GET, with the query that its line gives it."""
    found = []
    for route in routes():
        line = CALLS.get(f"GET {route.path}")
        values = dict.fromkeys(route.params, SOMETHING) | target.ids | (line.params if line else {})
        found.append((_filled(route, values), line.query(target) if line else {}))
    return sorted({(path, tuple(query.items())) for path, query in found})  # type: ignore[misc]


def _filled(route: Route, values: dict[str, str]) -> str:
    return re.sub(r"<(\w+)>", lambda name: values.get(name[1], SOMETHING), route.path)


def faults(response: Any) -> list[str]:
    """What is wrong with the headers of an answer, and with a page's own markup."""
    wrong = [
        f"{name}: {response.headers.get(name)!r}"
        for name, value in {
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            "Referrer-Policy": "strict-origin-when-cross-origin",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Permissions-Policy": PERMISSIONS_POLICY,
        }.items()
        if response.headers.get(name) != value
    ]
    policy = response.headers.get("Content-Security-Policy", "")
    barred = ("default-src", "frame-ancestors", "base-uri", "object-src")
    if "unsafe" in policy or not all(f"{name} 'none'" in policy for name in barred):
        wrong.append(f"Content-Security-Policy: {policy!r}")
    if "Access-Control-Allow-Origin" in response.headers or "Server" in response.headers:
        wrong.append("a header that says too much")
    if response.headers.get("Content-Type", "").startswith("text/html") and not response.streaming:
        wrong += [f"markup: {found}" for found in _INLINE.findall(response.content.decode())]
    return wrong


def loose(cookies: dict[str, Morsel[str]]) -> list[str]:
    """Cookies that other sites' pages, scripts or subdomains could get at; those that are being deleted are none."""
    return [
        name
        for name, cookie in cookies.items()
        if cookie["max-age"] != 0
        and (
            cookie["samesite"] not in {"Lax", "Strict"}
            or cookie["domain"]
            or cookie["path"] != "/"
            or bool(cookie["secure"]) != house.COOKIE_SECURE
            or not (cookie["httponly"] or name == house.CSRF_COOKIE_NAME)
        )
    ]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("get", "/nowhere", 404),
        ("get", "/api/nowhere", 404),
        ("get", "/admin/nowhere", 302),
        ("post", "/onlyfans/send", 302),
        ("delete", "/signin", 405),
        ("get", "/api/keys", 401),
        ("put", "/api/keys", 405),
        ("get", "/static/nowhere.css", 404),
    ],
)
def test_error_answers_have_them_as_well(db: None, method: str, path: str, status: int) -> None:
    response = getattr(Client(), method)(path)
    assert (response.status_code, faults(response)) == (status, [])


def test_a_forged_form_is_refused_with_headers(db: None) -> None:
    response = Client(enforce_csrf_checks=True).post("/signin", {"login": "x", "password": "y"})
    assert (response.status_code, faults(response)) == (403, [])


def test_a_crash_has_them_as_well(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_: Any, **__: Any) -> None:
        raise RuntimeError("down")

    monkeypatch.setattr("huntaze.kernel.api.ops.system.uptime", crash)
    response = Client(raise_request_exception=False).get("/api/health")
    assert (response.status_code, faults(response)) == (500, [])
    assert "RuntimeError" not in response.content.decode()


def test_every_script_bears_the_nonce_of_its_own_answer(target: Target, team: Team) -> None:
    client = Client()
    client.force_login(team["owner"].user)
    seen = set()
    for _ in range(2):
        response = client.get("/onlyfans")
        (nonce,) = set(re.findall(r"'nonce-([^']+)'", response["Content-Security-Policy"]))
        tags = _SCRIPT.findall(response.content.decode())
        assert tags
        assert all(f'nonce="{nonce}"' in tag or " src=" in tag for tag in tags)
        seen.add(nonce)
    assert len(seen) == 2


def test_signing_in_hands_out_cookies_that_no_script_reads(team: Team) -> None:
    user = team["owner"].user
    page, program = Client(), Client()
    page.get("/signin")
    page.post("/signin", {"email": user.email, "password": PASSWORD})
    program.post(
        "/api/auth/signin", {"email": user.email, "password": PASSWORD}, content_type="application/json"
    )
    assert house.SESSION_COOKIE_NAME in page.cookies
    assert house.REFRESH_COOKIE_NAME in program.cookies
    assert (loose(page.cookies), loose(program.cookies)) == ([], [])
    assert program.cookies[house.REFRESH_COOKIE_NAME]["samesite"] == "Strict"


def test_signing_out_clears_what_the_browser_keeps(team: Team) -> None:
    user = team["owner"].user
    page, program = Client(), Client()
    page.force_login(user)
    assert page.post("/signout")["Clear-Site-Data"] == '"cache", "storage"'
    body = {"email": user.email, "password": PASSWORD}
    program.post("/api/auth/signin", body, content_type="application/json")
    answer = program.post("/api/auth/logout", {}, content_type="application/json")
    assert answer["Clear-Site-Data"] == '"cache", "storage"'
    assert program.cookies[house.REFRESH_COOKIE_NAME].value == ""


def test_with_tls_cookies_are_bound_to_the_host_and_browsers_stay_with_https() -> None:
    """Read by a fresh process, because settings are read once."""
    says = (
        "from huntaze import settings as s;"
        "print(s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME, s.REFRESH_COOKIE_NAME, s.DEVICE_COOKIE_NAME,"
        " s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, s.SECURE_SSL_REDIRECT, s.SECURE_HSTS_SECONDS,"
        " s.SECURE_HSTS_INCLUDE_SUBDOMAINS)"
    )
    environment = {
        name: value for name, value in os.environ.items() if name not in {"COOKIE_SECURE", "SSL_REDIRECT"}
    }
    done = subprocess.run(
        [sys.executable, "-c", says],
        env=environment | {"COOKIE_SECURE": "1"},
        cwd=house.BASE_DIR,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == [
        "__Host-sessionid", "__Host-csrftoken", "__Host-refreshToken", "__Host-device",
        "True", "True", "True", "31536000", "True",
    ]  # fmt: skip


def test_https_answers_tell_browsers_to_stay(db: None, settings: Any) -> None:
    settings.SECURE_HSTS_SECONDS, settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = 31_536_000, True
    settings.SECURE_HSTS_PRELOAD, settings.SECURE_SSL_REDIRECT = True, True
    answer = Client().get("/signin", secure=True)
    assert answer["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains; preload"
    plain = Client().get("/signin")
    assert (plain.status_code, plain["Location"]) == (301, "https://testserver/signin")
