"""Endpoint × method × role × reach: every call by everybody, judged by the one table of rights.

Generated from the URL table, so that a new address without a line in `calls.py` fails. The callers: nobody, every
role in person, and the owner's API keys; the things: of one's own or assigned creator, of an unassigned one, of
another workspace.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import pytest
from django.db import transaction
from django.test import Client
from rest_framework.test import APIClient, APIRequestFactory

from accounts.rules.capabilities import CAPABILITIES, capabilities_of, cut_by_scopes
from accounts.sessions import note_proof
from accounts.types import Role
from huntaze.kernel import clock
from huntaze.kernel.api.permissions import PUBLIC
from huntaze.kernel.api.views import HuntazeViewSet
from tests.architecture.calls import CALLS, OPEN, Call, Target, make_target
from tests.architecture.routes import UNDECLARED, Route, routes
from tests.factories.accounts import api_key
from tests.factories.team import Team, access_token, make_team

ROUTES = [route for route in routes() if route.kind != "admin"]
JUDGED = [route for route in ROUTES if route.kind in {"api", "page"} and route.capability != PUBLIC]
KEYS = {"key": ("read", "write"), "reading-key": ("read",), "messages-key": ("messaging:write",)}
CALLERS = ["nobody", "owner", "manager", "team", "chatter", "creator", *KEYS]
#: Callers who reach every creator of the workspace.
FAR_REACHING = {"owner", "manager", *KEYS}


@dataclass
class World:
    team: Team
    targets: dict[str, Target]


@pytest.fixture
def world(db: None, settings: Any) -> World:
    settings.API_REQUESTS_PER_MINUTE = 1_000_000
    ours, theirs = make_team("Ours"), make_team("Theirs")
    return World(
        ours,
        {
            "assigned": make_target(ours, "Ours", ours.own, ours.own_account, ours["team"]),
            "unassigned": make_target(ours, "Ours", ours.unassigned, ours.unassigned_account),
            "other workspace": make_target(theirs, "Theirs", theirs.own, theirs.own_account),
        },
    )


def held(caller: str) -> frozenset[str]:
    """What a caller may do at all, from the table alone."""
    if caller in KEYS:
        return cut_by_scopes(capabilities_of(Role.OWNER), frozenset(KEYS[caller]))
    return capabilities_of(Role({"team": "manager"}.get(caller, caller)))


def named(route: Route) -> list[tuple[str, Call]]:
    """The lines for a route; a page's methods are known only by its lines."""
    if route.kind == "api":
        return [(route.name, CALLS[route.name])] if route.name in CALLS else []
    return [(name, found) for name, found in CALLS.items() if name.partition(" ")[2] == route.path]


def expected(route: Route, line: Call, caller: str, thing: str) -> frozenset[int]:
    if caller == "nobody":
        return frozenset({401}) if route.kind == "api" else frozenset({302})
    assert route.capability is not None
    if route.capability not in held(caller):
        return frozenset({403})
    is_far = thing == "other workspace" and line.reach != "none"
    if thing == "unassigned" and line.reach == "creator":
        is_far = caller not in FAR_REACHING
    return line.far if is_far else line.ok


def cases(caller: str) -> Iterator[tuple[Route, str, Call, str]]:
    for route in JUDGED:
        if route.kind == "page" and caller in KEYS:
            continue  # a key opens no page
        for name, line in named(route):
            for thing in ("assigned", "unassigned", "other workspace"):
                yield route, name, line, thing


def client_of(kind: str, caller: str, world: World) -> Any:
    client: Any = APIClient() if kind == "api" else Client()
    if caller == "nobody":
        return client
    if kind == "page":
        client.force_login(world.team[caller].user)
        session = client.session
        note_proof(session, clock.now())
        session.save()
        return client
    member = world.team["owner" if caller in KEYS else caller]
    token = api_key(member, scopes=KEYS[caller]) if caller in KEYS else access_token(member)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


def answer(client: Any, route: Route, name: str, line: Call, target: Target) -> Any:
    """The call, taken back afterwards. The block counts as one of the test's, not as work under way."""
    method, address = name.partition(" ")[0].lower(), route.at(target.ids | line.params)
    block = transaction.atomic()
    block._from_testcase = True  # type: ignore[attr-defined]
    with block:
        if method == "get":
            response = client.get(address, line.query(target))
        elif route.kind == "page":
            response = client.post(address, line.body(target))
        else:
            response = getattr(client, method)(address, line.body(target), format="json")
        transaction.set_rollback(True)
    return response


@pytest.mark.parametrize("caller", CALLERS)
def test_everybody_meets_exactly_what_the_table_says(
    world: World, caller: str, capsys: pytest.CaptureFixture[str]
) -> None:
    clients = {
        kind: client_of(kind, caller, world)
        for kind in ("api", "page")
        if caller not in KEYS or kind == "api"
    }
    wrong, count = [], 0
    for route, name, line, thing in cases(caller):
        response = answer(clients[route.kind], route, name, line, world.targets[thing])
        wanted = expected(route, line, caller, thing)
        count += 1
        if response.status_code not in wanted:
            wrong.append(f"{name} · {caller} · {thing}: {response.status_code}, not {sorted(wanted)}")
    assert count > 0
    with capsys.disabled():
        print(f"\n{caller}: {count} cases of rights")
    assert wrong == []


def test_every_address_has_its_line() -> None:
    missing = [route.name for route in JUDGED if not named(route)]
    assert missing == [], "say in tests/architecture/calls.py how these are called"
    known = {route.name for route in ROUTES} | {
        f"{method} {route.path}" for route in ROUTES if route.kind == "page" for method in ("GET", "POST")
    }
    assert set(CALLS) <= known, "these lines name no address"


def test_every_address_declares_a_capability_or_why_it_needs_none() -> None:
    assert [route.name for route in ROUTES if route.capability == UNDECLARED] == []
    asked = {route.capability for route in JUDGED}
    assert asked <= set(CAPABILITIES), "these capabilities are not in the table"
    unasking = {route.name for route in ROUTES if route.kind == "plain" or route.capability == PUBLIC}
    assert unasking == set(OPEN)


def test_a_page_takes_no_other_method_than_its_lines_say(world: World) -> None:
    clients = {caller: client_of("page", caller, world) for caller in ("owner", "creator")}
    wrong = []
    for route in (route for route in JUDGED if route.kind == "page"):
        client = clients["owner" if route.capability in held("owner") else "creator"]
        lines = dict(named(route))
        for method in {"GET", "POST"} - {name.partition(" ")[0] for name in lines}:
            address = route.at(world.targets["assigned"].ids | next(iter(lines.values())).params)
            found = getattr(client, method.lower())(address).status_code
            if found != 405:
                wrong.append(f"{method} {route.path}: {found}")
    assert wrong == []


def test_no_action_is_called_like_a_verb() -> None:
    """Django would run it for that verb at every address of the view, where no action and so no capability is named."""
    verbs = {"get", "post", "put", "patch", "delete", "head", "trace"}
    views = [HuntazeViewSet]
    for view in views:
        views += (heir for heir in view.__subclasses__() if not heir.__module__.startswith("tests."))
    assert len(views) > 20
    assert [(view.__name__, verbs & set(dir(view))) for view in views if verbs & set(dir(view))] == []


@pytest.mark.parametrize("verb", ["get", "post", "put", "patch", "delete"])
def test_a_verb_without_an_action_is_refused_whatever_the_view_has(db: None, verb: str) -> None:
    done: list[str] = []

    class Careless(HuntazeViewSet):
        authentication_classes = ()
        capabilities: ClassVar = {"look": PUBLIC}

        def look(self, request: Any) -> None: ...

    setattr(Careless, verb, lambda *_: done.append(verb))
    request = getattr(APIRequestFactory(), verb)("/")
    answer = Careless.as_view({"options": "look"})(request)
    assert (answer.status_code, done) == (405, [])
