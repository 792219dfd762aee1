"""Events on their way to endpoints, over real HTTP to a server of the test's own."""

import base64
import hashlib
import hmac
import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import connection, transaction

from accounts.models import AuditEvent, WebhookDelivery, WebhookSubscription
from accounts.rules import webhooks as rules
from accounts.rules.webhooks import EventKind
from accounts.services.audit import Actor
from accounts.services.retention import run
from accounts.services.webhooks import endpoints
from accounts.services.webhooks.deliver import EVENTS, deliver_due
from accounts.services.webhooks.events import Event, announce
from huntaze.kernel import clock, ids
from huntaze.kernel.tenancy import cross_workspace, workspace_scope
from tests.accounts.letters import send
from tests.sandbox.server import Receiver, run_receiver

SYSTEM = Actor.system()
FAILED = EventKind.MESSAGE_FAILED


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    settings.DEMO = True  # the receiver listens on loopback
    with run_receiver() as found:
        yield found


def listen(member: Any, url: str, *kinds: str) -> tuple[WebhookSubscription, str]:
    with workspace_scope(member.workspace_id):
        return endpoints.add(
            workspace_pk=member.workspace_id,
            url=url,
            events=list(kinds) or [str(FAILED)],
            actor=SYSTEM,
            now=clock.now(),
        )


def happen(member: Any, kind: EventKind = FAILED, count: int = 1) -> int:
    with workspace_scope(member.workspace_id):
        events = [Event(member.workspace_id, kind, {"messageId": f"msg_{n}"}) for n in range(count)]
        return announce(events, now=clock.now())


def rows() -> list[WebhookDelivery]:
    with cross_workspace("demo"):
        return list(WebhookDelivery.objects.order_by("pk"))


def endpoint(pk: int) -> WebhookSubscription:
    with cross_workspace("demo"):
        return WebhookSubscription.objects.get(pk=pk)


def hurry() -> None:
    """Whatever waits is due, and no endpoint rests."""
    with cross_workspace("demo"):
        WebhookDelivery.objects.filter(state="queued").update(available_at=clock.now())
        WebhookSubscription.objects.update(held_until=None)


def signed(secret: str, headers: dict[str, str], body: bytes) -> str:
    """The signature as a receiver computes it, from the words of the specification."""
    said = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = base64.b64decode(secret.removeprefix("whsec_"))
    return "v1," + base64.b64encode(hmac.new(key, said, hashlib.sha256).digest()).decode()


def test_the_signature_is_that_of_the_published_example() -> None:
    """Reference vector of the Standard Webhooks test suite."""
    assert (
        rules.signature(
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            event_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
            timestamp=1614265330,
            body='{"test": 2432232314}',
        )
        == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    )


def test_an_event_arrives_signed(world: Any, receiver: Receiver) -> None:
    _, secret = listen(world.owner, receiver.url)
    happen(world.owner)
    assert deliver_due() == 1
    ((headers, body),) = receiver.got
    assert headers["webhook-signature"] == signed(secret, headers, body)
    assert abs(int(headers["webhook-timestamp"]) - clock.now().timestamp()) < 60
    said = json.loads(body)
    assert (said["type"], said["data"]) == ("message.failed", {"messageId": "msg_0"})
    (row,) = rows()
    assert headers["webhook-id"] == ids.encode("evt", row.event_uid)
    assert (row.state, row.attempts, [t["status"] for t in row.tries]) == ("done", 1, [200])
    assert deliver_due() == 0


def test_the_secret_and_the_address_lie_sealed(world: Any, receiver: Receiver) -> None:
    row, secret = listen(world.owner, receiver.url)
    with connection.cursor() as cursor:
        cursor.execute("SELECT url, secret FROM accounts_webhooksubscription WHERE id = %s", [row.pk])
        assert [text[:3] for text in cursor.fetchone()] == ["v1.", "v1."]
    assert secret.startswith("whsec_")
    assert len(base64.b64decode(secret[6:])) == 32


def test_only_what_was_asked_for_and_only_in_its_workspace(world: Any, receiver: Receiver) -> None:
    listen(world.owner, receiver.url, "message.sent", "message.failed")
    assert happen(world.owner, EventKind.MESSAGE_RECEIVED) == 0
    assert happen(world.outsider) == 0
    assert happen(world.owner, EventKind.MESSAGE_SENT) == 1


def test_an_event_is_undone_with_what_it_tells(world: Any, receiver: Receiver) -> None:
    listen(world.owner, receiver.url)
    with transaction.atomic():
        assert happen(world.owner) == 1
        transaction.set_rollback(True)
    assert rows() == []


def test_a_failure_is_tried_again_with_the_same_id_and_body(world: Any, receiver: Receiver) -> None:
    row, _ = listen(world.owner, receiver.url)
    receiver.statuses = [500]
    happen(world.owner)
    deliver_due()
    (waiting,) = rows()
    assert (waiting.state, waiting.last_error) == ("queued", "http_500")
    assert 3.0 < (waiting.available_at - clock.now()).total_seconds() < 5.6
    assert endpoint(row.pk).failing_since is not None
    hurry()
    deliver_due()
    (first, body), (second, again) = receiver.got
    assert (first["webhook-id"], body) == (second["webhook-id"], again)
    assert [t["status"] for t in rows()[0].tries] == [500, 200]
    assert (endpoint(row.pk).failures, endpoint(row.pk).failing_since) == (0, None)


def test_a_redirect_is_a_failure_and_is_not_followed(world: Any, receiver: Receiver) -> None:
    listen(world.owner, receiver.url)
    receiver.statuses = [302]
    happen(world.owner)
    deliver_due()
    assert (len(receiver.got), rows()[0].last_error) == (1, "http_302")


def test_after_the_eighth_attempt_it_is_a_dead_letter_that_can_be_sent_again(
    world: Any, receiver: Receiver
) -> None:
    row, _ = listen(world.owner, receiver.url)
    receiver.statuses = [503] * 8
    happen(world.owner)
    for _ in range(8):
        hurry()
        deliver_due()
    (dead,) = rows()
    assert (dead.state, dead.attempts, len(receiver.got)) == ("failed", 8, 8)
    with workspace_scope(world.owner.workspace_id):
        again = {"row": row, "delivery_pk": dead.pk, "actor": SYSTEM, "now": clock.now()}
        assert endpoints.send_again(**again)
        assert not endpoints.send_again(**again)
    hurry()
    deliver_due()
    assert rows()[0].state == "done"
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1


def test_the_waits_grow_and_are_spread() -> None:
    assert rules.delays(0.0) == (5.0, 60.0, 300.0, 1800.0, 7200.0, 21600.0, 54000.0)
    assert rules.delays(1.0)[0] == pytest.approx(5.5)
    assert rules.delays(0.0, retry_after=120)[:3] == (120, 120, 300.0)
    assert rules.delays(0.0, retry_after=999_999)[0] == 3600
    assert [rules.retry_after_of(text) for text in ("30", "", None, "x", "-1", "²")] == [30, 0, 0, 0, 0, 0]


def test_an_address_that_is_gone_is_switched_off_and_the_owners_are_told(
    world: Any, receiver: Receiver
) -> None:
    row, _ = listen(world.owner, receiver.url)
    receiver.statuses = [410]
    happen(world.owner)
    deliver_due()
    assert (endpoint(row.pk).disabled_reason, rows()[0].state) == ("gone", "failed")
    (letter,) = send()
    assert (letter.to, letter.subject) == ([world.owner.user.email], "A webhook endpoint was switched off")
    assert "127.0.0.1 answered" in str(letter.body)
    assert happen(world.owner) == 0


def test_five_days_of_failure_switch_an_endpoint_off_once(world: Any, receiver: Receiver) -> None:
    row, _ = listen(world.owner, receiver.url)
    receiver.statuses = [500] * 4
    happen(world.owner, count=2)
    deliver_due()
    assert endpoint(row.pk).disabled_at is None
    with cross_workspace("demo"):
        long_ago = clock.now() - rules.PATIENCE
        WebhookSubscription.objects.update(failing_since=long_ago)
    hurry()
    deliver_due()
    assert endpoint(row.pk).disabled_reason == "failing"
    assert len(send()) == 1
    with cross_workspace("demo"):
        told = AuditEvent.objects.filter(action="webhook.disabled")
        assert list(told.values_list("target", flat=True)) == [row.public_id]
        assert not endpoints.switch_off(pk=row.pk, reason="failing", now=clock.now())
    assert len(mail.outbox) == 1


def test_an_endpoint_that_fails_holds_up_no_other(world: Any, receiver: Receiver) -> None:
    with run_receiver() as well:
        bad, _ = listen(world.owner, "http://127.0.0.1:9/closed")
        listen(world.owner, well.url)
        happen(world.owner, count=3 * EVENTS)
        deliver_due()
        assert len(well.got) == 3 * EVENTS
    tried = [row for row in rows() if row.subscription_id == bad.pk and row.tries]
    assert len(tried) == EVENTS
    assert {row.last_error for row in tried} == {"connection_refused"}
    assert endpoint(bad.pk).held_until is not None


def test_for_the_overlap_an_event_bears_two_signatures(world: Any, receiver: Receiver) -> None:
    row, old = listen(world.owner, receiver.url)
    with workspace_scope(world.owner.workspace_id):
        _, new = endpoints.rotate(row=row, overlap=timedelta(hours=1), actor=SYSTEM, now=clock.now())
    happen(world.owner)
    deliver_due()
    headers, body = receiver.got[0]
    assert headers["webhook-signature"].split() == [signed(new, headers, body), signed(old, headers, body)]
    with cross_workspace("demo"):
        WebhookSubscription.objects.update(old_secret_until=clock.now())
    happen(world.owner)
    deliver_due()
    headers, body = receiver.got[1]
    assert headers["webhook-signature"] == signed(new, headers, body)


def test_a_name_that_leads_inside_by_the_time_of_the_call_is_not_called(
    world: Any, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The address was fine when it was added; each call judges what the name says then."""
    settings.DEMO = False
    listen(world.owner, "https://rebind.example:8443/hook")
    real = socket.getaddrinfo

    def rebound(host: Any, *args: Any, **more: Any) -> Any:
        if host == "rebind.example":
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("169.254.169.254", 8443))]
        return real(host, *args, **more)

    monkeypatch.setattr(socket, "getaddrinfo", rebound)
    happen(world.owner)
    deliver_due()
    assert rows()[0].last_error == "address_refused"


def test_a_removed_endpoint_gets_nothing_and_keeps_no_secret(world: Any, receiver: Receiver) -> None:
    row, _ = listen(world.owner, receiver.url)
    happen(world.owner)
    with workspace_scope(world.owner.workspace_id):
        assert endpoints.remove(row=row, actor=SYSTEM, now=clock.now())
        assert not endpoints.remove(row=row, actor=SYSTEM, now=clock.now())
    assert (deliver_due(), receiver.got) == (0, [])
    assert (endpoint(row.pk).url.reveal(), endpoint(row.pk).secret.reveal()) == ("", "")


def test_what_waits_too_long_is_given_up_and_what_is_old_is_forgotten(world: Any, receiver: Receiver) -> None:
    listen(world.owner, receiver.url)
    happen(world.owner, count=2)
    now = clock.now()
    assert run.forget("webhook_waits", now=now + timedelta(days=2)) == 0
    assert [row.state for row in rows()] == ["queued", "queued"]
    assert run.forget("webhook_waits", now=now + timedelta(days=4)) == 2
    assert [row.last_error for row in rows()] == ["too_late", "too_late"]
    assert run.forget("webhook_events", now=now + timedelta(days=31)) == 2
    assert rows() == []


@pytest.mark.django_db(transaction=True)
def test_workers_at_once_call_once_for_each_event(world: Any, receiver: Receiver) -> None:
    listen(world.owner, receiver.url)
    happen(world.owner, count=30)

    def work(_: int) -> int:
        try:
            return deliver_due()
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(work, range(4))) == 30
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == len(receiver.got) == 30
