"""`POST /api/webhooks/onlyfans`: verified on the raw bytes, stored once, answered; nothing readable in any table."""

import json
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from huntaze.kernel import redis
from huntaze.kernel.tenancy import cross_workspace
from messaging.models import Fan, InboundEvent, Message
from messaging.services import inbound
from tests.platforms.webhooks import PATH, body, message, post, signature, user

pytestmark = pytest.mark.django_db
AT = "2026-11-20T12:00:00+00:00"
RAW = body("messages.received", "acct_x", message(7, "hello", AT, fromUser=user(4711)))


def test_a_signed_event_is_stored_and_answered() -> None:
    answer = post(RAW)
    assert (answer.status_code, answer.json()) == (200, {"received": True, "repeated": False})
    row = InboundEvent.objects.get()
    assert (row.vendor, row.event_key, row.event, row.account_external_id, row.state, row.attempts) == (
        "onlyfansapi",
        "evt_1",
        "messages.received",
        "acct_x",
        "queued",
        0,
    )
    assert row.body.reveal().encode() == RAW


@pytest.mark.django_db(transaction=True)
def test_a_stored_event_hurries_the_worker() -> None:
    post(RAW)
    [job] = redis.client().lrange("celery:webhooks", 0, -1)
    assert json.loads(job)["headers"]["task"] == "messaging.apply_inbound"


def test_a_repeat_is_answered_and_changes_nothing() -> None:
    post(RAW)
    first = InboundEvent.objects.get()
    answer = post(RAW)
    assert (answer.status_code, answer.json()) == (200, {"received": True, "repeated": True})
    assert [row.pk for row in InboundEvent.objects.all()] == [first.pk]


def test_the_same_key_with_another_body_is_kept_apart() -> None:
    other = body("messages.received", "acct_x", message(8, "other", AT, fromUser=user(4711)))
    assert [post(RAW).json()["repeated"], post(other).json()["repeated"]] == [False, False]
    assert sorted(row.body.reveal() for row in InboundEvent.objects.all()) == sorted(
        [RAW.decode(), other.decode()]
    )


def test_without_a_key_the_body_is_the_key() -> None:
    other = body("messages.received", "acct_y", message(7, "hello", AT, fromUser=user(4711)))
    answers = [post(raw, key=None).json()["repeated"] for raw in (RAW, RAW, other)]
    assert answers == [False, True, False]
    keys = [row.event_key for row in InboundEvent.objects.order_by("pk")]
    assert [len(key) for key in keys] == [64, 64]
    assert len(set(keys)) == 2


@pytest.mark.parametrize("secret", ["current", "previous"])
def test_two_secrets_are_valid_while_they_rotate(settings: Any, secret: str) -> None:
    settings.ONLYFANSAPI_WEBHOOK_SECRETS = ["current", "previous"]
    assert post(RAW, secret=secret).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Signature": ""},
        {"Signature": signature(RAW, "another secret")},
        {"Signature": signature(RAW + b" ")},
        {"X-Signature": signature(RAW)},
    ],
)
def test_a_bad_signature_is_a_401_and_stores_nothing(headers: dict[str, str]) -> None:
    answer = Client().post(PATH, RAW, content_type="application/json", headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (401, "Invalid signature")
    assert set(answer.json()) == {"error", "requestId"}
    assert InboundEvent.objects.count() == 0


def test_without_a_secret_nobody_is_believed(settings: Any) -> None:
    settings.ONLYFANSAPI_WEBHOOK_SECRETS = []
    assert post(RAW, secret="").status_code == 401
    assert InboundEvent.objects.count() == 0


def test_a_signature_may_be_in_capitals() -> None:
    assert post(RAW, Signature=signature(RAW).upper()).status_code == 200


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"[]",
        b"7",
        b'"messages.received"',
        b"\xff{}",
        b'{"payload": {}}',
        b'{"event": 7}',
        b'{"event": null, "account_id": "acct_x"}',
        b'{"event": "a\\u0000b", "account_id": "acct_x"}',
        b'{"event": "tips.received", "account_id": "acct\\u0000x"}',
        b"[" * 200_000,
    ],
)
def test_what_is_no_event_is_a_400_and_stores_nothing(raw: bytes) -> None:
    answer = post(raw)
    assert (answer.status_code, answer.json()["error"]) == (400, "Invalid request body")
    assert InboundEvent.objects.count() == 0


@pytest.mark.parametrize(("size", "status"), [(1_048_576, 200), (1_048_577, 413)])
def test_a_body_is_at_most_one_mebibyte(size: int, status: int) -> None:
    empty = body("messages.received", "acct_x", {"text": ""})
    raw = body("messages.received", "acct_x", {"text": "x" * (size - len(empty))})
    assert len(raw) == size
    assert post(raw).status_code == status
    assert InboundEvent.objects.count() == (status == 200)


def test_it_is_a_door_for_posts_only() -> None:
    assert Client().get(PATH).status_code == 405


@pytest.mark.parametrize("event", ["users.typing", "users.online", "users.offline"])
def test_presence_is_answered_and_never_stored(event: str) -> None:
    answer = post(body(event, "acct_x", {"id": 4711}), key=None)
    assert (answer.status_code, answer.json()["received"]) == (200, True)
    assert InboundEvent.objects.count() == 0


def test_no_table_holds_a_name_or_a_text_in_clear(world: Any) -> None:
    canaries = ["Canariella", "canary.handle", "a canary sings"]
    sender = user(4711, canaries[0], canaries[1])
    post(body("messages.received", world.account.external_id, message(7, canaries[2], AT, fromUser=sender)))
    sent = message(8, f"reply: {canaries[2]}", AT, toUser=sender)
    post(body("messages.sent", world.account.external_id, sent), key="evt_2")
    post(body("messages.received", "acct_unknown", message(9, canaries[2], AT, fromUser=sender)), key="evt_3")
    inbound.apply_due()
    with cross_workspace("demo"):
        fan = Fan.objects.get(platform_user_id="4711")
        assert (fan.name.reveal(), fan.handle.reveal()) == (canaries[0], canaries[1])
        assert [row.text.reveal() for row in Message.objects.order_by("pk")] == [
            canaries[2],
            f"reply: {canaries[2]}",
        ]
    assert InboundEvent.objects.count() == 3
    hidden = [*canaries, *(canary.encode().hex() for canary in canaries)]
    assert _tables_with(hidden) == []


def _tables_with(needles: list[str]) -> list[str]:
    """Tables in which any row, as text, shows one of the needles."""
    found = []
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        tables = [name for (name,) in cursor.fetchall()]
        assert {"messaging_inboundevent", "messaging_message", "messaging_fan"} <= set(tables)
        for table in tables:
            cursor.execute(
                f'SELECT count(*) FROM "{table}" t WHERE EXISTS '
                "(SELECT 1 FROM unnest(%s::text[]) n WHERE position(lower(n) in lower(t::text)) > 0)",
                [needles],
            )
            found += [table] * bool(cursor.fetchone()[0])
    return found


def test_the_scan_would_find_a_name(world: Any) -> None:
    with cross_workspace("demo"):
        type(world.creator).objects.filter(pk=world.creator.pk).update(stage_name="Canariella")
    assert _tables_with(["canariella"]) == ["accounts_creator"]
