"""Whatever is sent to any address: it is refused or taken as text, it breaks nothing, and it sets no more than it may.

Generated from the URL table and the lines of `calls.py`, so that a new address is tried from its first day.
"""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml
from django.conf import settings as house
from django.db import transaction

from accounts.auth import _by_token
from accounts.models import ApiKey, Creator, Membership, User, Workspace
from huntaze.kernel.tenancy import cross_workspace
from messaging.models import Campaign, Delivery, FanList
from tests.architecture.calls import Call, Target, make_target
from tests.architecture.noting import ALL, noting
from tests.architecture.routes import Route
from tests.architecture.test_permissions import JUDGED, client_of, named
from tests.architecture.test_permissions import World as _World
from tests.factories.team import make_team

#: Values of every wrong kind, and such as mean something to a database, a shell, a template or a file system.
WRONG: list[Any] = [
    None, True, -1, 10**30, 1e308, "", " ", "x" * 20_000, "' OR 1=1; --", "\"; DROP TABLE x; --", "$(id)", "{{7*7}}",
    "{% debug %}", "%s%n{0.__class__}", "../../etc/passwd", "\u202e\U0001f600", [], [None], {}, {"$ne": 1},
]  # fmt: skip
WORDS = [value for value in WRONG if isinstance(value, str) and len(value) < 100]
#: What nobody may set by sending it along.
EXTRA = {
    "id": "usr_00000000000000000000000001", "pk": 1, "uid": "0" * 32, "workspace": 1, "workspaceId": "wsp_x",
    "role": "owner", "isStaff": True, "isSuperuser": True, "is_staff": "on", "plan": "enterprise", "state": "sent",
    "subscription": "enterprise", "status": "approved", "emailVerifiedAt": "2026-01-01T00:00:00Z", "userId": "usr_x",
    "capabilities": ["keys.manage"], "sessionVersion": 99, "isActive": False, "creditMinor": 10**9,
}  # fmt: skip


@pytest.fixture
def world(db: None, settings: Any) -> _World:
    settings.API_REQUESTS_PER_MINUTE = 1_000_000
    ours = make_team("Ours")
    return _World(ours, {"ours": make_target(ours, "Ours", ours.own, ours.own_account)})


def writes(kind: str) -> Iterator[tuple[Route, str, Call]]:
    for route in (route for route in JUDGED if route.kind == kind):
        for name, line in named(route):
            if not name.startswith("GET"):
                yield route, name, line


def known(kind: str, who: str, world: _World) -> Any:
    """Somebody who has been recognised once: what these tests are about is what they send."""
    client = client_of(kind, who, world)
    if kind == "api":
        with cross_workspace("demo"):
            user, principal = _by_token(client._credentials["HTTP_AUTHORIZATION"].partition(" ")[2])
        client.force_authenticate(user, principal)
    return client


def caller(route: Route) -> str:
    return "creator" if route.capability == "creator.stop" else "owner"


def spoiled(body: Any) -> Iterator[Any]:
    """The body with one leaf after the other replaced by each wrong value."""
    if isinstance(body, dict):
        for key, value in body.items():
            yield from ({**body, key: other} for other in spoiled(value))
    elif isinstance(body, list):
        for index, value in enumerate(body):
            yield from ([*body[:index], other, *body[index + 1 :]] for other in spoiled(value))
    else:
        yield from WRONG


def send(
    client: Any, route: Route, name: str, line: Call, target: Target, body: Any,
    look: Callable[[], Any] = lambda: None,
) -> tuple[Any, Any]:  # fmt: skip
    """The answer, and what a look at the tables found before it was taken back."""
    method, address = name.partition(" ")[0].lower(), route.at(target.ids | line.params)
    block = transaction.atomic()
    block._from_testcase = True  # type: ignore[attr-defined]
    with block:
        if route.kind == "page":
            response = client.post(address, {key: value for key, value in body.items() if value is not None})
        else:
            response = getattr(client, method)(address, body, format="json")
        stood = look()
        transaction.set_rollback(True)
    return response, stood


def guarded_columns() -> Any:
    """What must not follow from a field that a door does not name."""
    with cross_workspace("demo"):
        return [
            sorted(
                User.objects.values_list("email", "is_staff", "is_superuser", "is_active", "session_version")
            ),
            sorted(Workspace.objects.values_list("pk", "plan", "status", "is_demo")),
            sorted(Membership.objects.values_list("workspace_id", "user_id", "role", "sees_all_creators")),
            sorted(ApiKey.objects.values_list("workspace_id", "scopes", "requests_per_minute")),
            sorted(Creator.objects.values_list("workspace_id", "status")),
            sorted(Delivery.objects.values_list("workspace_id", "state", "attempts")),
            sorted(Campaign.objects.values_list("workspace_id", "state")),
            sorted(FanList.objects.values_list("workspace_id", "account_id")),
        ]


@pytest.mark.parametrize("kind", ["api", "page"])
def test_wrong_values_are_refused_and_break_nothing(world: _World, kind: str, capsys: Any) -> None:
    clients = {who: known(kind, who, world) for who in ("owner", "creator")}
    target, count, wrong = world.targets["ours"], 0, []
    for route, name, line in writes(kind):
        for body in spoiled(line.body(target)):
            if kind == "page" and any(isinstance(value, dict) for value in body.values()):
                continue
            answer, _ = send(clients[caller(route)], route, name, line, target, body)
            count += 1
            if answer.status_code >= 500 and answer.status_code not in line.ok:
                wrong.append(f"{name} {json.dumps(body)[:200]}: {answer.status_code}")
    with capsys.disabled():
        print(f"\n{kind}: {count} requests with a wrong value")
    assert count > 200
    assert wrong == []


@pytest.mark.parametrize("kind", ["api", "page"])
def test_fields_that_no_door_names_set_nothing(world: _World, kind: str) -> None:
    clients = {who: client_of(kind, who, world) for who in ("owner", "creator")}
    target, wrong = world.targets["ours"], []
    for route, name, line in writes(kind):
        client, body = clients[caller(route)], line.body(target)
        more = {key: value for key, value in EXTRA.items() if key not in named_fields(name) | body.keys()}
        if kind == "page":
            more.pop("role", None)  # a form of a page names it where it takes it
        plain, wanted = send(client, route, name, line, target, body, guarded_columns)
        found, stood = send(client, route, name, line, target, body | more, guarded_columns)
        if found.status_code not in {plain.status_code, 400, 422} or (
            found.status_code < 400 and stood != wanted
        ):
            wrong.append(f"{name}: {plain.status_code} and then {found.status_code}")
    assert wrong == []


def named_fields(name: str) -> set[str]:
    """The fields that the API document names for the body of an operation, at any depth."""
    method, _, path = name.partition(" ")
    document = _document()
    operation = document["paths"].get(re.sub(r"<(\w+)>", r"{\1}", path), {}).get(method.lower(), {})
    return set(_fields(operation.get("requestBody", {}), document["components"]["schemas"]))


_DOCUMENT: dict[str, Any] = {}


def _document() -> dict[str, Any]:
    if not _DOCUMENT:
        _DOCUMENT.update(yaml.safe_load((house.BASE_DIR / "docs" / "openapi.yaml").read_text()))
    return _DOCUMENT


def _fields(node: Any, schemas: dict[str, Any]) -> Iterator[str]:
    if isinstance(node, list):
        for item in node:
            yield from _fields(item, schemas)
    elif isinstance(node, dict):
        if "$ref" in node:
            yield from _fields(schemas[node["$ref"].rpartition("/")[2]], schemas)
        yield from node.get("properties", {})
        for item in node.values():
            yield from _fields(item, schemas)


def test_any_word_in_any_query_breaks_nothing(
    world: _World, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every reading address with every parameter that the API document or a page's line names, twice as well: each
    request gives each parameter another word, until each has had them all, or none was looked at."""
    seen = noting(monkeypatch)
    clients = {kind: client_of(kind, "owner", world) for kind in ("api", "page")}
    target, count, wrong = world.targets["ours"], 0, []
    for route in (route for route in JUDGED if route.capability != "creator.stop"):
        for name, line in named(route):
            if not name.startswith("GET"):
                continue
            address, query = route.at(target.ids | line.params), line.query(target)
            keys, words = (
                sorted(query_names(route) | query.keys()),
                [*WORDS, "9" * 40, "-1", "1e9", [WORDS[2], "1"]],
            )
            for turn in range(len(words) if keys else 0):
                asked = {key: words[(turn + place) % len(words)] for place, key in enumerate(keys)}
                seen.clear()
                found = clients[route.kind].get(address, query | asked)
                count += len(keys)
                if found.status_code >= 500:
                    wrong.append(f"{name}?{asked}: {found.status_code}")
                if not seen & {ALL, *keys}:
                    break  # the answer is the same whatever they say
    with capsys.disabled():
        print(f"\n{count} words in queries")
    assert count > 200
    assert wrong == []


def query_names(route: Route) -> set[str]:
    path = re.sub(r"<(\w+)>", r"{\1}", route.path)
    operation = _document()["paths"].get(path, {}).get("get", {})
    named_there = {one["name"] for one in operation.get("parameters", []) if one["in"] == "query"}
    return named_there | ({"after", "show", "q", "page", "next"} if route.kind == "page" else set())


def test_every_text_of_a_body_has_its_bounds() -> None:
    """As the API document says them, which is made of the doors' own fields."""
    document, loose = _document(), []
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            body = operation.get("requestBody")
            if (
                body is not None and path != "/api/webhooks/onlyfans"
            ):  # signed, and read by the rules of its events
                loose += [
                    f"{method} {path}{where}" for where in _loose(body, document["components"]["schemas"], "")
                ]
    assert loose == []


def _loose(node: Any, schemas: dict[str, Any], where: str) -> Iterator[str]:
    if isinstance(node, list):
        for item in node:
            yield from _loose(item, schemas, where)
    if not isinstance(node, dict):
        return
    if "$ref" in node:
        yield from _loose(schemas[node["$ref"].rpartition("/")[2]], schemas, where)
    kind = node.get("type")
    if kind == "string" and not {"maxLength", "enum", "format", "pattern"} & node.keys():
        yield where
    if kind in {"integer", "number"} and "enum" not in node and not {"minimum", "maximum"} <= node.keys():
        yield where
    if kind == "array" and "maxItems" not in node:
        yield f"{where}[]"
    for name, item in node.get("properties", {}).items():
        yield from _loose(item, schemas, f"{where}.{name}")
    for name in ("content", "schema", "items", "allOf", "oneOf", "anyOf", "application/json"):
        yield from _loose(node.get(name), schemas, where)


def test_text_is_decoded_once_and_kept_as_it_was_written(world: _World, api: Any) -> None:
    """What looks encoded a second time stays what it is, in the row as in the answer."""
    client = api(world.team["owner"])
    for text in ("%3Cb%3E", "&lt;b&gt;", "\\u003cb\\u003e", "a+b%20c", "<b>\"'&"):
        made = client.post("/api/creators", {"stageName": text}, format="json")
        assert (made.status_code, made.json()["stageName"]) == (201, text)
        with cross_workspace("demo"):
            assert Creator.objects.filter(stage_name=text).count() == 1
    page = client_of("page", "owner", world).get("/onlyfans", {"show": "%73ent"})
    assert page.context["show"] != "sent"


def test_of_a_parameter_sent_twice_the_last_one_counts_everywhere(world: _World, api: Any) -> None:
    """One answer to who is meant: check and use read the same value."""
    client, ours = api(world.team["owner"]), world.targets["ours"]
    theirs = make_target(other := make_team("Theirs"), "Theirs", other.own, other.own_account)
    path, mine, foreign = "/api/onlyfans/messaging/status", ours.ids["account_id"], theirs.ids["account_id"]
    assert client.get(f"{path}?accountId={foreign}&accountId={mine}").status_code == 200
    assert client.get(f"{path}?accountId={mine}&accountId={foreign}").status_code == 404
    body = '{"stageName": "First", "stageName": "Last"}'
    made = client.post("/api/creators", body, content_type="application/json")
    assert (made.status_code, made.json()["stageName"]) == (201, "Last")
