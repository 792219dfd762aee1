"""The world: the same for the same seed, kept across a restart, and readable as the platform is."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.sandbox.server import FAN, ROOT, Sandbox, run_sandbox

TIMES = {"at", "acceptedAt", "answeredAt", "attemptTimes"}


def script(sandbox: Sandbox, seed: int) -> tuple[list[Any], list[Any], list[Any]]:
    """A fixed run of sends, answers, faults and purchases."""
    sandbox.reset(seed)
    sandbox.fault("reset_after", rate=0.3)
    for number in range(12):
        body: dict[str, Any] = {"text": f"message {number}"}
        if number % 3 == 0:
            body |= {"price": 5, "mediaFiles": ["3000000001"]}
        for _ in range(2):
            with contextlib.suppress(httpx.TransportError):
                sandbox.send(body, fan=FAN + number % 4, key=f"key-{number}")
    sandbox.control("DELETE", "faults")
    sandbox.control("POST", f"fans/{FAN + 1}/say", {"text": "hello"})
    sandbox.control("POST", f"fans/{FAN}/buy", {})
    names = sandbox.control("GET", f"fans?account={sandbox.account}")
    return _timeless(sandbox.control("GET", "messages")), _timeless(sandbox.sent()), names


def _timeless(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in row.items() if name not in TIMES} for row in rows]


def test_one_seed_and_one_script_give_the_same_record(sandbox: Sandbox) -> None:
    first = script(sandbox, 7)
    second = script(sandbox, 7)

    assert len(first[1]) == 12
    assert first == second


def test_another_seed_gives_other_people_and_ids(sandbox: Sandbox) -> None:
    seven, account = script(sandbox, 7)[2], sandbox.account
    eight = script(sandbox, 8)[2]

    assert account == "acct_a75d089025b361a71cce962c38b5a94d"
    assert sandbox.account != account
    assert [row["username"] for row in seven] != [row["username"] for row in eight]


def test_nothing_happens_unless_told(sandbox: Sandbox) -> None:
    assert sandbox.control("GET", "messages") == []
    assert sandbox.control("GET", f"money?account={sandbox.account}")[0]["transactions"] == []
    assert len(sandbox.control("GET", f"fans?account={sandbox.account}")) == 20


def test_reading_a_chat_marks_it_read(sandbox: Sandbox) -> None:
    sandbox.control("POST", f"fans/{FAN}/say", {"text": "one"})
    sandbox.control("POST", f"fans/{FAN}/say", {"text": "two"})
    before = sandbox.api("GET", "/{account}/chats?filter=unread").json()["data"]
    sandbox.api("GET", f"/{{account}}/chats/{FAN}/messages")

    assert [row["unreadMessagesCount"] for row in before] == [2]
    assert sandbox.api("GET", "/{account}/chats?filter=unread").json()["data"] == []
    sandbox.api("POST", f"/{{account}}/chats/{FAN}/mark-as-unread")
    assert len(sandbox.api("GET", "/{account}/chats?filter=unread").json()["data"]) == 1


def test_messages_page_backwards_by_url(sandbox: Sandbox) -> None:
    ids = [sandbox.send({"text": str(number)}).json()["data"]["id"] for number in range(7)]
    seen, url = [], f"{sandbox.url}/onlyfansapi/api/{sandbox.account}/chats/{FAN}/messages?limit=3"
    pages = 0
    while url:
        answer = sandbox.http.get(url, headers={"authorization": "Bearer ofapi_sandbox_0123456789"}).json()
        seen += [row["id"] for row in answer["data"]]
        url = answer["_pagination"]["next_page"]
        pages += 1

    assert (seen, pages) == (ids[::-1], 3)


def test_newer_than_comes_oldest_first(sandbox: Sandbox) -> None:
    ids = [sandbox.send({"text": str(number)}).json()["data"]["id"] for number in range(4)]

    rows = sandbox.api("GET", f"/{{account}}/chats/{FAN}/messages?last_id={ids[1]}").json()["data"]

    assert [row["id"] for row in rows] == ids[2:]


@pytest.mark.parametrize(
    ("query", "status"), [("filter[total_spent]=0", 200), ("filter.total_spent=0", 422), ("limit=21", 422)]
)
def test_filters_need_brackets(sandbox: Sandbox, query: str, status: int) -> None:
    assert sandbox.api("GET", f"/{{account}}/fans/all?{query}").status_code == status


def test_active_and_expired_are_all(sandbox: Sandbox) -> None:
    def ids(kind: str) -> set[int]:
        rows = sandbox.api("GET", f"/{{account}}/fans/{kind}?limit=20").json()["data"]["list"]
        return {row["id"] for row in rows}

    assert ids("active") | ids("expired") == ids("all") == set(range(FAN, FAN + 20))
    assert ids("active") & ids("expired") == set()


# the process -------------------------------------------------------------------------------------


def test_state_survives_a_restart(tmp_path: Path) -> None:
    path = str(tmp_path / "world.state")
    with run_sandbox("--state", path) as first:
        sent = first.send({"text": "keep me"}, key="k").json()["data"]
    with run_sandbox("--state", path) as second:
        again = second.send({"text": "keep me"}, key="k")

        assert again.headers["idempotent-replayed"] == "true"
        assert again.json()["data"] == sent
        assert [row["messageId"] for row in second.sent()] == [sent["id"]]


def test_sigterm_saves_and_ends_even_while_a_request_hangs(tmp_path: Path) -> None:
    path = tmp_path / "world.state"
    with run_sandbox("--state", str(path)) as found:
        found.fault("timeout_after")
        hanging = socket.create_connection(("127.0.0.1", int(found.url.rsplit(":", 1)[1])))
        hanging.sendall(b"GET /onlyfansapi/api/whoami HTTP/1.1\r\nhost: x\r\n\r\n")
        while not found.control("GET", "faults")[0]["hits"]:
            pass
        started = time.monotonic()
        os.kill(found.pid, signal.SIGTERM)
        while not path.exists() and time.monotonic() - started < 5:
            time.sleep(0.05)
        hanging.close()

    assert path.exists()
    assert time.monotonic() - started < 5


def test_simulated_fans_answer_when_switched_on() -> None:
    with run_sandbox() as found:
        found.control("POST", "clock", {"speed": 100_000})
        found.control("POST", "settings", {"simulator": True})
        time.sleep(0.4)
        for number in range(20):
            found.send({"text": "hello", "price": 3, "mediaFiles": ["3000000001"]}, fan=FAN + number)
        time.sleep(1.5)
        rows = [row for row in found.control("GET", "messages") if not row["fromCreator"]]
        bought = [row for row in found.control("GET", "messages") if row["opened"]]

    assert len(rows) >= 5
    assert 5 <= len(bought) <= 20


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "example.com"])
def test_only_loopback_is_served(host: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "sandbox", "--port", "0", "--host", host],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )

    assert done.returncode == 2
    assert "is not a loopback address" in done.stderr


def test_the_sandbox_imports_nothing_of_the_product() -> None:
    product = ("huntaze", "accounts", "billing", "ai", "content", "messaging", "analytics", "django")
    for path in (ROOT / "sandbox").rglob("*.py"):
        for line in path.read_text().splitlines():
            words = line.split()
            if words[:1] in (["import"], ["from"]):
                assert words[1].split(".")[0] not in product, f"{path}: {line}"
