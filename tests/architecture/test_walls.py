"""Another workspace's ids in every place where an address takes one: the answer is that of an id nobody has.

Every line of `calls.py` is called as our owner, who may do everything here, with each of our ids in path, query and
body swapped for theirs, one at a time and all at once. Status and body must be those that an unknown id gives, and no
byte of theirs, which bear a canary in every name and text, may stand in any answer.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.http import QueryDict
from django.test import RequestFactory

from huntaze.kernel import ids
from tests.architecture.calls import Call, Target, make_target
from tests.architecture.noting import ALL, noting
from tests.architecture.routes import Route
from tests.architecture.test_permissions import JUDGED, answer, client_of, named
from tests.architecture.test_permissions import World as _World
from tests.factories.team import make_team

CANARY = "Kanarienvogel"
#: What differs between two answers to one question: the request's id, the ids that were asked for, the time, and where
#: the workspace's event stream stands.
_ALIKE = re.compile(
    r"[0-9a-f]{32}|[a-z]{3}_[0-9A-HJKMNP-TV-Z]{26}|after=\d+-\d+|csrfmiddlewaretoken[^>]*|\d\d:\d\d(:\d\d)?|nonce=\"[^\"]*\"|data-again=\"\d+\""
)


@dataclass(frozen=True)
class Swapped:
    """A target with some ids replaced: what `calls.py` asks for is all there, the rows are ours."""

    inner: Target
    ids: dict[str, str]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


@pytest.fixture
def world(db: None, settings: Any) -> _World:
    settings.API_REQUESTS_PER_MINUTE = 1_000_000
    ours, theirs = make_team("Ours"), make_team(CANARY)
    return _World(
        ours,
        {
            "ours": make_target(ours, "Ours", ours.own, ours.own_account),
            "theirs": make_target(theirs, CANARY, theirs.own, theirs.own_account),
        },
    )


def unknown(found: dict[str, str]) -> dict[str, str]:
    """Ids of the same form that nobody has."""
    return {name: ids.encode(value.partition("_")[0], ids.uuid7()) for name, value in found.items()}


def used(route: Route, line: Call, target: Any) -> set[str]:
    """Which of the target's ids a call names: in its path, its query or its body."""
    asked: set[str] = set(route.params) & target.ids.keys()
    text = json.dumps([line.query(target), line.body(target)])
    return asked | {name for name, value in target.ids.items() if value in text}


def swaps(names: set[str]) -> list[set[str]]:
    """Each alone, then all together."""
    return [{name} for name in sorted(names)] + ([names] if len(names) > 1 else [])


def plain(response: Any) -> tuple[int, str]:
    return response.status_code, _ALIKE.sub("·", response.content.decode())


def leaks(response: Any, theirs: Target) -> bool:
    headers = " ".join(f"{name}: {value}" for name, value in response.items())
    return CANARY.lower() in (response.content.decode() + headers).lower()


@pytest.mark.parametrize("kind", ["api", "page"])
def test_their_ids_are_as_good_as_none(world: _World, kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    ours, theirs = world.targets["ours"], world.targets["theirs"]
    callers = ("owner", "creator")
    clients = {caller: client_of(kind, caller, world) for caller in callers}
    wrong, count = [], 0
    for route in (route for route in JUDGED if route.kind == kind):
        caller = "creator" if route.capability == "creator.stop" else "owner"
        for name, line in named(route):
            for swap in swaps(used(route, line, ours)):
                foreign = Swapped(ours, ours.ids | {one: theirs.ids[one] for one in swap})
                nobody = Swapped(ours, ours.ids | unknown({one: ours.ids[one] for one in swap}))
                found = answer(clients[caller], route, name, line, foreign)  # type: ignore[arg-type]
                wanted = answer(clients[caller], route, name, line, nobody)  # type: ignore[arg-type]
                count += 1
                where = f"{name} with {sorted(swap)}"
                if leaks(found, theirs):
                    wrong.append(f"{where}: their bytes in the answer")
                if plain(found) != plain(wanted):
                    wrong.append(f"{where}: {plain(found)} and not {plain(wanted)}")
                if found.status_code < 400 and line.reach != "none" and not swap <= line.empty:
                    wrong.append(f"{where}: {found.status_code}")
    with capsys.disabled():
        print(f"\n{kind}: {count} requests with ids of another workspace")
    assert count > 10
    assert wrong == []


#: Words of queries that an address may know, by kind of door, each with the ids that can stand behind it.
_ANY = ("fan_id", "message_id", "campaign_id")
KEYS = {
    "api": {"accountId": ("account_id",), "creatorId": ("creator_id",), "campaignId": ("campaign_id",),
            "fanId": ("fan_id",), "cursor": _ANY, "q": _ANY},
    "page": {"account": ("account_id",), "creator": ("creator_id",), "after": _ANY, "recipient": ("fan_id",),
             "show": ("message_id",), "q": _ANY},
}  # fmt: skip


def queries(kind: str, theirs: Target) -> Iterator[dict[str, str]]:
    """All words at once, then each with each id of its kind."""
    yield {key: theirs.ids[names[0]] for key, names in KEYS[kind].items()}
    yield dict.fromkeys(KEYS[kind], theirs.fan.platform_user_id)
    for key, names in KEYS[kind].items():
        yield from ({key: theirs.ids[name]} for name in names)


def test_their_ids_in_any_query_show_nothing_of_theirs(
    world: _World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every reading address with their ids under every word that an address may know. A word alone is asked where the
    address looks for it when it is asked for nothing; elsewhere its answer would be that one."""
    theirs, count, wrong = world.targets["theirs"], 0, []
    clients = {kind: client_of(kind, "owner", world) for kind in ("api", "page")}
    seen = noting(monkeypatch)
    for route in (route for route in JUDGED if route.capability != "creator.stop"):
        for name, line in named(route):
            if not name.startswith("GET"):
                continue
            address = route.at(world.targets["ours"].ids | line.params)
            seen.clear()
            asked: list[dict[str, str]] = [{}]
            found = clients[route.kind].get(address)
            known = set(KEYS[route.kind]) if ALL in seen else set(seen)
            asked += (
                query for query in queries(route.kind, theirs) if len(query) > 1 or known & query.keys()
            )
            for query in asked:
                found = clients[route.kind].get(address, query) if query else found
                count += 1
                if leaks(found, theirs) or found.status_code >= 500:
                    wrong.append(f"{name}?{query}: {found.status_code}")
    with capsys.disabled():
        print(f"\n{count} readings with ids of another workspace in the query")
    assert count > 250
    assert wrong == []


def test_a_query_notes_what_is_looked_at(rf: RequestFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = noting(monkeypatch)

    def looked(look: Callable[[Any], object]) -> set[str]:
        request = rf.get("/?a=1&b=2")
        seen.clear()
        look(request.GET)
        return set(seen)

    assert looked(lambda query: None) == set()
    assert looked(lambda query: query.get("a")) == {"a"}
    assert looked(lambda query: query["b"]) == {"b"}
    assert looked(lambda query: query.getlist("none")) == {"none"}
    assert looked(lambda query: "b" in query) == {"b"}
    for whole in (dict, list, bool, len, QueryDict.urlencode, QueryDict.copy, QueryDict.dict):
        assert ALL in looked(whole)
    assert ALL in looked(lambda query: {**query})
    assert ALL in looked(lambda query: query.items() and list(query.items()))
