"""The rules of a send, the idempotency key, and the record of what was accepted."""

import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.sandbox.server import FAN, Sandbox


def test_a_wrong_key_gets_the_exact_401(sandbox: Sandbox) -> None:
    answer = sandbox.api("GET", "/whoami", headers={"authorization": "Bearer ofapi_wrong"})

    assert answer.status_code == 401
    assert answer.json() == {
        "error": "Unauthorized. Go to https://app.onlyfansapi.com/api-keys to get your API key."
    }


def test_credits_and_the_minute_count_down(sandbox: Sandbox) -> None:
    sandbox.control("POST", "settings", {"ratePerMinute": 1000, "credits": 50})

    first = sandbox.api("GET", "/{account}/chats").json()["_meta"]
    second = sandbox.api("GET", "/{account}/chats").json()["_meta"]

    assert first["_credits"]["used"] == 1
    assert [row["_credits"]["balance"] for row in (first, second)] == [49, 48]
    drop = first["_rate_limits"]["remaining_minute"] - second["_rate_limits"]["remaining_minute"]
    assert drop == 1 or second["_rate_limits"]["remaining_minute"] == 999
    assert first["_rate_limits"]["limit_minute"] == 1000


def test_over_the_teams_minute_is_429_with_retry_after(sandbox: Sandbox) -> None:
    sandbox.control("POST", "clock", {"now": 1_800_000_000})
    sandbox.control("POST", "settings", {"ratePerMinute": 2})

    statuses = [sandbox.api("GET", "/whoami").status_code for _ in range(2)]
    over = sandbox.api("GET", "/whoami")
    sandbox.control("POST", "clock", {"advanceSeconds": 60})

    assert (statuses, over.status_code, over.headers["retry-after"]) == ([200, 200], 429, "60")
    assert sandbox.api("GET", "/whoami").status_code == 200


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "text"),
        ({"text": "  "}, "text"),
        ({"text": 5}, "text"),
        ({"text": "x" * 10_001}, "text"),
        ({"text": "hi", "price": 5}, "mediaFiles"),
        ({"text": "hi", "price": 2.99, "mediaFiles": ["3000000001"]}, "price"),
        ({"text": "hi", "price": 200.01, "mediaFiles": ["3000000001"]}, "price"),
        ({"text": "hi", "price": 5.001, "mediaFiles": ["3000000001"]}, "price"),
        ({"text": "hi", "price": "a lot", "mediaFiles": ["3000000001"]}, "price"),
        ({"text": "hi", "mediaFiles": ["77"]}, "mediaFiles"),
        ({"text": "hi", "mediaFiles": ["ofapi_media_unknown"]}, "mediaFiles"),
        ({"text": "hi", "mediaFiles": "3000000001"}, "mediaFiles"),
        ({"text": "hi", "mediaFiles": ["3000000001"], "previews": ["3000000002"]}, "previews"),
        ({"text": "hi", "blockBannedWords": "loud"}, "blockBannedWords"),
    ],
)
def test_a_send_against_the_rules_is_422_and_not_recorded(sandbox: Sandbox, body: Any, field: str) -> None:
    answer = sandbox.send(body)

    assert answer.status_code == 422
    assert list(answer.json()["errors"]) == [field]
    assert sandbox.sent() == []


@pytest.mark.parametrize("price", [0, 3, 3.5, 9.99, "12.50", 200])
def test_a_price_within_the_rules_is_taken(sandbox: Sandbox, price: Any) -> None:
    answer = sandbox.send(
        {"text": "hi", "price": price, "mediaFiles": ["3000000001"], "previews": ["3000000001"]}
    )

    assert answer.status_code == 200
    assert answer.json()["data"]["price"] == float(price)
    assert answer.json()["data"]["previews"] == [3000000001]


def test_media_alone_is_enough(sandbox: Sandbox) -> None:
    answer = sandbox.send({"mediaFiles": [3000000001, "3000000009"]})

    assert (answer.status_code, answer.json()["data"]["mediaCount"]) == (200, 2)


def test_banned_words_are_refused_only_when_asked(sandbox: Sandbox) -> None:
    plain = sandbox.send({"text": "a riskyword here"})
    soft = sandbox.send({"text": "a riskyword here", "blockBannedWords": "replace_soften"})
    strict = sandbox.send({"text": "a Riskyword, a bannedword", "blockBannedWords": "strict_ban"})

    assert [plain.status_code, soft.status_code, strict.status_code] == [200, 200, 422]
    assert strict.json()["banned_words"] == ["bannedword", "riskyword"]


@pytest.mark.parametrize(
    ("account", "fan", "code"), [("acct_none", FAN, "account_not_found"), ("", 42, None)]
)
def test_an_unknown_account_or_fan_is_404(sandbox: Sandbox, account: str, fan: int, code: str | None) -> None:
    answer = sandbox.send({"text": "hi"}, account=account, fan=fan)

    assert (answer.status_code, answer.json().get("code")) == (404, code)


def test_a_broken_body_is_400(sandbox: Sandbox) -> None:
    answer = sandbox.api("POST", f"/{{account}}/chats/{FAN}/messages", content=b"{bad")

    assert answer.status_code == 400


@pytest.mark.parametrize(("path", "status"), [("/{account}/settings", 501), ("/{account}/nothing", 404)])
def test_what_is_not_imitated_says_so(sandbox: Sandbox, path: str, status: int) -> None:
    answer = sandbox.api("GET", path)

    assert answer.status_code == status
    assert status == 404 or answer.json() == {"error": "GET /api/{account}/settings is not imitated"}


# the key -----------------------------------------------------------------------------------------


def test_the_same_key_replays_the_stored_answer(sandbox: Sandbox) -> None:
    first = sandbox.send({"text": "once"}, key="k1")
    again = sandbox.send({"text": "once"}, key="k1")

    assert again.status_code == 200
    assert again.json()["data"] == first.json()["data"]
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert again.json()["_meta"]["_credits"]["used"] == 0
    [row] = sandbox.sent()
    assert (row["idempotencyKey"], row["attempts"], row["replays"], row["fan"]) == ("k1", 2, 1, FAN)
    assert row["textHash"] == hashlib.sha256(b"once").hexdigest()


def test_a_replay_is_the_first_answer_even_after_the_message_changed(sandbox: Sandbox) -> None:
    first = sandbox.send({"text": "x", "price": 5, "mediaFiles": ["3000000001"]}, key="k1").json()["data"]
    sandbox.api("POST", f"/{{account}}/chats/{FAN}/messages/{first['id']}/pin")

    assert (
        sandbox.send({"text": "x", "price": 5, "mediaFiles": ["3000000001"]}, key="k1").json()["data"]
        == first
    )


@pytest.mark.parametrize(("body", "fan"), [({"text": "other"}, FAN), ({"text": "once"}, FAN + 1)])
def test_the_same_key_with_another_body_or_chat_is_a_mismatch(sandbox: Sandbox, body: Any, fan: int) -> None:
    sandbox.send({"text": "once"}, key="k1")

    answer = sandbox.send(body, key="k1", fan=fan)

    assert (answer.status_code, answer.json()["code"]) == (422, "IDEMPOTENCY_KEY_MISMATCH")
    assert len(sandbox.sent()) == 1


def test_the_order_of_the_bodys_fields_does_not_matter(sandbox: Sandbox) -> None:
    sandbox.send({"text": "once", "lockedText": False}, key="k1")

    assert (
        sandbox.send({"lockedText": False, "text": "once"}, key="k1").headers["idempotent-replayed"] == "true"
    )


def test_keys_are_kept_apart_by_account_and_for_a_day(sandbox: Sandbox) -> None:
    sandbox.control("POST", "clock", {"now": 1_800_000_000})
    sandbox.send({"text": "one"}, key="k1")
    elsewhere = sandbox.send({"text": "two"}, key="k1", account=sandbox.other, fan=FAN + 10_000)
    sandbox.control("POST", "clock", {"advanceSeconds": 86_399})
    within = sandbox.send({"text": "one"}, key="k1")
    sandbox.control("POST", "clock", {"advanceSeconds": 2})
    after = sandbox.send({"text": "one"}, key="k1")

    assert elsewhere.status_code == 200
    assert within.headers.get("idempotent-replayed") == "true"
    assert after.headers.get("idempotent-replayed") is None
    assert len(sandbox.sent()) == 3


@pytest.mark.parametrize("key", ["x" * 256, "caf\xe9"])
def test_a_bad_key_is_refused(sandbox: Sandbox, key: str) -> None:
    answer = sandbox.api(
        "POST",
        f"/{{account}}/chats/{FAN}/messages",
        {"text": "hi"},
        headers={"idempotency-key": key.encode("latin-1")},
    )

    assert (answer.status_code, answer.json()["code"]) == (400, "IDEMPOTENCY_KEY_INVALID")


def test_a_running_key_conflicts(sandbox: Sandbox) -> None:
    sandbox.fault("hold_idempotency", params={"seconds": 2}, count=1)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(sandbox.send, {"text": "slow"}, key="k1")
        while not sandbox.control("GET", "faults")[0]["hits"]:
            pass
        second = sandbox.send({"text": "slow"}, key="k1")

        assert (second.status_code, second.json()["code"]) == (409, "IDEMPOTENCY_CONFLICT")
        assert first.result().status_code == 200
    assert len(sandbox.sent()) == 1


def test_a_refusal_is_stored_under_its_key(sandbox: Sandbox) -> None:
    first = sandbox.send({"text": ""}, key="k1")
    again = sandbox.send({"text": ""}, key="k1")

    assert (first.status_code, again.status_code) == (422, 422)
    assert again.headers["idempotent-replayed"] == "true"


def test_keys_can_be_switched_off(sandbox: Sandbox) -> None:
    sandbox.control("POST", "settings", {"idempotency": False})
    for _ in range(2):
        sandbox.send({"text": "hi"}, key="k1")

    assert [row["idempotencyKey"] for row in sandbox.sent()] == [None, None]


def test_64_sends_under_one_key_are_one_message(sandbox: Sandbox) -> None:
    start = threading.Barrier(16)

    def one(_: int) -> list[int]:
        start.wait()
        return [sandbox.send({"text": "race"}, key="k1").status_code for _ in range(4)]

    with ThreadPoolExecutor(16) as pool:
        statuses = [status for found in pool.map(one, range(16)) for status in found]

    assert set(statuses) <= {200, 409}
    [row] = sandbox.sent()
    assert row["attempts"] == 64


# unsend ------------------------------------------------------------------------------------------


def test_unsend_works_while_cancel_seconds_count(sandbox: Sandbox) -> None:
    sandbox.control("POST", "clock", {"now": 1_800_000_000})
    first = sandbox.send({"text": "one"}).json()["data"]
    second = sandbox.send({"text": "two"}).json()["data"]
    sandbox.control("POST", "clock", {"advanceSeconds": 118})
    path = f"/{{account}}/chats/{FAN}/messages"

    assert first["cancelSeconds"] == 119
    assert sandbox.api("GET", f"{path}/{first['id']}").json()["data"]["cancelSeconds"] == 1
    assert sandbox.api("DELETE", f"{path}/{first['id']}").json()["data"] == {"success": True}
    assert sandbox.api("GET", f"{path}/{first['id']}").status_code == 404
    sandbox.control("POST", "clock", {"advanceSeconds": 1})
    late = sandbox.api("DELETE", f"{path}/{second['id']}")
    assert (late.status_code, late.json()["code"]) == (400, "unsend_expired")
    assert [row["deleted"] for row in sandbox.control("GET", "messages")] == [True, False]


# the record --------------------------------------------------------------------------------------


def test_limits_count_any_sliding_window(sandbox: Sandbox) -> None:
    sandbox.control("POST", "clock", {"now": 1_800_000_000})
    for step in (0, 30, 15, 14, 1, 60):
        sandbox.control("POST", "clock", {"advanceSeconds": step})
        sandbox.send({"text": f"at {step}"})

    [row] = sandbox.control("GET", "limits")
    [short] = sandbox.control("GET", "limits?window=15")

    assert row == {
        "account": sandbox.account,
        "sent": 6,
        "maxInWindow": 4,
        "windowSeconds": 60.0,
        "smallestGap": 1.0,
        "refused": 0,
    }
    assert short["maxInWindow"] == 2


def test_the_platforms_own_limit_refuses_the_next_one(sandbox: Sandbox) -> None:
    sandbox.control("POST", "clock", {"now": 1_800_000_000})
    sandbox.control("POST", "settings", {"enforceLimit": 2, "windowSeconds": 60})
    ok = [sandbox.send({"text": str(number)}).status_code for number in range(2)]
    sandbox.control("POST", "clock", {"advanceSeconds": 20})
    over = sandbox.send({"text": "over"}, key="k")
    other = sandbox.send({"text": "elsewhere"}, account=sandbox.other, fan=FAN + 10_000)
    sandbox.control("POST", "clock", {"advanceSeconds": 40})
    later = sandbox.send({"text": "over"}, key="k")

    assert (ok, over.status_code, over.headers["retry-after"]) == ([200, 200], 429, "40")
    assert (other.status_code, later.status_code) == (200, 200)
    assert later.headers.get("idempotent-replayed") is None
    assert [row["refused"] for row in sandbox.control("GET", "limits")] == [1, 0]


def test_duplicates_name_the_same_text_to_the_same_fan(sandbox: Sandbox) -> None:
    for key in ("a", "b", "b"):
        sandbox.send({"text": "twice"}, key=key)
    sandbox.send({"text": "twice"}, fan=FAN + 1)

    [row] = sandbox.control("GET", "duplicates")

    assert (row["account"], row["fan"], row["count"]) == (sandbox.account, FAN, 2)
    assert [row["duplicate"] for row in sandbox.sent()] == [False, True, False]
