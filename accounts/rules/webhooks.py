"""Outgoing webhooks in Standard Webhooks form: kinds of events, secrets, signatures, when to try again."""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum


class EventKind(StrEnum):
    """What an endpoint may ask for."""

    MESSAGE_SENT = "message.sent"
    MESSAGE_FAILED = "message.failed"
    MESSAGE_UNCERTAIN = "message.uncertain"
    MESSAGE_RECEIVED = "message.received"
    CAMPAIGN_FINISHED = "campaign.finished"
    ACCOUNT_NEEDS_REAUTH = "account.needs_reauth"
    EXPORT_READY = "export.ready"


#: What a test sends; it is never asked for.
PING = "webhook.ping"

#: Seconds before attempts 2 to 8, each spread by ± 10 %; afterwards the event is a dead letter.
RETRY_DELAYS = (5.0, 60.0, 300.0, 1800.0, 7200.0, 21600.0, 54000.0)
SPREAD = 0.1
#: Longest wait that an endpoint's own Retry-After is given, seconds.
MOST_RETRY_AFTER = 3600
#: An endpoint that has only failed for this long is switched off.
PATIENCE = timedelta(days=5)
#: What waited this long, behind an endpoint that failed or was off, is a dead letter.
WAITS_AT_MOST = timedelta(days=3)
MOST_ENDPOINTS = 20
#: How long the page lets an old secret go on, and how far back it sends again what was given up.
OVERLAP, REPLAY = timedelta(hours=24), timedelta(days=30)
LONGEST_OVERLAP = timedelta(hours=168)
#: Longest hold of an endpoint after failures in a row.
MOST_HOLD = timedelta(seconds=300)
#: An answer that took longer than this holds the endpoint for ten times as long, a minute at most.
SLOW_SECONDS = 3.0

SECRET_PREFIX = "whsec_"  # noqa: S105 (a form, not a secret)
SECRET_BYTES = 32


def make_secret(random: bytes) -> str:
    """`whsec_` and 32 random bytes in base64."""
    if len(random) != SECRET_BYTES:
        raise ValueError("a secret is made of 32 bytes")
    return SECRET_PREFIX + base64.b64encode(random).decode()


def signature(secret: str, *, event_id: str, timestamp: int, body: str) -> str:
    """`v1,` and the HMAC-SHA256 over `id.timestamp.body` in base64 (Standard Webhooks, symmetric form)."""
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    digest = hmac.new(key, f"{event_id}.{timestamp}.{body}".encode(), hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()


def headers(secrets: Sequence[str], *, event_id: str, timestamp: int, body: str) -> dict[str, str]:
    """One signature for each secret that is valid, the newest first."""
    signed = [signature(secret, event_id=event_id, timestamp=timestamp, body=body) for secret in secrets]
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signed),
        "content-type": "application/json",
        "user-agent": "Huntaze-Webhooks/1",
    }


def delays(spread: float, retry_after: float = 0.0) -> tuple[float, ...]:
    """The waits before the next attempts; `spread` in -1 … 1, `retry_after` as the endpoint asked for (seconds)."""
    least = min(retry_after, MOST_RETRY_AFTER)
    return tuple(max(wait * (1 + SPREAD * spread), least) for wait in RETRY_DELAYS)


def retry_after_of(text: str | None) -> float:
    """Seconds that an answer asks us to wait; 0 for none, and for a date, which would trust two clocks."""
    return float(text) if text and text.isascii() and text.isdigit() and len(text) <= 6 else 0.0


def hold_of(failures: int) -> timedelta:
    """How long an endpoint rests after so many failures in a row: 5 s, doubling to 5 min."""
    return min(timedelta(seconds=5 * 2 ** min(failures, 10)), MOST_HOLD)


def is_out_of_patience(failing_since: datetime | None, now: datetime) -> bool:
    return failing_since is not None and now - failing_since >= PATIENCE
