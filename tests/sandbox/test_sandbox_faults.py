"""Each fault does what it says, to the requests that it names and to no others."""

import time

import httpx
import pytest

from tests.sandbox.server import FAN, Sandbox


def test_a_fault_hits_only_what_it_matches(sandbox: Sandbox) -> None:
    sandbox.fault("status", match={"method": "POST", "path": "/api/*/messages"}, params={"code": 503})

    assert sandbox.send({"text": "hi"}).status_code == 503
    assert sandbox.api("GET", "/{account}/chats").status_code == 200


def test_after_and_count_bound_a_fault(sandbox: Sandbox) -> None:
    sandbox.fault("status", params={"code": 500}, after=1, count=2)

    assert [sandbox.send({"text": str(n)}).status_code for n in range(5)] == [200, 500, 500, 200, 200]


def test_for_seconds_ends_a_fault(sandbox: Sandbox) -> None:
    sandbox.control("POST", "clock", {"now": 1_800_000_000})
    sandbox.fault("status", params={"code": 500}, forSeconds=10)
    before = sandbox.send({"text": "a"}).status_code
    sandbox.control("POST", "clock", {"advanceSeconds": 10})

    assert (before, sandbox.send({"text": "b"}).status_code) == (500, 200)


def test_a_rate_draws_the_same_for_the_same_seed(sandbox: Sandbox) -> None:
    runs = []
    for _ in range(2):
        sandbox.reset(seed=11)
        sandbox.fault("status", params={"code": 500}, rate=0.5)
        runs.append([sandbox.send({"text": str(n)}).status_code for n in range(20)])

    assert runs[0] == runs[1]
    assert set(runs[0]) == {200, 500}


def test_the_first_fault_that_matches_wins_and_can_be_taken_away(sandbox: Sandbox) -> None:
    first = sandbox.fault("status", params={"code": 500}, match={"account": sandbox.account})
    sandbox.fault("status", params={"code": 418})

    assert sandbox.send({"text": "a"}).status_code == 500
    assert sandbox.control("DELETE", f"faults/{first}") == {"removed": 1}
    assert sandbox.send({"text": "a"}).status_code == 418
    assert sandbox.control("DELETE", "faults") == {"removed": 1}
    assert sandbox.send({"text": "a"}).status_code == 200


def test_an_unknown_kind_is_refused(sandbox: Sandbox) -> None:
    answer = sandbox.http.post(f"{sandbox.url}/_control/faults", json={"kind": "gremlin"})

    assert answer.status_code == 400
    assert sandbox.control("GET", "faults") == []


@pytest.mark.parametrize(
    ("kind", "status", "body"),
    [
        ("rate_limit", 429, {"error": "Too many requests.", "code": "rate_limit_exceeded"}),
        ("credits_exhausted", 402, {"error": "You have no credits left.", "code": "credits_exhausted"}),
        ("5xx_not_sent", 502, {"error": "OnlyFans could not be reached.", "request_outcome": "not_sent"}),
        (
            "5xx_unknown_not_sent",
            502,
            {"error": "OnlyFans could not be reached.", "request_outcome": "unknown"},
        ),
    ],
)
def test_a_refusal_before_the_send_accepts_nothing(
    sandbox: Sandbox, kind: str, status: int, body: object
) -> None:
    sandbox.fault(kind)

    answer = sandbox.send({"text": "hi"}, key="k")

    assert (answer.status_code, answer.json()) == (status, body)
    assert sandbox.sent() == []


def test_rate_limit_says_when_to_come_back(sandbox: Sandbox) -> None:
    sandbox.fault("rate_limit", params={"retryAfter": 7})

    assert sandbox.send({"text": "hi"}).headers["retry-after"] == "7"


def test_a_redirect_points_elsewhere(sandbox: Sandbox) -> None:
    sandbox.fault("redirect", params={"location": "https://elsewhere.invalid/"})

    answer = sandbox.send({"text": "hi"})

    assert (answer.status_code, answer.headers["location"]) == (302, "https://elsewhere.invalid/")


@pytest.mark.parametrize(("kind", "accepted"), [("reset_before", 0), ("reset_after", 1)])
def test_a_reset_cuts_the_connection(sandbox: Sandbox, kind: str, accepted: int) -> None:
    sandbox.fault(kind, count=1)

    with pytest.raises(httpx.ReadError):
        sandbox.send({"text": "hi"}, key="k")

    assert len(sandbox.sent()) == accepted


@pytest.mark.parametrize(("kind", "accepted"), [("timeout_before", 0), ("timeout_after", 1)])
def test_a_timeout_never_answers(sandbox: Sandbox, kind: str, accepted: int) -> None:
    sandbox.fault(kind, count=1)

    with pytest.raises(httpx.ReadTimeout):
        sandbox.send({"text": "hi"}, key="k", timeout=0.3)

    assert [row["answeredAt"] for row in sandbox.sent()] == [None] * accepted


@pytest.mark.parametrize("kind", ["reset_after", "malformed_json", "truncate", "wrong_type"])
def test_a_send_whose_answer_was_lost_is_replayed_not_repeated(sandbox: Sandbox, kind: str) -> None:
    sandbox.fault(kind, count=1)
    try:
        sandbox.send({"text": "hi"}, key="k").json()
    except (httpx.TransportError, ValueError):
        pass

    again = sandbox.send({"text": "hi"}, key="k")

    assert again.headers["idempotent-replayed"] == "true"
    [row] = sandbox.sent()
    assert (row["attempts"], row["replays"], row["acceptedUnderKey"]) == (2, 1, 1)


def test_an_unknown_5xx_that_was_sent_is_not_stored_so_a_retry_is_a_duplicate(sandbox: Sandbox) -> None:
    sandbox.fault("5xx_unknown_sent", count=1)

    first = sandbox.send({"text": "hi"}, key="k")
    again = sandbox.send({"text": "hi"}, key="k")

    assert (first.status_code, first.json()["request_outcome"], again.status_code) == (502, "unknown", 200)
    assert [row["duplicate"] for row in sandbox.sent()] == [False, True]


def test_malformed_json_cannot_be_read(sandbox: Sandbox) -> None:
    sandbox.fault("malformed_json")

    with pytest.raises(ValueError, match=r"."):
        sandbox.send({"text": "hi"}).json()


def test_wrong_type_keeps_the_outline(sandbox: Sandbox) -> None:
    sandbox.fault("wrong_type")

    data = sandbox.send({"text": "hi"}).json()["data"]

    assert (data["text"], data["isFree"], data["price"]) == (7, [], {"value": 0})


def test_truncate_ends_early(sandbox: Sandbox) -> None:
    sandbox.fault("truncate")

    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        sandbox.send({"text": "hi"})


@pytest.mark.parametrize(("kind", "params"), [("latency", {"ms": 300}), ("slow_body", {"seconds": 0.3})])
def test_slow_answers_are_slow_and_whole(sandbox: Sandbox, kind: str, params: object) -> None:
    sandbox.fault(kind, params=params)
    started = time.perf_counter()

    answer = sandbox.send({"text": "hi"})

    assert time.perf_counter() - started >= 0.28
    assert answer.json()["data"]["text"] == "<p>hi</p>"


def test_the_latency_setting_puts_acceptance_in_the_middle(sandbox: Sandbox) -> None:
    sandbox.control("POST", "settings", {"latencyMs": 400})
    started = time.time()

    sandbox.send({"text": "hi"})

    [row] = sandbox.sent()
    assert 0.19 <= row["acceptedAt"] - started <= 0.35
    assert 0.19 <= row["answeredAt"] - row["acceptedAt"] <= 0.35


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        ("session_expired", "session_expired"),
        ("otp_required", "needs_otp"),
        ("face_required", "needs_face_otp"),
    ],
)
def test_a_lost_session_stays_lost_until_connected_again(sandbox: Sandbox, kind: str, state: str) -> None:
    sandbox.fault(kind, count=1)

    statuses = [sandbox.send({"text": "hi"}).status_code for _ in range(2)]
    listed = sandbox.api("GET", "/accounts").json()
    other = sandbox.send({"text": "hi"}, account=sandbox.other, fan=FAN + 10_000)
    sandbox.control("POST", f"accounts/{sandbox.account}/state", {"state": "connected"})

    assert (statuses, other.status_code) == ([503, 503], 200)
    assert [(row["is_authenticated"], row["authentication_progress"]) for row in listed] == [
        (False, state),
        (True, "authenticated"),
    ]
    assert sandbox.send({"text": "hi"}).status_code == 200


def test_the_banned_word_fault_needs_the_screen(sandbox: Sandbox) -> None:
    sandbox.fault("banned_word")

    assert sandbox.send({"text": "harmless"}).status_code == 200
    assert sandbox.send({"text": "harmless", "blockBannedWords": "strict_ban"}).json()["banned_words"] == [
        "bannedword"
    ]
