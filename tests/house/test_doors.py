"""What every door has in common: methods, TLS, forms of other sites, and files."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as house
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import User
from tests.architecture.calls import Target, make_target
from tests.architecture.routes import routes
from tests.factories.accounts import PASSWORD, UserFactory
from tests.factories.team import Team, make_team
from tests.house.test_headers import addresses

#: What browsers tell by themselves, without a token: it is counted and changes nothing.
TOLD_BY_BROWSERS = {"/csp-report"}


@pytest.fixture
def team(db: None) -> Team:
    return make_team("Ours")


@pytest.fixture
def target(team: Team) -> Target:
    return make_target(team, "Ours", team.own, team.own_account)


def client_for(team: Team, who: str) -> Client:
    client = Client(raise_request_exception=False)
    if who == "staff":
        client.force_login(UserFactory(is_staff=True, is_superuser=True))
    elif who != "nobody":
        client.force_login(team[who].user)
    return client


# --- methods and TLS


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "TRACK", "DEBUG", "PROPFIND"])
def test_a_method_that_nobody_needs_is_refused_everywhere(target: Target, team: Team, method: str) -> None:
    for who in ("owner", "staff"):
        client = client_for(team, who)
        found = {path: client.generic(method, path).status_code for path, _ in addresses(target)}
        assert {path: status for path, status in found.items() if status != 405} == {}


def test_a_program_is_never_led_to_https(db: None, settings: Any) -> None:
    """Its key was in the clear already: it has to hear so."""
    settings.SECURE_SSL_REDIRECT = True
    sent = {"email": "a@example.test", "password": PASSWORD}
    for answer in (
        APIClient().get("/api/keys", HTTP_AUTHORIZATION="Bearer hz_live_x"),
        APIClient().post("/api/auth/signin", sent, format="json"),
        APIClient().get("/api/nowhere"),
    ):
        assert (answer.status_code, answer.json()["error"]) == (403, "HTTPS is required")
    assert APIClient().get("/api/health/live").status_code == 200
    assert APIClient().post("/api/auth/signin", sent, format="json", secure=True).status_code == 401
    page = Client().get("/signin")
    assert (page.status_code, page["Location"]) == (301, "https://testserver/signin")


def test_nobody_says_for_themselves_that_they_came_by_tls(db: None) -> None:
    """Without proxies of ours no header counts as word of one; each setting is read by a fresh process."""
    says = "from huntaze import settings as s; print(s.SECURE_PROXY_SSL_HEADER, s.USE_X_FORWARDED_HOST)"
    says = says.replace("s.USE_X_FORWARDED_HOST", "getattr(s, 'USE_X_FORWARDED_HOST', False)")
    assert fresh(says, TRUSTED_PROXY_COUNT="0") == "None False"
    assert fresh(says, TRUSTED_PROXY_COUNT="1") == "('HTTP_X_FORWARDED_PROTO', 'https') False"


def fresh(says: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", says],
        env=os.environ | environment,
        cwd=house.BASE_DIR,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_debugging_is_off_unless_it_is_asked_for() -> None:
    says = "from huntaze import settings as s; print(s.DEBUG, s.DEMO, s.REST_FRAMEWORK['DEFAULT_RENDERER_CLASSES'])"
    without = {name: value for name, value in os.environ.items() if name not in {"DEBUG", "DEMO"}}
    done = subprocess.run(
        [sys.executable, "-c", says],
        env=without | {"ENV_FILE": os.devnull},
        cwd=house.BASE_DIR,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "False False ['huntaze.kernel.api.wire.CamelCaseJSONRenderer']"
    assert not {"debug_toolbar", "django_extensions", "silk"} & set(house.INSTALLED_APPS)


# --- what lies beside the program


def test_folders_are_not_listed_and_nothing_beside_them_is_served(
    db: None, settings: Any, tmp_path: Path
) -> None:
    (tmp_path / "static" / "css").mkdir(parents=True)
    (tmp_path / "static" / "css" / "base.css").write_text("a{}")
    (tmp_path / ".env").write_text("SECRET_KEY=x")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "config").write_text("[core]")
    settings.STATIC_ROOT = tmp_path / "static"
    client = Client()
    assert client.get("/static/css/base.css").status_code == 200
    for path in (
        "/static", "/static/", "/static/css", "/static/css/", "/static/../.env", "/static/%2e%2e/.env",
        "/static//etc/passwd", "/static/css/../../.git/config", "/.git/config", "/.git/HEAD", "/.env", "/.svn/entries",
        "/manage.py", "/huntaze/settings.py", "/var/", "/docs/",
    ):  # fmt: skip
        assert (path, client.get(path).status_code) == (path, 404)


def test_no_file_is_taken_anywhere(db: None, tmp_path: Path, settings: Any) -> None:
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path)
    big = SimpleUploadedFile("shell.php", b"x" * 3_000_000)
    assert Client().post("/signin", {"email": big, "password": "x"}).status_code == 400
    answer = APIClient().post("/api/auth/signin", {"email": big}, format="multipart")
    assert answer.status_code in {400, 415}
    assert list(tmp_path.iterdir()) == []


# --- forms of other sites


def test_no_page_takes_a_form_of_another_site(target: Target, team: Team) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(team["owner"].user)
    pages = [path for path, _ in addresses(target) if not path.startswith(("/api/", "/static/"))]
    pages = [path for path in pages if path not in TOLD_BY_BROWSERS]
    found = {path: client.post(path, {"csrfmiddlewaretoken": "x" * 64}).status_code for path in pages}
    assert len(found) > 60
    assert {path: status for path, status in found.items() if status != 403} == {}


def test_nobody_is_there_before_somebody_signs_up(db: None) -> None:
    """Migrations make no person, no password and no key."""
    assert User.objects.count() == 0


def test_every_page_address_is_walked() -> None:
    assert len([route for route in routes() if route.kind == "page"]) > 20
