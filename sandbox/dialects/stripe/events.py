"""Owns Stripe's events: written down, listed, and sent to the endpoints that listen, signed as Stripe signs."""

import hashlib
import hmac
import time
from typing import Any

import orjson

from ...hooks import Delivery, Endpoint
from ...http import Json
from ...state import Sandbox
from .core import API_VERSION, Store, public


class Events:
    def __init__(self, sandbox: Sandbox, store: Store) -> None:
        self.sandbox = sandbox
        self.store = store
        self.endpoints: list[Endpoint] = []

    def listen(self, url: str, secret: str, events: list[str]) -> Endpoint:
        endpoint = self.sandbox.hooks.register(
            url=url, events=events, scope="global", account_ids=[], secret=secret
        )
        endpoint.sign = sign
        self.endpoints.append(endpoint)
        return endpoint

    def fire(self, kind: str, body: Json, **previous: Any) -> Json:
        """One event about the object as it is now; `previous` are the values that changed."""
        data: Json = {"object": public(self.store.shown(body))}
        if previous:
            data["previous_attributes"] = previous
        event = self.store.new(
            "event",
            "evt",
            api_version=API_VERSION,
            data=data,
            pending_webhooks=len(self.endpoints),
            request={"id": None, "idempotency_key": None},
            type=kind,
        )
        self.send(event)
        return event

    def send(self, event: Json) -> None:
        raw = orjson.dumps(event)
        for endpoint in self.endpoints:
            if endpoint.enabled and (endpoint.events == ["*"] or event["type"] in endpoint.events):
                self.sandbox.hooks.send_raw(endpoint, event["type"], event["id"], raw)


def sign(delivery: Delivery) -> dict[str, str]:
    """`t=…,v1=…` over "t.body" in real time: also events of an advanced clock are signed now."""
    moment = int(time.time()) - (600 if delivery.fault == "old_timestamp" else 0)
    secret = delivery.endpoint.secret
    if delivery.fault == "wrong_secret":
        secret = f"not-{secret}"
    mark = hmac.new(secret.encode(), b"%d." % moment + delivery.body, hashlib.sha256).hexdigest()
    if delivery.fault == "bad_signature":
        mark = mark[::-1]
    return {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
        "Stripe-Signature": f"t={moment},v1={mark}",
    }
