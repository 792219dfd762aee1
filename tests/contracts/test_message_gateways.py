"""What every message gateway promises, whatever the platform; a new gateway adds a stage and nothing else."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any, Protocol

import pytest

from accounts.types import Platform
from huntaze.kernel import clock
from huntaze.platforms.errors import Permanent, Transient, Uncertain
from messaging.gateways.base import MessageGateway
from messaging.gateways.registry import PLATFORMS, GatewayConfig, gateway
from messaging.types import Outgoing, Receipt
from tests.sandbox.server import FAN, KEY, Sandbox

pytestmark = pytest.mark.django_db  # the session's fixtures stand on the test database


class Stage(Protocol):
    """How the tests steer the far side of one gateway."""

    media: tuple[str, ...]
    most_seconds_to_unsend: int

    def config(self, *, timeout: float = 5.0) -> GatewayConfig: ...
    def outgoing(self) -> Outgoing: ...
    def arrived(self) -> list[str]: ...
    def fan_says(self, text: str) -> None: ...
    def fault(self, kind: str) -> None: ...
    def pass_seconds(self, seconds: int) -> None: ...


class OnlyFansStage:
    media = ("3000000001", "3000000002")
    most_seconds_to_unsend = 120

    def __init__(self, platform: Sandbox) -> None:
        self.platform = platform

    def config(self, *, timeout: float = 5.0) -> GatewayConfig:
        return GatewayConfig(f"{self.platform.url}/onlyfansapi", KEY, timeout)

    def outgoing(self) -> Outgoing:
        return Outgoing(
            key="dlv_1",
            account_external_id=self.platform.account,
            fan_external_id=str(FAN),
            text="Hello",
            price=Decimal(0),
            is_locked_text=False,
            media_ids=(),
            trace_id="",
            first_attempt_at=clock.now(),
        )

    def arrived(self) -> list[str]:
        return [str(row["messageId"]) for row in self.platform.sent()]

    def fan_says(self, text: str) -> None:
        self.platform.control("POST", f"fans/{FAN}/say", {"account": self.platform.account, "text": text})

    def fault(self, kind: str) -> None:
        self.platform.fault(kind, count=1)

    def pass_seconds(self, seconds: int) -> None:
        self.platform.control("POST", "clock", {"advanceSeconds": seconds})


STAGES: dict[Platform, Callable[[Sandbox], Stage]] = {Platform.ONLYFANS: OnlyFansStage}


@pytest.fixture(params=PLATFORMS)
def stage(request: Any, platform: Sandbox) -> Stage:
    return STAGES[request.param](platform)


@pytest.fixture
def ask(stage: Stage, request: Any) -> Callable[..., Any]:
    """`ask(lambda gateway: …)` opens the gateway of the stage's platform and awaits one thing."""
    platform: Platform = request.node.callspec.params["stage"]

    def run(call: Callable[[MessageGateway], Awaitable[Any]], **options: Any) -> Any:
        async def go() -> Any:
            async with gateway(platform, stage.config(**options)) as opened:
                return await call(opened)

        return asyncio.run(go())

    return run


def test_a_sent_message_has_the_platforms_receipt(stage: Stage, ask: Any) -> None:
    receipt = ask(lambda gateway: gateway.send(stage.outgoing()))
    assert [receipt] == [Receipt(platform_id) for platform_id in stage.arrived()]


def test_the_same_key_gives_the_same_id_and_arrives_once(stage: Stage, ask: Any) -> None:
    first = ask(lambda gateway: gateway.send(stage.outgoing()))
    again = ask(lambda gateway: gateway.send(stage.outgoing()))
    assert (again.platform_message_id, again.was_replayed) == (first.platform_message_id, True)
    assert stage.arrived() == [first.platform_message_id]


TEXTS = [
    "Hello",
    "a <b>bold</b> & <3 \"x\" 'y'",
    "one\ntwo\r\n\r\nthree",
    "  edges   and\tgaps ",
    "é 👩‍👩‍👧 \u00a0 \u2028 end",
    "&lt;&amp;",
    "e\u0301",
]


@pytest.mark.parametrize("text", TEXTS)
def test_it_finds_the_message_it_sent(stage: Stage, ask: Any, text: str) -> None:
    message = replace(stage.outgoing(), text=text)
    receipt = ask(lambda gateway: gateway.send(message))
    assert ask(lambda gateway: gateway.find(message)) == [receipt.platform_message_id]


def test_it_finds_a_priced_message_with_media(stage: Stage, ask: Any) -> None:
    message = replace(stage.outgoing(), price=Decimal("12.50"), is_locked_text=True, media_ids=stage.media)
    receipt = ask(lambda gateway: gateway.send(message))
    assert ask(lambda gateway: gateway.find(message)) == [receipt.platform_message_id]


@pytest.mark.parametrize("field", ["text", "price", "media_ids", "first_attempt_at", "fan"])
def test_it_does_not_take_another_message_for_it(stage: Stage, ask: Any, field: str) -> None:
    message = replace(stage.outgoing(), price=Decimal(9), media_ids=stage.media)
    others = {
        "text": {"text": "Hello you"},
        "price": {"price": Decimal("9.50")},
        "media_ids": {"media_ids": stage.media[:1]},
        "first_attempt_at": {"first_attempt_at": clock.now() + timedelta(seconds=8)},
        "fan": {"fan_external_id": str(FAN + 1)},
    }
    ask(lambda gateway: gateway.send(message))
    assert ask(lambda gateway: gateway.find(replace(message, **others[field]))) == []


def test_what_the_fan_wrote_is_not_ours(stage: Stage, ask: Any) -> None:
    stage.fan_says("Hello")
    assert ask(lambda gateway: gateway.find(stage.outgoing())) == []


def test_it_finds_both_of_two_equal_messages(stage: Stage, ask: Any) -> None:
    for key in ("dlv_1", "dlv_2"):
        ask(lambda gateway, key=key: gateway.send(replace(stage.outgoing(), key=key)))
    assert sorted(ask(lambda gateway: gateway.find(stage.outgoing()))) == sorted(stage.arrived())
    assert len(stage.arrived()) == 2


def test_it_withdraws_a_message(stage: Stage, ask: Any) -> None:
    receipt = ask(lambda gateway: gateway.send(stage.outgoing()))
    ask(lambda gateway: gateway.unsend(stage.outgoing(), receipt.platform_message_id))
    assert ask(lambda gateway: gateway.find(stage.outgoing())) == []


def test_it_says_when_it_is_too_late_to_withdraw(stage: Stage, ask: Any) -> None:
    message = stage.outgoing()
    receipt = ask(lambda gateway: gateway.send(message))
    stage.pass_seconds(stage.most_seconds_to_unsend)
    with pytest.raises(Permanent, match=r"^too_late$"):
        ask(lambda gateway: gateway.unsend(message, receipt.platform_message_id))
    assert ask(lambda gateway: gateway.find(message)) == [receipt.platform_message_id]


def test_withdrawing_what_is_gone_is_another_refusal(stage: Stage, ask: Any) -> None:
    with pytest.raises(Permanent, match=r"^not_found$"):
        ask(lambda gateway: gateway.unsend(stage.outgoing(), "7000000000"))


@pytest.mark.parametrize(
    ("kind", "send_error", "find_error"),
    [
        ("timeout_after", Uncertain, Transient),
        ("reset_before", Uncertain, Transient),
        ("malformed_json", Uncertain, Transient),
        ("5xx_unknown_sent", Uncertain, Transient),
        ("5xx_not_sent", Transient, Transient),
        ("rate_limit", Transient, Transient),
    ],
)
def test_a_write_may_be_uncertain_and_a_read_never(
    stage: Stage, ask: Any, kind: str, send_error: type[Exception], find_error: type[Exception]
) -> None:
    for call, error in (("send", send_error), ("find", find_error)):
        stage.fault(kind)
        with pytest.raises(error):
            ask(lambda gateway, call=call: getattr(gateway, call)(stage.outgoing()), timeout=0.3)


def test_every_gateway_stands_on_the_stage() -> None:
    assert set(STAGES) == set(PLATFORMS)
