"""What our webhook takes and what it refuses; of what it refuses nothing is stored."""

import json
import time
from typing import Any

import pytest

from billing.models import StripeEvent
from tests.billing.stripe.conftest import SECRET, mark, post
from tests.sandbox.server import Sandbox

EVENT = {
    "id": "evt_1",
    "object": "event",
    "type": "customer.updated",
    "api_version": "2026-08-26.dahlia",
    "livemode": False,
    "created": 1_790_000_000,
    "data": {
        "object": {"id": "cus_1", "object": "customer", "email": "owner@example.test"},
        "previous_attributes": {"email": "other@example.test"},
    },
}
BODY = json.dumps(EVENT).encode()


@pytest.fixture(autouse=True)
def configured(db: None, settings: Any) -> None:
    settings.STRIPE_WEBHOOK_SECRETS = [SECRET]
    settings.SECURE_SSL_REDIRECT = False


@pytest.mark.parametrize("path", ["/api/webhooks/stripe", "/api/billing/stripe/webhook"])
def test_a_signed_event_is_stored_and_answered(path: str) -> None:
    answer = post(BODY, path=path)
    assert (answer.status_code, answer.json()) == (200, {"received": True})
    row = StripeEvent.objects.get()
    assert (row.event_id, row.type, row.serial_key, row.source) == (
        "evt_1",
        "customer.updated",
        "cus_1",
        "webhook",
    )


def test_it_keeps_no_personal_data() -> None:
    post(BODY)
    assert StripeEvent.objects.get().payload == {"changed": ["email"]}


def test_an_event_that_is_known_is_answered_alike() -> None:
    assert [post(BODY).status_code for _ in range(3)] == [200, 200, 200]
    assert StripeEvent.objects.count() == 1


def test_both_secrets_count_while_rotating(settings: Any) -> None:
    settings.STRIPE_WEBHOOK_SECRETS = ["whsec_new", SECRET]
    assert post(BODY).status_code == 200
    assert post(BODY, secret="whsec_new").status_code == 200


def test_one_right_signature_of_two_is_enough() -> None:
    moment = int(time.time())
    header = f"t={moment},v1={'0' * 64},v1={mark(BODY, moment)}"
    assert post(BODY, header=header).status_code == 200


def _signed(body: bytes, moment: int) -> str:
    return f"t={moment},v1={mark(body, moment)}"


NOW = int(time.time())
REFUSED: dict[str, tuple[dict[str, Any], int]] = {
    "wrong secret": ({"body": BODY, "secret": "whsec_wrong"}, 400),
    "old timestamp": ({"body": BODY, "at": NOW - 3_600}, 400),
    "changed byte": ({"body": BODY.replace(b"cus_1", b"cus_2"), "header": _signed(BODY, NOW)}, 400),
    "two wrong signatures": ({"body": BODY, "header": f"t={NOW},v1={'0' * 64},v1={'1' * 64}"}, 400),
    "another scheme": ({"body": BODY, "header": f"t={NOW},v0={mark(BODY, NOW)}"}, 400),
    "no header": ({"body": BODY, "header": ""}, 400),
    "no words": ({"body": BODY, "header": "nonsense"}, 400),
    "no number": ({"body": BODY, "header": "t=soon,v1=abc"}, 400),
    "no ASCII": ({"body": BODY, "header": f"t={NOW},v1=é"}, 400),
    "300 KiB": ({"body": BODY + b" " * 300 * 1024}, 413),
    "1 MB": ({"body": BODY + b" " * 1_000_000}, 413),
    "other mode": ({"body": json.dumps(EVENT | {"livemode": True}).encode()}, 400),
    "no JSON": ({"body": b"hello"}, 400),
    "a list": ({"body": b"[]"}, 400),
    "no id": ({"body": json.dumps({**EVENT, "id": None}).encode()}, 400),
    "no object": ({"body": json.dumps({**EVENT, "data": {}}).encode()}, 400),
    "an id with a NUL": ({"body": json.dumps({**EVENT, "id": "evt\0"}).encode()}, 400),
    "a time beyond time": ({"body": json.dumps({**EVENT, "created": 10**30}).encode()}, 400),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_not_stripe_s_is_refused_and_not_stored(case: str) -> None:
    arguments, status = REFUSED[case]
    more = dict(arguments)
    assert post(more.pop("body"), **more).status_code == status
    assert StripeEvent.objects.count() == 0


def test_without_secrets_nothing_is_believed(settings: Any) -> None:
    settings.STRIPE_WEBHOOK_SECRETS = []
    assert post(BODY).status_code == 400
    assert StripeEvent.objects.count() == 0


def test_a_webhook_asks_stripe_nothing(stripe_settings: Sandbox) -> None:
    before = len(stripe_settings.control("GET", "requests"))
    assert post(BODY).status_code == 200
    assert len(stripe_settings.control("GET", "requests")) == before
