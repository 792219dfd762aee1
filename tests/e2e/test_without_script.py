"""Without a script every page is reached by its links, and every form on it leads to a real page: from the outside, as
a browser without JavaScript sends them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

from django.conf import settings as house
from django.db import transaction
from django.test import Client, TestCase
from django.urls import resolve

from tests.conftest import World
from tests.e2e.places import PLACES, Scene, scene

#: What such a field holds once somebody has filled it in.
FILLED = {
    "email": "somebody@example.test", "date": "2026-11-21", "datetime-local": "2031-11-21T10:00", "number": "5",
    "url": "https://example.com/hook", "password": "Correct-horse-7",
}  # fmt: skip
#: Answers that are pages: done, and refused with what was typed or with the reason.
REAL = {200, 201, 409, 422, 429}


@dataclass(frozen=True)
class Form:
    """A form as it stands on a page, with one of its buttons."""

    page: str
    action: str
    method: str
    fields: tuple[tuple[str, str, str], ...]  # name, type, value
    button: tuple[str, str] | None

    @property
    def key(self) -> tuple[str, str, str]:
        """Forms of one kind, such as the same button beside each row, are one."""
        route = resolve(urlsplit(self.action).path)
        deed = route.kwargs.get("deed", "")
        return route.view_name, f"{self.method}{deed}", str(self.button)

    def body(self, *, is_filled: bool) -> list[tuple[str, str]]:
        sent = [self.button] if self.button else []
        for name, kind, value in self.fields:
            sent.append(
                (name, value or (FILLED.get(kind, "Example") if is_filled and kind != "hidden" else ""))
            )
        return sent


@dataclass
class Reader(HTMLParser):
    """The links and forms of a page."""

    page: str
    links: list[str] = field(default_factory=list)
    forms: list[Form] = field(default_factory=list)
    heading: bool = False

    def __post_init__(self) -> None:
        super().__init__()
        self.form: dict[str, str] | None = None
        self.fields: list[tuple[str, str, str]] = []
        self.buttons: list[tuple[str, str] | None] = []
        self.select: str = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "h1":
            self.heading = True
        elif tag == "a" and values.get("href", "").startswith(("/", "?")):
            self.links.append(urljoin(self.page, values["href"]))
        elif tag == "form":
            self.form, self.fields, self.buttons = values, [], []
        elif self.form is not None:
            self._control(tag, values)

    def _control(self, tag: str, values: dict[str, str]) -> None:
        name, kind = values.get("name", ""), values.get("type", "text")
        if tag == "button" and kind != "button" and "disabled" not in values:
            self.buttons.append((name, values.get("value", "")) if name else None)
        elif tag == "select":
            self.select = name
            self.fields.append((name, "select", ""))
        elif tag == "option" and self.select and (self.fields[-1][2] == "" or "selected" in values):
            self.fields[-1] = (self.select, "select", values.get("value", ""))
        elif tag == "input" and kind in {"checkbox", "radio"}:
            if name and name not in {known for known, _, _ in self.fields}:
                self.fields.append((name, kind, values.get("value", "on")))
        elif tag in {"input", "textarea"} and name and kind != "submit":
            self.fields.append((name, kind, values.get("value", "")))

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self.select = ""
        if tag != "form" or self.form is None:
            return
        action = urljoin(self.page, self.form.get("action", "") or self.page)
        method = self.form.get("method", "get").lower()
        self.forms += [Form(self.page, action, method, tuple(self.fields), button) for button in self.buttons]
        self.form = None


@dataclass
class Person:
    """Somebody with a browser without scripts, who finds every page there is for them."""

    who: str
    scene: Scene
    seen: dict[str, Reader] = field(default_factory=dict)
    cookies: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if cookie := self.scene.cookie(self.who):
            self.cookies[cookie["name"]] = cookie["value"]

    def client(self) -> Client:
        """The browser as it stands after the walk, whatever a form did to the one before."""
        client = Client(enforce_csrf_checks=True, HTTP_REFERER="http://testserver/")
        client.cookies.load(self.cookies)
        return client

    def walk(self, starts: list[str]) -> list[str]:
        """The pages that are reached by links, one for each address with each list; returns what is wrong."""
        client, wrong, todo, known = self.client(), [], list(starts), set()
        while todo:
            path = todo.pop(0)
            key = _key(path)
            if key in known or key is None:
                continue
            known.add(key)
            answer = client.get(path, follow=True)
            if answer.status_code not in {200, 400, 403, 404} or (
                path not in starts and answer.status_code != 200
            ):
                wrong.append(f"{self.who} {path}: {answer.status_code}")
            if not answer.get("Content-Type", "").startswith("text/html"):
                continue
            reader = Reader(
                answer.request["PATH_INFO"]
                + ("?" + answer.request["QUERY_STRING"] if answer.request["QUERY_STRING"] else "")
            )
            reader.feed(answer.content.decode())
            self.seen[path] = reader
            todo += [link for link in reader.links if not link.startswith(("/admin", "/api", "/_states"))]
        self.cookies = {name: cookie.value for name, cookie in client.cookies.items()}
        return wrong

    def forms(self) -> Iterator[Form]:
        known = set()
        for reader in self.seen.values():
            for form in reader.forms:
                if form.key not in known:
                    known.add(form.key)
                    yield form


def _key(path: str) -> str | None:
    parts = urlsplit(path)
    if parts.netloc and parts.netloc != "testserver":
        return None
    show = re.search(r"show=\w+|scope=\w+", parts.query)
    return (
        resolve(parts.path).view_name + (show[0] if show else "") if parts.path != "/nothing-here" else path
    )


def submit(person: Person, form: Form, body: list[tuple[str, str]]) -> str:
    """What is wrong with the answer; empty where it is a page, or another site's address. What was done is taken back,
    so that the next form stands where it was found; what waits for the commit is run before."""
    block = transaction.atomic()
    block._from_testcase = True  # type: ignore[attr-defined]
    with block:
        with TestCase.captureOnCommitCallbacks(execute=True):
            fault = _answered(person.client(), form, body)
        transaction.set_rollback(True)
    return f"{person.who} {form.page} → {form.action} {body}: {fault}" if fault else ""


def _answered(client: Client, form: Form, fields: list[tuple[str, str]]) -> str:
    send = client.post if form.method == "post" else client.get
    body: dict[str, list[str]] = {}
    for name, value in fields:
        body.setdefault(name, []).append(value)
    answer: Any = send(form.action, body)
    if answer.status_code in {302, 303}:
        if urlsplit(answer["Location"]).netloc not in {"", "testserver"}:
            return ""
        answer = client.get(urljoin(form.action, answer["Location"]), follow=True)
    if not answer.get("Content-Type", "").startswith("text/html"):
        return "" if answer.status_code == 200 else str(answer.status_code)
    reader = Reader(form.page)
    reader.feed(answer.content.decode())
    is_stale = answer.status_code == 400 and form.action.endswith("/nothing")  # a link that is no link
    if (answer.status_code in REAL or is_stale) and reader.heading:
        return ""
    return str(answer.status_code)


def test_every_form_submits(stage: World, settings: Any) -> None:
    """As it stands on the page, and filled in where there is something to fill in."""
    settings.COOKIE_SECURE = False
    there = scene(stage)
    wrong: list[str] = []
    count = pages = 0
    for who in ("owner", "chatter", "newcomer", "person", "late", "nobody"):
        person = Person(who, there)
        wrong += person.walk([place.path.format(**there.words) for place in PLACES if place.who == who])
        pages += len(person.seen)
        for form in person.forms():
            plain, filled = form.body(is_filled=False), form.body(is_filled=True)
            for body in [plain] if plain == filled else [plain, filled]:
                count += 1
                if fault := submit(person, form, body):
                    wrong.append(fault)
    print(f"{pages} pages, {count} forms sent, {len(wrong)} faults")
    assert "\n".join(wrong) == ""
    assert count > 200
    assert house.DEBUG is False
