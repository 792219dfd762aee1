"""What the log says of ways in and of refusals: who, where, by which factor; never what was typed."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.test import Client
from rest_framework.test import APIClient

from huntaze.kernel import logs
from tests.accounts.factors import with_app
from tests.factories.accounts import NOW, PASSWORD

SIGN_IN = "/api/auth/signin"


class Lines:
    def __init__(self) -> None:
        self.stream = io.StringIO()

    def of(self, event: str) -> list[dict[str, Any]]:
        return [
            line for line in map(json.loads, self.stream.getvalue().splitlines()) if line["event"] == event
        ]


@pytest.fixture
def lines(db: None) -> Iterator[Lines]:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    logs.configure("INFO")
    found = Lines()
    handler = logging.StreamHandler(found.stream)
    handler.setFormatter(logs.JsonFormatter())
    root.handlers = [handler]
    yield found
    root.handlers, root.level = before, level


@pytest.fixture(autouse=True)
def clock() -> Any:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


def sign_in(email: str, password: str = PASSWORD, **more: Any) -> int:
    body = {"email": email, "password": password} | more
    return int(APIClient().post(SIGN_IN, body, format="json").status_code)


def test_a_sign_in_leaves_a_line_with_its_factor(world: Any, lines: Lines) -> None:
    user = world.owner.user
    assert sign_in(user.email) == 200
    Client().post("/signin", {"email": user.email, "password": PASSWORD})
    _, codes = with_app(user, NOW)
    assert sign_in(user.email, code=codes[0]) == 200
    found = lines.of("accounts.sign_in.passed")
    assert [(line["userId"], line["door"], line["factor"]) for line in found] == [
        (user.public_id, "api", "password"),
        (user.public_id, "dashboard", "password"),
        (user.public_id, "api", "recovery_code"),
    ]
    assert all(line["timestamp"].endswith("Z") and line["requestId"] for line in found)


def test_a_refused_sign_in_leaves_a_line_with_its_reason(world: Any, lines: Lines) -> None:
    user, typed = world.owner.user, "Wrong-password-1"
    assert [sign_in(user.email, typed) for _ in range(6)] == [401] * 5 + [429]
    assert sign_in("nobody@example.test", typed) == 401
    found = lines.of("accounts.sign_in.refused")
    assert [(line["reason"], line.get("userId")) for line in found] == [
        *[("password", user.public_id)] * 5,
        ("limit", user.public_id),
        ("unknown", None),
    ]
    written = lines.stream.getvalue()
    assert (typed in written, user.email in written, "nobody@example.test" in written) == (
        False,
        False,
        False,
    )


def test_a_wrong_code_and_a_wrong_proof_leave_a_line(world: Any, lines: Lines) -> None:
    user = world.owner.user
    client = Client()
    client.post("/signin", {"email": user.email, "password": PASSWORD})
    client.post("/confirm", {"password": "Wrong-password-1"})
    with_app(user, NOW)
    assert sign_in(user.email, code="000000") == 401
    (proof,) = lines.of("accounts.proof.refused")
    (code,) = lines.of("accounts.second_factor.refused")
    assert (proof["userId"], code["userId"], code["factor"]) == (user.public_id, user.public_id, "code")


def test_what_was_refused_stands_in_the_access_line(
    world: Any, api: Any, lines: Lines, settings: Any
) -> None:
    """Who tried what they may not, with which answer: rights, others' rows, input and limits alike."""
    chatter = api(world.chatter)
    chatter.get("/api/keys")
    chatter.get(f"/api/creators/{world.other_creator.public_id}")
    chatter.post("/api/onlyfans/messaging/send", {}, format="json")
    settings.API_REQUESTS_PER_MINUTE = 2
    chatter.get("/api/onlyfans/messaging/status")
    APIClient().get("/api/keys")
    who = world.chatter.user.public_id
    found = [
        (line["route"], line["status"], line.get("userId")) for line in lines.of("http.request.finished")
    ]
    assert found == [
        ("/api/keys", 403, who),
        ("/api/creators/<str:creator_id>", 404, who),
        ("/api/onlyfans/messaging/send", 400, who),
        ("/api/onlyfans/messaging/status", 429, who),
        ("/api/keys", 401, None),
    ]


def test_a_forged_form_leaves_a_line(world: Any, lines: Lines) -> None:
    client = Client(enforce_csrf_checks=True)
    assert client.post("/signin", {"email": "a@example.test", "password": "x"}).status_code == 403
    assert [line for line in lines.stream.getvalue().splitlines() if "django.security.csrf" in line] != []


def test_an_error_nobody_expected_leaves_a_line_and_says_nothing(
    world: Any, api: Any, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: Any, **__: Any) -> None:
        raise RuntimeError("inner words")

    monkeypatch.setattr("accounts.api.team.CreatorViewSet.list", crash)
    answer = api(world.owner).get("/api/creators")
    (line,) = lines.of("api.request.failed")
    assert (answer.status_code, "inner words" in answer.content.decode()) == (500, False)
    assert answer.json()["requestId"] == line["requestId"]
    assert "RuntimeError: inner words" in line["exception"]
