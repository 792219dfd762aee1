"""Bodies of OnlyFansAPI's webhooks as the vendor sends them, signed as the vendor signs them."""

import hashlib
import hmac
import json
from typing import Any

from django.test import Client

from huntaze.kernel import clock
from messaging.services import inbound

PATH = "/api/webhooks/onlyfans"
SECRET = "whsecret-whsecret-whsecret-whsecret"


def body(event: str, account_id: str, payload: Any) -> bytes:
    return json.dumps({"event": event, "account_id": account_id, "payload": payload}).encode()


def signature(raw: bytes, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()


def post(raw: bytes, *, key: str | None = "evt_1", secret: str = SECRET, **headers: str) -> Any:
    """Through the real door."""
    sent = {"Signature": signature(raw, secret)} | ({"X-OFAPI-Idempotency-Key": key} if key else {}) | headers
    return Client().post(PATH, raw, content_type="application/json", headers=sent)


def tell(raw: bytes, key: str) -> None:
    """Store and apply one event."""
    inbound.store(body=raw, event_key=key, now=clock.now())
    inbound.apply_due()


def user(fan_id: int, name: str = "Sam", username: str = "sam.w") -> dict[str, Any]:
    return {"id": fan_id, "name": name, "username": username, "displayName": ""}


def message(message_id: int, text: str, at: str, **more: Any) -> dict[str, Any]:
    """A whole message as `messages.received` and `messages.sent` carry it."""
    fields = {
        "id": message_id,
        "text": f"<p>{text}</p>",
        "price": 0,
        "mediaCount": 0,
        "media": [],
        "createdAt": at,
    }
    return fields | more


def unlocked(event_id: str, fan_id: int, message_id: int, at: str, amount: str = "$12.00") -> dict[str, Any]:
    link = f"<a href='https://onlyfans.com/my/chats/chat/{fan_id}?firstId={message_id}'>message</a>"
    pairs = {"{AMOUNT}": amount, "{MESSAGE_LINK}": link}
    return {"id": event_id, "createdAt": at, "user_id": "100000000", "replacePairs": pairs}


def tipped(event_id: str, fan_id: int, amount: Any, at: str) -> dict[str, Any]:
    who = {"id": str(fan_id), "name": "Sam", "username": "sam.w"}
    return {"id": event_id, "createdAt": at, "amountGross": amount, "user": who, "user_id": "100000000"}


def attempt(at: str) -> dict[str, Any]:
    return {"latestAuthAttempt": {"started_at": at, "completed_at": at}}
