"""Log lines are JSON, carry the context, and hold nothing that must not leave."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from huntaze.kernel import context, logs
from huntaze.kernel.crypto import Sealed
from huntaze.kernel.redaction import redact_text


class Lines:
    def __init__(self) -> None:
        self.stream = io.StringIO()

    @property
    def raw(self) -> str:
        return self.stream.getvalue()

    def last(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.raw.splitlines()[-1])
        return found


@pytest.fixture
def lines(settings: object) -> Iterator[Lines]:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    logs.configure("INFO")
    found = Lines()
    handler = logging.StreamHandler(found.stream)
    handler.setFormatter(logs.JsonFormatter())
    root.handlers = [handler]
    yield found
    root.handlers, root.level = before, level


def test_a_line_is_one_json_object_with_the_context(lines: Lines) -> None:
    with context.bind(trace_id="trace-0001", user_id="usr_1", workspace_id="wsp_1", task="a.b"):
        structlog.get_logger("messaging.pump").info("messaging.delivery.sent", duration_ms=12.5, attempt=2)
    line = lines.last()
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "level": "info", "logger": "messaging.pump", "event": "messaging.delivery.sent",
        "requestId": "trace-0001", "traceId": "trace-0001", "userId": "usr_1", "workspaceId": "wsp_1",
        "task": "a.b", "durationMs": 12.5, "attempt": 2,
    }  # fmt: skip


def test_foreign_records_take_the_same_way(lines: Lines) -> None:
    with context.bind(trace_id="trace-0002"):
        logging.getLogger("celery.worker").warning("lost %s of %s", 1, "a@b.example")
    line = lines.last()
    assert (line["event"], line["traceId"], line["level"]) == ("lost 1 of [mail]", "trace-0002", "warning")


def test_line_breaks_cannot_forge_a_line(lines: Lines) -> None:
    structlog.get_logger("x").info("x.happened", path='/a\r\n{"event":"forged"}')
    assert len(lines.raw.splitlines()) == 1


def test_tracebacks_have_no_local_variables(lines: Lines) -> None:
    def broken() -> None:
        password_here = "hunter2-local"
        raise RuntimeError(f"broken for a@b.example {len(password_here)}")

    for logger in (structlog.get_logger("x"), logging.getLogger("y")):
        try:
            broken()
        except RuntimeError:
            logger.exception("x.failed")
        line = lines.last()
        assert "RuntimeError: broken for [mail] 13" in line["exception"]
    assert "hunter2" not in lines.raw.replace('password_here = "hunter2-local"', "")


CARD, IBAN = "4242 4242 4242 4242", "FR76 3000 6000 0112 3456 7890 189"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"


@pytest.mark.parametrize(
    ("secret", "mask"),
    [
        ("fan.name+tag@mail.example.co.uk", "[mail]"), (CARD, "[card]"), (CARD.replace(" ", "-"), "[card]"),
        ("5555555555554444", "[card]"), ("378282246310005", "[card]"), (IBAN, "[iban]"),
        (IBAN.replace(" ", ""), "[iban]"), ("CH9300762011623852957", "[iban]"),
        ("BE68 5390 0754 7034", "[iban]"),
        ("GB29 NWBK 6016 1331 9268 19", "[iban]"), (JWT, "[jwt]"), ("hz_live_0123456789abcdef", "[key]"),
        ("hzr_0123456789abcdef", "[key]"), ("sk-proj-abcdef0123456789", "[key]"),
        ("sk_live_51Habcdef", "[key]"),
        ("rk_live_abcdef123", "[key]"), ("whsec_abcdefghijkl", "[key]"), ("ofapi_abcdefghijkl", "[key]"),
        ("+33 6 12 34 56 78", "[phone]"), ("+33612345678", "[phone]"), ("06 12 34 56 78", "[phone]"),
        ("0612345678", "[phone]"), ("06.12.34.56.78", "[phone]"), ("+32 470 12 34 56", "[phone]"),
        ("0470/12.34.56", "[phone]"), ("+41 79 123 45 67", "[phone]"), ("079 123 45 67", "[phone]"),
        ("+1 (415) 555-2671", "[phone]"), ("(415) 555-2671", "[phone]"), ("415-555-2671", "[phone]"),
        ("+1-514-555-0199", "[phone]"), ("07911 123456", "[phone]"), ("+44 20 7946 0958", "[phone]"),
        ("020 7946 0958", "[phone]"), ("0033612345678", "[phone]"),
    ],
)  # fmt: skip
def test_secrets_are_masked_wherever_they_stand(lines: Lines, secret: str, mask: str) -> None:
    log = structlog.get_logger("x")
    log.info(
        f"before {secret} after",
        value=secret,
        deep={"list": [secret, {secret: f"<{secret}>"}]},
        thing=Odd(secret),
    )
    logging.getLogger("y").info("before %s after", secret)
    line = json.loads(lines.raw.splitlines()[0])
    assert line["event"] == f"before {mask} after"
    assert secret not in lines.raw
    assert line["value"] == mask


class Odd:
    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return f"<Odd {self.text}>"


@pytest.mark.parametrize("secret", [CARD, IBAN])
def test_what_follows_a_number_does_not_hide_it(secret: str) -> None:
    assert secret not in redact_text(f"paid {secret} 12 OK")


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer abcdefghijklmnop", "Cookie: sessionid=abcdefghij; csrftoken=klmnopqrst",
        "set-cookie: __Host-refreshToken=abcdefghij; Path=/", "{'Cookie': 'sessionid=abcdefghij'}",
        "got sessionid=abcdefghij here", "Basic abcdefghij==",
    ],
)  # fmt: skip
def test_headers_with_secrets_are_masked(text: str) -> None:
    masked = redact_text(text)
    assert not any(part in masked for part in ("abcdefghij", "klmnopqrst"))


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-21T09:15:16.214000Z", "/api/onlyfans/messaging/send", "msg_01J9ZK3N8Q4V5W6X7Y8Z9A0B1C",
        "018f3c5e-7b1a-7c3d-9e2f-0123456789ab", "127.0.0.1:8000", "1763715600", "1763715600123",
        "huntaze.kernel.logs",
        "d41d8cd98f00b204e9800998ecf8427e", "10 messages/minute", "4242 4242 4242 4241",
        "FR76 3000 6000 0112 3456 7890 180",
        "task-list", "risk-adjusted-price", "0.0123456789", "v1.2.3", "messaging.delivery.sent", "12345678",
    ],
)  # fmt: skip
def test_harmless_text_stays(text: str) -> None:
    assert redact_text(text) == text


def test_fields_named_as_secrets_are_masked_whole(lines: Lines) -> None:
    log = structlog.get_logger("x")
    log.info(
        "x.happened",
        password="abc",
        headers={"a": 1},
        deep={"accessToken": "abc", "body": "hello"},
        sealed=Sealed("abc"),
    )
    line = lines.last()
    assert (line["password"], line["headers"], line["sealed"]) == ("•••", "•••", "•••")
    assert line["deep"] == {"accessToken": "•••", "body": "•••"}


def test_levels_below_the_configured_one_are_not_written(lines: Lines) -> None:
    structlog.get_logger("x").debug("x.detail")
    assert lines.raw == ""
