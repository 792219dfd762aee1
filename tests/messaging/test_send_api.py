"""`POST /api/onlyfans/messaging/send` and its neighbours: right and wrong, owner, teammate, outsider."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from rest_framework.test import APIClient

from accounts.models import AuditEvent
from huntaze.kernel import clock
from huntaze.kernel.tenancy import cross_workspace
from messaging.models import Delivery, Message
from tests.factories.accounts import api_key
from tests.factories.messaging import delivery

SEND = "/api/onlyfans/messaging/send"
STATUS = "/api/onlyfans/messaging/status"
FAILED = "/api/onlyfans/messaging/failed"


def rows() -> tuple[int, int]:
    with cross_workspace("demo"):
        return Message.objects.count(), Delivery.objects.count()


def post(client: APIClient, body: Any, **extra: Any) -> Any:
    return client.post(SEND, body, format="json", **extra)


def body(world: Any, **more: Any) -> dict[str, Any]:
    return {"recipientId": world.fan.public_id, "content": "Hello"} | more


def test_it_queues_a_message_in_the_fixed_shape(world: Any, api: Any) -> None:
    answer = post(api(world.owner), body(world))
    assert answer.status_code == 202
    data = answer.json()
    assert set(data) == {"messageId", "status", "queuedAt", "estimatedSendTime", "message"}
    assert data["status"] == "queued"
    assert data["estimatedSendTime"] == data["queuedAt"]
    with cross_workspace("demo"):
        row = Delivery.objects.with_everything().get()
        assert row.message.public_id == data["messageId"]
        assert row.message.text.reveal() == "Hello"
        assert row.message.approved_by_id == world.owner.pk
        assert AuditEvent.objects.filter(action="message.queued", target=data["messageId"]).count() == 1


def test_it_takes_the_platforms_fan_id_with_an_account(world: Any, api: Any) -> None:
    request = {
        "recipientId": world.fan.platform_user_id,
        "accountId": world.account.public_id,
        "content": "Hello",
        "priority": 1,
        "price": "12.50",
        "lockedText": True,
        "mediaIds": ["90210", "ofapi_media_abc"],
    }
    assert post(api(world.owner), request).status_code == 202
    with cross_workspace("demo"):
        row = Delivery.objects.with_everything().get()
    assert (row.fan_id, row.priority, row.message.price_minor) == (world.fan.pk, 1, 1250)
    assert (row.message.is_locked_text, row.message.media_ids) == (True, ["90210", "ofapi_media_abc"])


def test_it_estimates_the_eleventh_message_a_window_later(world: Any, api: Any) -> None:
    client = api(world.owner)
    answers = [post(client, body(world)).json() for _ in range(12)]
    waits = [round(_seconds(item["estimatedSendTime"]) - _seconds(item["queuedAt"])) for item in answers]
    assert waits == [0] * 10 + [60, 60]


def _seconds(text: str) -> float:
    from datetime import datetime

    return datetime.fromisoformat(text).timestamp()


def test_a_scheduled_message_waits_for_its_time(world: Any, api: Any) -> None:
    later = (clock.now() + timedelta(days=30)).replace(microsecond=0)
    answer = post(api(world.owner), body(world, scheduledAt=clock.iso(later)))
    assert answer.json()["estimatedSendTime"] == clock.iso(later)
    with cross_workspace("demo"):
        assert Delivery.objects.get().state == "scheduled"


@pytest.mark.parametrize(
    ("change", "status", "field"),
    [
        ({"content": ""}, 400, "content"),
        ({"content": "   "}, 400, "content"),
        ({"content": "x" * 5001}, 400, "content"),
        ({"content": "a\x07b"}, 400, "content"),
        ({"content": 7}, 400, "content"),
        ({"content": None}, 400, "content"),
        ({"recipientId": None}, 400, "recipientId"),
        ({"priority": 0}, 400, "priority"),
        ({"priority": 10}, 400, "priority"),
        ({"price": "12.00"}, 400, "mediaIds"),
        ({"price": "2.99", "mediaIds": ["1"]}, 400, "price"),
        ({"price": "200.01", "mediaIds": ["1"]}, 400, "price"),
        ({"price": "12.345", "mediaIds": ["1"]}, 400, "price"),
        ({"price": "NaN", "mediaIds": ["1"]}, 400, "price"),
        ({"lockedText": True}, 400, "lockedText"),
        ({"mediaIds": ["../etc"]}, 400, "mediaIds.0"),
        ({"mediaIds": ["1", "1"]}, 400, "mediaIds"),
        ({"scheduledAt": "tomorrow"}, 400, "scheduledAt"),
        ({"scheduledAt": "2036-01-01T00:00:00Z"}, 400, "scheduledAt"),
    ],
)
def test_bad_input_is_a_clear_400_and_stores_nothing(
    world: Any, api: Any, change: dict[str, Any], status: int, field: str
) -> None:
    answer = post(api(world.owner), body(world, **change))
    assert answer.status_code == status
    assert answer.json()["error"] == "Validation failed"
    assert field in [item["field"] for item in answer.json()["details"]]
    assert rows() == (0, 0)


@pytest.mark.parametrize("raw", ["{", "[1]", '"x"', '{"a": NaN}', "\xff", '{"content": "\\u0000"}', ""])
def test_malformed_json_is_a_400(world: Any, api: Any, raw: str) -> None:
    answer = api(world.owner).post(SEND, raw.encode("latin-1"), content_type="application/json")
    assert answer.status_code == 400
    assert answer.json()["error"] in {"Invalid request body", "Validation failed"}
    assert rows() == (0, 0)


def test_several_accounts_need_to_be_told_apart(world: Any, api: Any) -> None:
    answer = post(api(world.owner), {"recipientId": world.fan.platform_user_id, "content": "Hello"})
    assert (answer.status_code, answer.json()["details"][0]["field"]) == (400, "accountId")


def test_an_unknown_fan_is_a_404(world: Any, api: Any) -> None:
    client = api(world.owner)
    for recipient in ("fan_00000000000000000000000000", "fan_x", world.outsider_fan.public_id):
        answer = post(client, body(world, recipientId=recipient))
        assert (answer.status_code, answer.json()["error"]) == (404, "Unknown recipient")
    answer = post(client, body(world, recipientId="999", accountId=world.account.public_id))
    assert answer.status_code == 404
    assert rows() == (0, 0)


def test_somebody_elses_account_is_a_404(world: Any, api: Any) -> None:
    request = body(world, accountId=world.outsider_account.public_id)
    assert post(api(world.owner), request).status_code == 404
    request = {"recipientId": world.fan.public_id, "content": "Hello"}
    assert post(api(world.outsider), request).status_code == 404
    assert rows() == (0, 0)


def test_a_chatter_reaches_assigned_creators_only(world: Any, api: Any) -> None:
    client = api(world.chatter)
    assert post(client, body(world)).status_code == 202
    assert post(client, body(world, recipientId=world.other_fan.public_id)).status_code == 404
    assert rows() == (1, 1)


def test_a_reading_key_may_not_send(world: Any, api: Any) -> None:
    answer = post(api(world.owner, scopes=("read",)), body(world))
    assert answer.status_code == 403
    assert answer.json()["error"] == "You do not have permission to do this"
    assert rows() == (0, 0)


def test_without_credentials_four_are_401_and_test_is_200(world: Any, api: Any) -> None:
    client = api()
    answers = {
        "status": client.get(STATUS),
        "send": post(client, {}),
        "failed": client.get(FAILED),
        "retry": client.post("/api/onlyfans/messaging/msg_x/retry"),
    }
    assert {name: answer.status_code for name, answer in answers.items()} == dict.fromkeys(answers, 401)
    assert {answer.json()["error"] for answer in answers.values()} == {"Not authenticated"}
    test = client.get("/api/onlyfans/messaging/test")
    assert (test.status_code, set(test.json())) == (200, {"status", "timestamp"})


def test_the_same_key_gives_the_first_answer_again(world: Any, api: Any) -> None:
    client = api(world.owner)
    first = post(client, body(world), HTTP_IDEMPOTENCY_KEY="k-1")
    again = post(client, body(world), HTTP_IDEMPOTENCY_KEY="k-1")
    assert (again.status_code, again.json()) == (202, first.json())
    assert again["Idempotent-Replayed"] == "true"
    other = post(client, body(world, content="Other"), HTTP_IDEMPOTENCY_KEY="k-1")
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_mismatch")
    assert rows() == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_64_calls_with_one_key_queue_one_message(world: Any) -> None:
    secret = api_key(world.owner, requests_per_minute=1000)

    def call(_: int) -> tuple[int, str]:
        try:
            client = APIClient()
            client.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")
            answer = post(client, body(world), HTTP_IDEMPOTENCY_KEY="once")
            return answer.status_code, answer.json().get("messageId", "")
        finally:
            connection.close()

    with ThreadPoolExecutor(16) as pool:
        answers = set(pool.map(call, range(64)))
    assert rows() == (1, 1)
    assert len(answers) == 1
    assert answers.pop()[0] == 202


def test_status_counts_the_callers_rows_only(world: Any, api: Any) -> None:
    delivery(world.fan, world.owner)
    delivery(world.fan, world.owner, state="failed", last_error="not_found")
    delivery(world.other_fan, world.owner, state="sending")
    delivery(world.outsider_fan, world.outsider)
    data = api(world.owner).get(STATUS).json()
    assert data["queue"] == {"depth": 1, "inFlight": 1, "dlqCount": 1, "total": 3}
    assert data["processing"]["rateLimit"] == "10 messages/minute"
    assert data["processing"]["lastProcessedAt"] is None
    assert data["health"]["status"] == "healthy"
    one = api(world.owner).get(STATUS, {"accountId": world.account.public_id}).json()
    assert one["queue"] == {"depth": 1, "inFlight": 0, "dlqCount": 1, "total": 2}
    assert api(world.chatter).get(STATUS).json()["queue"]["inFlight"] == 0
    assert api(world.owner).get(STATUS, {"accountId": world.outsider_account.public_id}).status_code == 404


def test_failed_lists_dead_letters_with_their_error(world: Any, api: Any) -> None:
    row = delivery(world.fan, world.owner, text="Bye", state="failed", last_error="banned_words", attempts=1)
    delivery(world.outsider_fan, world.outsider, state="failed")
    data = api(world.owner).get(FAILED, {"limit": 1}).json()
    assert (data["total"], data["limit"], data["offset"]) == (1, 1, 0)
    assert data["messages"][0]["id"] == row.message.public_id
    assert data["messages"][0]["lastError"] == "banned_words"
    assert data["messages"][0]["content"] == "Bye"
    for bad in ({"limit": 0}, {"limit": 201}, {"offset": -1}, {"limit": "x"}):
        assert api(world.owner).get(FAILED, bad).status_code == 400


def test_retry_queues_a_dead_letter_again(world: Any, api: Any) -> None:
    row = delivery(world.fan, world.owner, state="failed", last_error="not_found", attempts=5)
    path = f"/api/onlyfans/messaging/{row.message.public_id}/retry"
    assert api(world.outsider).post(path).status_code == 404
    assert api(world.chatter).post(path).status_code == 403
    row.refresh_from_db()
    assert row.state == "failed"
    answer = api(world.owner).post(path)
    assert (answer.status_code, answer.json()["success"], answer.json()["status"]) == (202, True, "queued")
    row.refresh_from_db()
    assert (row.state, row.attempts) == ("queued", 5)
    again = api(world.owner).post(path)
    assert (again.status_code, again.json()["error"]) == (409, "This message is not failed")
    assert api(world.owner).post("/api/onlyfans/messaging/msg_unknown/retry").status_code == 404


def test_the_61st_request_of_a_minute_is_refused(world: Any, api: Any, settings: Any) -> None:
    settings.API_REQUESTS_PER_MINUTE = 60
    client = api(world.owner)
    codes = [client.get(STATUS).status_code for _ in range(60)]
    assert codes == [200] * 60
    answer = client.get(STATUS)
    assert answer.status_code == 429
    data = answer.json()
    assert (data["error"], data["limit"], data["remaining"]) == ("Rate limit exceeded", 60, 0)
    assert answer["Retry-After"] == str(data["retryAfter"])
    assert answer["RateLimit-Limit"] == "60"


@pytest.mark.django_db(transaction=True)
def test_sending_costs_as_many_statements_as_were_agreed(
    world: Any, api: Any, django_assert_num_queries: Any
) -> None:
    """The key with all it may do; the recipient; the slots; then BEGIN, message and delivery, audit, the credits' lock,
    what there is, reservation and entries, COMMIT."""
    client = api(world.owner)
    post(client, body(world))
    with django_assert_num_queries(10):
        post(client, body(world))
