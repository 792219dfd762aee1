"""`/api/webhooks/endpoints`: owners in person; secrets once; a test, a log, and sending again."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import AuditEvent, WebhookSubscription
from accounts.rules.webhooks import MOST_ENDPOINTS
from accounts.services.webhooks.deliver import deliver_due
from huntaze.kernel.tenancy import cross_workspace
from tests.sandbox.server import Receiver, run_receiver

ENDPOINTS = "/api/webhooks/endpoints"
Person = Callable[[Any], APIClient]


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    settings.DEMO = True
    with run_receiver() as found:
        yield found


def add(client: APIClient, url: str = "https://example.com/hook", **body: Any) -> Any:
    return client.post(ENDPOINTS, {"url": url, "events": ["message.failed"]} | body, format="json")


def count() -> int:
    with cross_workspace("demo"):
        return WebhookSubscription.objects.count()


def test_the_secret_is_shown_once(world: Any, person: Person) -> None:
    client = person(world.owner)
    made = add(client, description="Pager").json()
    assert made["secret"].startswith("whsec_")
    shown = client.get(f"{ENDPOINTS}/{made['id']}").json()
    assert "secret" not in shown
    assert (shown["url"], shown["events"], shown["description"], shown["isEnabled"]) == (
        "https://example.com/hook", ["message.failed"], "Pager", True,
    )  # fmt: skip
    listed = client.get(ENDPOINTS).json()
    assert ([row["id"] for row in listed["endpoints"]], listed["total"]) == ([made["id"]], 1)


@pytest.mark.parametrize(
    ("who", "status"), [("owner", 201), ("manager", 403), ("chatter", 403), ("outsider", 201)]
)
def test_only_owners_add_and_only_in_their_own_workspace(
    world: Any, person: Person, who: str, status: int
) -> None:
    assert add(person(getattr(world, who))).status_code == status
    assert len(person(world.owner).get(ENDPOINTS).json()["endpoints"]) == (1 if who == "owner" else 0)


def test_a_key_never_manages_endpoints(world: Any, api: Any) -> None:
    assert (add(api(world.owner)).status_code, count()) == (403, 0)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/", "https://127.0.0.1/", "https://10.1.2.3/", "https://169.254.169.254/", "https://[::1]/",
        "https://[::ffff:10.0.0.1]/", "https://2130706433/", "https://0177.0.0.1/", "https://example.com:22/",
        "https://user:pass@example.com/", "ftp://example.com/", "example.com", "",
    ],
)  # fmt: skip
def test_an_address_inside_or_of_another_form_is_refused(
    world: Any, person: Person, settings: Any, url: str
) -> None:
    settings.DEMO = False
    answer = add(person(world.owner), url)
    assert (answer.status_code, answer.json()["details"][0]["field"], count()) == (400, "url", 0)


@pytest.mark.parametrize("events", [[], ["message.read"], ["webhook.ping"], "message.failed"])
def test_unknown_kinds_are_refused(world: Any, person: Person, events: Any) -> None:
    answer = add(person(world.owner), events=events)
    assert (answer.status_code, count()) == (400, 0)


def test_there_is_a_most(world: Any, person: Person) -> None:
    client = person(world.owner)
    for _ in range(MOST_ENDPOINTS):
        assert add(client).status_code == 201
    assert (add(client).status_code, count()) == (409, MOST_ENDPOINTS)


def test_a_test_stands_in_the_log_with_what_came_of_it(
    world: Any, person: Person, receiver: Receiver
) -> None:
    client = person(world.owner)
    made = add(client, receiver.url).json()
    address = f"{ENDPOINTS}/{made['id']}"
    sent = client.post(f"{address}/ping")
    assert (sent.status_code, sent.json()["event"], sent.json()["status"]) == (202, "webhook.ping", "waiting")
    assert client.post(f"{address}/deliveries/{sent.json()['id']}/replay").status_code == 409
    deliver_due()
    (row,) = client.get(f"{address}/deliveries").json()["deliveries"]
    assert (row["status"], row["reason"], row["nextAttemptAt"]) == ("delivered", "", None)
    assert [(t["status"], t["error"]) for t in row["attempts"]] == [(200, "")]
    assert receiver.got[0][0]["webhook-id"] == row["eventId"]
    assert receiver.got[0][1].decode() == row["body"]
    assert client.post(f"{address}/deliveries/{row['id']}/replay").json() == {"queued": 1}
    deliver_due()
    assert [headers["webhook-id"] for headers, _ in receiver.got] == [row["eventId"]] * 2


def test_what_was_missed_is_sent_again_from_a_time_on(world: Any, person: Person, receiver: Receiver) -> None:
    client = person(world.owner)
    address = f"{ENDPOINTS}/{add(client, receiver.url).json()['id']}"
    receiver.statuses = [410]
    client.post(f"{address}/ping")
    deliver_due()
    shown = client.get(address).json()
    assert (shown["isEnabled"], shown["disabledReason"]) == (False, "gone")
    body = {"since": "2026-01-01T00:00:00Z"}
    assert client.post(f"{address}/replay", body, format="json").status_code == 409
    assert client.post(f"{address}/ping").status_code == 409
    enabled = client.patch(address, {"isEnabled": True}, format="json").json()
    assert (enabled["isEnabled"], enabled["disabledReason"]) == (True, "")
    assert client.post(f"{address}/replay", body, format="json").json() == {"queued": 1}
    deliver_due()
    assert client.get(f"{address}/deliveries").json()["deliveries"][0]["status"] == "delivered"


def test_changing_rotating_and_removing_leave_a_trace(world: Any, person: Person) -> None:
    client = person(world.owner)
    made = add(client).json()
    address = f"{ENDPOINTS}/{made['id']}"
    changed = client.patch(address, {"events": ["message.sent", "message.sent"]}, format="json").json()
    assert (changed["events"], changed["url"]) == (["message.sent"], "https://example.com/hook")
    rotated = client.post(f"{address}/rotate", {"overlapHours": 1}, format="json")
    assert (rotated.status_code, rotated.json()["secret"] == made["secret"]) == (201, False)
    assert rotated.json()["oldSecretUntil"] is not None
    assert client.delete(address).status_code == 204
    assert client.get(address).status_code == 404
    with cross_workspace("demo"):
        events = AuditEvent.objects.filter(action__startswith="webhook.").order_by("pk")
        assert list(events.values_list("action", flat=True)) == [
            "webhook.added", "webhook.changed", "webhook.secret_rotated", "webhook.removed",
        ]  # fmt: skip
        assert "example.com" not in str(list(events.values_list("changes", flat=True)))
