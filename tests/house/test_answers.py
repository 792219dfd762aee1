"""What every address answers to everybody: asked once of a house in which all that people wrote is markup, then judged.

Walked from the URL table, so that a new address is covered from its first day. Headers and cookies, how long an answer
is kept, what it is, whether it has a way out, and that looking changes nothing and shows text as text.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any

import pytest
from django.conf import settings as house
from django.db import connection, transaction
from django.test import Client
from django.utils import translation

from accounts.models import BrowserSession
from huntaze.kernel import redis
from tests.architecture.calls import Target, make_target
from tests.architecture.test_permissions import World as _World
from tests.architecture.test_permissions import client_of
from tests.factories.accounts import UserFactory
from tests.factories.team import Team, make_team
from tests.house.test_headers import addresses, faults, loose

#: A name that would be an element of its own, or an attribute, wherever it is not escaped.
MARK = "<x-mark a=\"1\" b='2'>"
EVERYBODY = ("nobody", "owner", "chatter", "creator", "staff")
#: The library's own template has a style block, which the policy keeps from doing anything.
STYLED = {"/api/docs/"}
#: Pages that a person sees before they are anybody, or that are no page of a person.
WITHOUT_LEAVING = {"/api/docs/", "/_states/"}
#: What reading may write: that a session or a key was used, and the free plan of a workspace that has no other, which
#: is a row from the first look on.
NOTED = {"accounts_browsersession", "accounts_apikey", "billing_subscriptionrecord"}
_WRITES = re.compile(r'\s*(?:INSERT INTO|UPDATE|DELETE FROM)\s+"?(\w+)', re.IGNORECASE)


@dataclass
class Answer:
    """What came back from an address, and which tables asking for it wrote."""

    path: str
    status_code: int
    headers: Any
    cookies: SimpleCookie
    content: bytes
    streaming: bool
    written: set[str]

    @property
    def kind(self) -> str:
        return str(self.headers.get("Content-Type", "")).partition(";")[0]

    @property
    def page(self) -> str:
        """Its markup; empty for what is no page."""
        is_page = self.kind == "text/html" and not self.streaming
        return self.content.decode() if is_page else ""


@dataclass
class Answers:
    of: dict[str, list[Answer]] = field(default_factory=dict)
    #: Browsers' sessions that asking as nobody began.
    begun: int = 0


def ask(client: Client, method: str, path: str, query: Any) -> Answer:
    written: set[str] = set()

    def note(execute: Any, sql: Any, *more: Any) -> Any:
        if match := _WRITES.match(str(sql)):
            written.add(match[1])
        return execute(sql, *more)

    with connection.execute_wrapper(note):
        found: Any = getattr(client, method)(path, dict(query))
    content = b"".join(found.streaming_content) if found.streaming else found.content
    return Answer(
        path, found.status_code, found.headers, found.cookies, content, bool(found.streaming), written
    )


def client_for(team: Team, who: str) -> Client:
    client = Client(raise_request_exception=False)
    if who == "staff":
        client.force_login(UserFactory(is_staff=True, is_superuser=True, name=MARK))
    elif who != "nobody":
        client.force_login(team[who].user)
    return client


def asked(client: Client, target: Target, *, is_known: bool) -> Iterator[Answer]:
    for path, query in addresses(target):
        if not is_known:
            client.cookies.clear()
        yield ask(client, "get", path, query)


@pytest.fixture(scope="module")
def answers(django_db_setup: None, django_db_blocker: Any) -> Answers:
    found, block = Answers(), transaction.atomic()
    block._from_testcase = True  # type: ignore[attr-defined]
    redis.client().flushdb()
    translation.deactivate()
    with django_db_blocker.unblock(), block:
        team = make_team(MARK)
        target = make_target(team, MARK, team.own, team.own_account)
        for who in EVERYBODY:
            before = BrowserSession.objects.count()
            found.of[who] = list(asked(client_for(team, who), target, is_known=who != "nobody"))
            found.begun += BrowserSession.objects.count() - before if who == "nobody" else 0
            translation.deactivate()
        transaction.set_rollback(True)
    return found


@pytest.mark.parametrize("who", EVERYBODY)
def test_every_address_has_its_headers(answers: Answers, who: str, capsys: Any) -> None:
    wrong = {}
    for answer in answers.of[who]:
        found = [
            fault for fault in faults(answer) if answer.path not in STYLED or "markup: <style" not in fault
        ]
        found += [f"cookie {name}" for name in loose(answer.cookies)]
        if answer.status_code >= 500 and not answer.path.startswith("/api/health"):
            found.append(f"status {answer.status_code}")
        if found:
            wrong[answer.path] = found
    paths = {answer.path for answer in answers.of[who]}
    with capsys.disabled():
        print(f"\n{who}: headers of {len(paths)} addresses")
    assert len(paths) > 80
    assert wrong == {}


@pytest.mark.parametrize("who", ["owner", "chatter", "creator", "staff"])
def test_what_a_person_sees_is_kept_by_no_cache(answers: Answers, who: str) -> None:
    kept = []
    for answer in answers.of[who]:
        is_shown = answer.status_code == 200 and not answer.path.startswith(
            ("/api/docs", "/api/schema", "/admin/jsi18n")
        )
        says = set(re.split(r",\s*", answer.headers.get("Cache-Control", "")))
        if is_shown and not {"no-store", "no-cache"} & says:
            kept.append(answer.path)
    assert kept == []


@pytest.mark.parametrize("who", EVERYBODY)
def test_an_answer_is_what_it_says_it_is(answers: Answers, who: str) -> None:
    wrong = []
    for answer in answers.of[who]:
        if not answer.content:
            continue
        kind, _, parameters = answer.headers.get("Content-Type", "").partition(";")
        if not kind or (
            kind.startswith("text/") and "charset=utf-8" not in parameters.lower().replace('"', "")
        ):
            wrong.append(f"{answer.path}: {kind};{parameters}")
        if kind == "application/json":
            json.loads(answer.content)
        elif answer.path.startswith("/api/") and kind == "text/html" and answer.path != "/api/docs/":
            wrong.append(f"{answer.path}: a page for a program")
    assert wrong == []


def test_looking_signs_nobody_in(answers: Answers) -> None:
    """A session begins with a deed of the person, never with an address that somebody else gave them."""
    for answer in answers.of["nobody"]:
        assert (answer.path, house.SESSION_COOKIE_NAME in answer.cookies) == (answer.path, False)
        assert (answer.path, house.REFRESH_COOKIE_NAME in answer.cookies) == (answer.path, False)
    assert answers.begun == 0


@pytest.mark.parametrize("who", ["owner", "chatter", "creator", "staff"])
def test_every_page_has_a_way_out(answers: Answers, who: str) -> None:
    without = []
    for answer in answers.of[who]:
        is_there = 'action="/signout"' in answer.page or 'action="/admin/logout/"' in answer.page
        is_whole = answer.status_code == 200 and "<html" in answer.page
        if is_whole and not is_there and answer.path not in WITHOUT_LEAVING:
            without.append(answer.path)
    assert without == []


@pytest.mark.parametrize("who", ["owner", "creator", "staff"])
def test_what_people_write_is_text_on_every_page(answers: Answers, who: str) -> None:
    """Names, texts and titles of every row hold markup; no answer holds it as such, and pages hold it escaped."""
    pages = [answer for answer in answers.of[who] if answer.page]
    bare = [answer.path for answer in pages if re.search(r"<x-mark", answer.page, re.IGNORECASE)]
    assert bare == []
    assert sum("&lt;x-mark" in answer.page for answer in pages) >= 5


def test_no_page_names_a_key_of_a_table(answers: Answers) -> None:
    """Addresses of pages hold public ids only."""
    wrong = []
    for answer in answers.of["owner"]:
        if not answer.path.startswith(("/api/", "/admin/")) and answer.status_code == 200:
            wrong += re.findall(r'(?:href|action|hx-get|hx-post)="(/[a-z/-]*/\d+(?:/[^"]*)?)"', answer.page)
    assert wrong == []


def _tells(path: str) -> bool:
    """The way back from a platform is a GET by its standard, and guarded by its state."""
    return path.startswith("/admin/") or path.endswith("/callback")


@pytest.mark.parametrize("who", ["owner", "chatter", "creator"])
def test_looking_changes_nothing(answers: Answers, who: str) -> None:
    found = {answer.path: answer.written - NOTED for answer in answers.of[who] if not _tells(answer.path)}
    assert {path: tables for path, tables in found.items() if tables} == {}


@pytest.mark.parametrize(
    ("who", "method"),
    [
        *((who, method) for who in ("owner", "creator", "key") for method in ("head", "options")),
        ("key", "get"),
    ],
)
def test_looking_otherwise_changes_nothing(db: None, who: str, method: str) -> None:
    team = make_team("Ours")
    target = make_target(team, "Ours", team.own, team.own_account)
    world = _World(team, {"ours": target})
    client: Any = client_of("api", "key", world) if who == "key" else client_for(team, who)
    wrong = {}
    for path, query in addresses(target):
        if not _tells(path) and (written := ask(client, method, path, query).written - NOTED):
            wrong[path] = written
    assert wrong == {}
