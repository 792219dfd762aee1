"""The client of OnlyFansAPI against the sandbox over real HTTP: results, and how every failure ends."""

import asyncio
import hashlib
import hmac
import inspect
import json
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import pytest

from huntaze.kernel.http import Answer
from huntaze.platforms import onlyfansapi
from huntaze.platforms.errors import Permanent, PlatformError, Transient, Uncertain
from huntaze.platforms.onlyfansapi import OnlyFansApi, Sent, error_of, retry_after, signature_is_valid
from tests.sandbox.server import FAN, KEY, Sandbox

Call = Callable[[OnlyFansApi], Awaitable[Any]]
pytestmark = pytest.mark.django_db  # the session's fixtures stand on the test database
UNREADABLE = ["malformed_json", "truncate", "wrong_type"]


def run(platform: Sandbox, call: Call, *, key: str = KEY, timeout: float = 5.0, url: str = "") -> Any:
    async def go() -> Any:
        async with OnlyFansApi(url or f"{platform.url}/onlyfansapi", key, timeout=timeout) as client:
            return await call(client)

    return asyncio.run(go())


def failure(platform: Sandbox, call: Call, **options: Any) -> PlatformError:
    with pytest.raises(PlatformError) as caught:
        run(platform, call, **options)
    return caught.value


def write(platform: Sandbox, *, fan: int = FAN, account: str = "", price: str = "0", **more: Any) -> Call:
    fields = {"text": "hi", "media_ids": (), "is_locked_text": False, "idempotency_key": "k-1"} | more

    async def call(client: OnlyFansApi) -> Sent:
        return await client.send_message(
            account or platform.account, str(fan), price=Decimal(price), **fields
        )

    return call


def read(platform: Sandbox) -> Call:
    return lambda client: client.messages(platform.account, str(FAN))


def outline(error: PlatformError) -> tuple[Any, ...]:
    """Class, code, and what the class carries."""
    if isinstance(error, Transient):
        return Transient, error.code, error.retry_after, error.is_on_wire
    if isinstance(error, Permanent):
        return Permanent, error.code, error.data
    return type(error), error.code


# --- results


def test_it_reads_who_we_are_and_our_accounts(platform: Sandbox) -> None:
    assert run(platform, lambda client: client.whoami()) == "sandbox-team"
    accounts = run(platform, lambda client: client.accounts())
    assert [(row.id, row.is_authenticated) for row in accounts] == [
        (platform.account, True),
        (platform.other, True),
    ]
    assert [row.onlyfans_id for row in accounts] == ["100000000", "100000001"]


def test_it_reads_every_fan_page_by_page(platform: Sandbox) -> None:
    for number in range(25):
        platform.control(
            "POST", "fans", {"account": platform.account, "id": 4000 + number, "name": f"Fan {number}"}
        )

    async def call(client: OnlyFansApi) -> list[onlyfansapi.FanProfile]:
        return [fan async for fan in client.fans(platform.account)]

    fans = run(platform, call)
    rows = platform.control("GET", f"fans?account={platform.account}")
    assert sorted(fan.id for fan in fans) == sorted(str(row["id"]) for row in rows if row["active"])
    assert len(fans) == 38
    assert [(fan.id, fan.name, fan.can_receive) for fan in fans if fan.id == "4007"] == [
        ("4007", "Fan 7", True)
    ]


def test_it_sends_and_reads_back_the_message(platform: Sandbox) -> None:
    paid = {"price": "12.50", "media_ids": ("3000000001",), "is_locked_text": True}
    sent = run(platform, write(platform, text="a &lt;3<br>b", **paid))
    [found] = run(platform, read(platform))
    assert (found.id, found.text, found.price) == (sent.id, "<p>a &lt;3<br>b</p>", Decimal("12.5"))
    assert (found.media_count, found.is_sent_by_me, sent.was_replayed) == (1, True, False)
    assert [row["idempotencyKey"] for row in platform.sent()] == ["k-1"]


def test_the_same_key_gives_the_same_message_once(platform: Sandbox) -> None:
    first = run(platform, write(platform))
    again = run(platform, write(platform))
    assert (again.id, first.was_replayed, again.was_replayed) == (first.id, False, True)
    assert [(row["attempts"], row["acceptedUnderKey"]) for row in platform.sent()] == [(2, 1)]


def test_it_unsends(platform: Sandbox) -> None:
    sent = run(platform, write(platform))
    run(platform, lambda client: client.unsend(platform.account, str(FAN), sent.id))
    assert run(platform, read(platform)) == []


def test_a_price_is_the_exact_number_that_was_meant(platform: Sandbox) -> None:
    """Every price from 3 to 200 dollars survives the trip through a JSON number."""
    for cents in range(300, 20_001):
        price = Decimal(cents) / 100
        text = json.dumps(onlyfansapi._json_number(price))
        assert Decimal(text) == price
        assert len(text) <= 6
    for price in ("3", "19.99", "199.9", "17.10"):
        run(platform, write(platform, price=price, media_ids=("3000000001",), idempotency_key=f"p-{price}"))
        assert run(platform, read(platform))[0].price == Decimal(price)


def test_a_webhook_is_registered_and_updated(platform: Sandbox) -> None:
    async def call(client: OnlyFansApi) -> Any:
        made = await client.create_webhook(
            url="http://127.0.0.1:9/a", events=["messages.sent"], secret="s" * 32
        )
        fresh = await client.update_webhook(
            made.id, url="http://127.0.0.1:9/a", events=["messages.sent", "tips.received"], secret="t" * 32
        )
        return made, fresh, await client.webhooks()

    made, fresh, listed = run(platform, call)
    assert (made.url, made.events, made.is_enabled) == ("http://127.0.0.1:9/a", ("messages.sent",), True)
    assert (fresh.id, fresh.events) == (made.id, ("messages.sent", "tips.received"))
    assert listed == [fresh]


# --- refusals


def test_a_wrong_key_is_the_teams_trouble(platform: Sandbox) -> None:
    assert outline(failure(platform, write(platform), key="ofapi_wrong")) == (Permanent, "team_key", {})
    assert outline(failure(platform, read(platform), key="ofapi_wrong")) == (Permanent, "team_key", {})
    assert platform.sent() == []


def test_what_is_gone_says_what(platform: Sandbox) -> None:
    assert outline(failure(platform, write(platform, account="acct_gone"))) == (Permanent, "account_gone", {})
    assert outline(failure(platform, write(platform, fan=999))) == (Permanent, "not_found", {})


def test_an_invalid_message_names_its_fields(platform: Sandbox) -> None:
    error = failure(platform, write(platform, price="2.50", media_ids=("3000000001",)))
    assert outline(error) == (Permanent, "invalid", {"fields": ["price"]})
    error = failure(platform, write(platform, price="9", idempotency_key="k-2"))
    assert outline(error) == (Permanent, "invalid", {"fields": ["mediaFiles"]})


def test_banned_words_are_named(platform: Sandbox) -> None:
    error = failure(platform, write(platform, text="a Meetup with a bannedword"))
    assert outline(error) == (Permanent, "banned_words", {"words": ["bannedword", "meetup"]})
    platform.fault("banned_word", count=1)
    error = failure(platform, write(platform, text="harmless", idempotency_key="k-2"))
    assert outline(error) == (Permanent, "banned_words", {"words": ["bannedword"]})


def test_misuse_of_a_key_is_our_bug(platform: Sandbox) -> None:
    assert outline(failure(platform, write(platform, idempotency_key="k" * 256))) == (
        Permanent,
        "bug",
        {"status": 400},
    )
    run(platform, write(platform))
    assert outline(failure(platform, write(platform, text="other"))) == (Permanent, "bug", {})
    assert len(platform.sent()) == 1


def test_a_key_still_running_is_asked_again_in_ten_seconds(platform: Sandbox) -> None:
    platform.fault("hold_idempotency", count=1, params={"seconds": 0.4})

    async def both(client: OnlyFansApi) -> list[Any]:
        first = asyncio.create_task(write(platform)(client))  # type: ignore[arg-type]
        while not platform.control("GET", "faults")[0]["hits"]:
            await asyncio.sleep(0.01)
        return await asyncio.gather(first, write(platform)(client), return_exceptions=True)

    sent, refused = run(platform, both)
    assert isinstance(sent, Sent)
    assert outline(refused) == (Transient, "still_running", 10.0, True)
    assert len(platform.sent()) == 1


@pytest.mark.parametrize("status", [402, 403, 422, 429, 503])
def test_exhausted_credits_are_known_by_their_code(platform: Sandbox, status: int) -> None:
    platform.fault("credits_exhausted", params={"status": status})
    assert outline(failure(platform, write(platform))) == (Permanent, "credits", {})


@pytest.mark.parametrize(
    ("kind", "params", "expected"),
    [
        ("rate_limit", {"retryAfter": 7}, (Transient, "rate_limited", 7.0, True)),
        (
            "status",
            {"code": 429, "body": {"_meta": {"_rate_limits": {"limit_minute": 1000, "remaining_minute": 0}}}},
            (Transient, "team_rate_limited", 30.0, True),
        ),
        (
            "status",
            {"code": 429, "body": {"_meta": {"_rate_limits": {"limit_minute": 1000, "remaining_minute": 7}}}},
            (Transient, "rate_limited", 30.0, True),
        ),
        ("status", {"code": 429, "body": {"_meta": []}}, (Transient, "rate_limited", 30.0, True)),
        ("status", {"code": 429}, (Transient, "rate_limited", 30.0, True)),
        ("status", {"code": 403}, (Permanent, "forbidden", {})),
        ("status", {"code": 400}, (Permanent, "refused", {"status": 400})),
        ("status", {"code": 422, "body": {}}, (Permanent, "invalid", {"fields": []})),
        ("redirect", {}, (Permanent, "refused", {"status": 302})),
        ("5xx_not_sent", {}, (Transient, "not_sent", None, True)),
        ("5xx_not_sent", {"code": 503}, (Transient, "not_sent", None, True)),
        ("5xx_unknown_not_sent", {}, (Uncertain, "outcome_unknown")),
        ("5xx_unknown_not_sent", {"code": 503}, (Uncertain, "outcome_unknown")),
        ("status", {"code": 500}, (Uncertain, "outcome_unknown")),
        ("status", {"code": 503}, (Uncertain, "outcome_unknown")),
        ("status", {"code": 408}, (Uncertain, "outcome_unknown")),
        ("status", {"code": 500, "body": "<html>"}, (Uncertain, "outcome_unknown")),
    ],
)
def test_a_refused_write_ends_as_the_table_says(
    platform: Sandbox, kind: str, params: dict[str, Any], expected: tuple[Any, ...]
) -> None:
    platform.fault(kind, params=params)
    assert outline(failure(platform, write(platform))) == expected
    assert platform.sent() == []


def test_a_5xx_after_the_message_arrived_is_uncertain(platform: Sandbox) -> None:
    platform.fault("5xx_unknown_sent")
    assert outline(failure(platform, write(platform))) == (Uncertain, "outcome_unknown")
    assert len(platform.sent()) == 1


@pytest.mark.parametrize("kind", ["session_expired", "otp_required", "face_required"])
def test_a_lost_session_waits_a_minute(platform: Sandbox, kind: str) -> None:
    platform.fault(kind, count=1)
    assert outline(failure(platform, write(platform))) == (Transient, "reauthenticating", 60.0, True)
    assert outline(failure(platform, read(platform))) == (Transient, "reauthenticating", 60.0, True)
    assert platform.sent() == []


def test_a_503_that_leaves_the_outcome_open_is_no_lost_session() -> None:
    answer = Answer(503, {}, b'{"code": "session_expired", "request_outcome": "unknown"}')
    assert outline(error_of(answer, is_write=True)) == (Uncertain, "outcome_unknown")


# --- no answer


@pytest.mark.parametrize(
    ("kind", "code", "accepted"),
    [
        ("timeout_before", "timeout", 0),
        ("timeout_after", "timeout", 1),
        ("reset_before", "reset", 0),
        ("reset_after", "reset", 1),
        ("truncate", "truncated", 1),
        ("malformed_json", "unreadable", 1),
        ("wrong_type", "unreadable", 1),
    ],
)
def test_a_write_without_a_readable_answer_is_uncertain(
    platform: Sandbox, kind: str, code: str, accepted: int
) -> None:
    platform.fault(kind, count=1)
    assert outline(failure(platform, write(platform), timeout=0.3)) == (Uncertain, code)
    assert len(platform.sent()) == accepted


@pytest.mark.parametrize("kind", ["reset_after", "timeout_after", *UNREADABLE])
def test_a_lost_answer_is_given_again_under_its_key(platform: Sandbox, kind: str) -> None:
    platform.fault(kind, count=1)
    failure(platform, write(platform), timeout=0.3)
    again = run(platform, write(platform))
    [row] = platform.sent()
    assert (again.was_replayed, again.id, row["acceptedUnderKey"]) == (True, str(row["messageId"]), 1)


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("timeout_before", "timeout"),
        ("timeout_after", "timeout"),
        ("reset_before", "reset"),
        ("truncate", "truncated"),
        ("malformed_json", "unreadable"),
        ("wrong_type", "unreadable"),
        ("5xx_unknown_sent", "server_error"),
        ("5xx_unknown_not_sent", "server_error"),
        ("5xx_not_sent", "not_sent"),
    ],
)
def test_a_read_is_never_uncertain(platform: Sandbox, kind: str, code: str) -> None:
    run(platform, write(platform))
    platform.fault(kind, match={"method": "GET"})
    assert outline(failure(platform, read(platform), timeout=0.3)) == (Transient, code, None, True)


@pytest.mark.parametrize("kind", UNREADABLE)
def test_every_read_survives_a_spoiled_answer(platform: Sandbox, kind: str) -> None:
    async def fans(client: OnlyFansApi) -> Any:
        return [fan async for fan in client.fans(platform.account)]

    hook = {"url": "http://127.0.0.1:9/a", "events": ["messages.sent"], "secret": "s" * 32}
    run(platform, lambda client: client.create_webhook(**hook))
    platform.fault(kind)
    for call in (fans, lambda client: client.accounts(), lambda client: client.webhooks()):
        assert type(failure(platform, call)) is Transient


def test_a_refused_connection_put_nothing_on_the_wire(platform: Sandbox) -> None:
    for call in (write(platform), read(platform)):
        error = failure(platform, call, url="http://127.0.0.1:9")
        assert outline(error) == (Transient, "connection_refused", None, False)


# --- rules without a wire


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("7", 7.0),
        ("0", 0.0),
        ("3600", 3600.0),
        ("99999999999", 3600.0),
        ("-1", None),
        ("²", None),
        ("", None),
    ],
)
def test_retry_after_is_whole_seconds_up_to_an_hour(text: str, seconds: float | None) -> None:
    assert retry_after(Answer(429, {"retry-after": text}, b"")) == seconds


def _signed(secret: str, body: bytes = b'{"a": 1}') -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


@pytest.mark.parametrize(
    ("signature", "is_valid"),
    [
        (_signed("current"), True),
        (_signed("previous"), True),
        (_signed("current").upper(), True),
        (_signed("older"), False),
        (_signed("current", b'{"a": 2}'), False),
        (_signed("current")[:-1], False),
        (_signed("current") + "0", False),
        ("sha256=" + _signed("current"), False),
        ("é" * 64, False),
        ("", False),
        (None, False),
    ],
)
def test_a_signature_is_checked_under_both_secrets(signature: str | None, is_valid: bool) -> None:
    assert signature_is_valid(b'{"a": 1}', signature, ["current", "previous"]) is is_valid


def test_without_secrets_nothing_is_signed() -> None:
    assert signature_is_valid(b"{}", _signed("", b"{}"), []) is False


def test_no_function_takes_a_password_or_a_cookie() -> None:
    forbidden = ("password", "cookie", "auth_id", "xbc", "credential")
    functions = dict(inspect.getmembers(OnlyFansApi, inspect.isfunction))
    functions |= dict(inspect.getmembers(onlyfansapi, inspect.isfunction))
    assert len(functions) > 20
    for name, function in functions.items():
        words = [name, *inspect.signature(function).parameters]
        assert not [word for word in words if any(part in word.lower() for part in forbidden)], name
