"""Staff pages: every list and detail renders in few queries, nothing sealed shows, actions go through services."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.db import models
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEvent, PlatformAccount, RefreshSession, User
from huntaze.apps import find_staff_pages
from huntaze.kernel import clock
from huntaze.kernel.tenancy import cross_workspace, workspace_scope
from messaging.models import Conversation, Delivery, Fan, FanSignal, InboundEvent, Message
from messaging.services import inbound
from messaging.services.fans import conversation_of, upsert_fan
from tests.factories.accounts import UserFactory, api_key
from tests.factories.messaging import FanFactory, delivery
from tests.platforms.webhooks import body, message, user

pytestmark = pytest.mark.django_db
find_staff_pages()
CANARIES = ("Canariella", "canary.handle", "a canary sings", "canary-credential")
MASK = "•••"
PAGES = {
    model._meta.label: model
    for model in admin.site._registry
    if model._meta.app_label in {"accounts", "billing", "messaging"}
}


@pytest.fixture
def staff(db: None) -> User:
    return UserFactory(is_staff=True, is_superuser=True)


@pytest.fixture
def desk(staff: User) -> Client:
    client = Client()
    client.force_login(staff)
    return client


@pytest.fixture
def furnished(world: Any) -> Any:
    """One row and more of everything that staff may look at, with words in it that must not show."""
    now = clock.now()
    api_key(world.owner)
    fan = FanFactory(account=world.account, name=CANARIES[0], handle=CANARIES[1], handle_digest=b"\xca" * 32)
    row = delivery(
        fan, world.owner, text=CANARIES[2], state="failed", last_error="not_found", trace_id="trace-1"
    )
    told = body(
        "messages.received", "acct_unknown", message(1, CANARIES[2], "", fromUser=user(1, *CANARIES[:2]))
    )
    inbound.store(body=told, event_key="evt_1", now=now)
    RefreshSession.objects.create(
        user=world.owner.user,
        workspace_id=world.owner.workspace_id,
        device=b"\xca" * 32,
        session_version=1,
        idle_seconds=60,
        created_at=now,
        last_used_at=now,
        expires_at=now,
    )
    with cross_workspace("demo"):
        world.account.credentials = CANARIES[3]
        world.account.save(update_fields=["credentials"])
        conversation = conversation_of(fan)
        FanSignal.objects.create(
            workspace_id=fan.workspace_id,
            account=world.account,
            conversation=conversation,
            kind="tip",
            amount_minor=500,
            platform_event_id="8001",
            occurred_at=now,
        )
        AuditEvent.objects.create(
            workspace_id=fan.workspace_id, actor_kind="system", action="test.made", at=now
        )
    world.row, world.canary = row, fan
    return world


def url(model: type[models.Model], *args: Any) -> str:
    page = "change" if args else "changelist"
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def rows_of(model: type[models.Model]) -> list[Any]:
    with cross_workspace("demo"):
        return list(model._default_manager.order_by("pk"))


def listed(client: Client, model: type[models.Model], search: str) -> list[int]:
    """Keys of the rows that the list shows for a search."""
    answer = client.get(url(model), {"q": search})
    assert answer.status_code == 200
    return sorted(row.pk for row in answer.context["cl"].result_list)


@pytest.mark.parametrize("label", PAGES)
def test_every_list_renders_and_shows_nothing_sealed(desk: Client, furnished: Any, label: str) -> None:
    answer = desk.get(url(PAGES[label]))
    assert answer.status_code == 200
    assert len(answer.context["cl"].result_list) == len(rows_of(PAGES[label]))
    assert [canary for canary in CANARIES if canary in answer.content.decode()] == []


@pytest.mark.parametrize("label", PAGES)
def test_every_detail_renders_and_shows_nothing_sealed(desk: Client, furnished: Any, label: str) -> None:
    for row in rows_of(PAGES[label]):
        answer = desk.get(url(PAGES[label], row.pk))
        assert answer.status_code == 200
        assert [canary for canary in CANARIES if canary in answer.content.decode()] == []


def test_sealed_values_show_as_dots(desk: Client, furnished: Any) -> None:
    for row in (furnished.canary, furnished.row.message):
        assert MASK in desk.get(url(type(row), row.pk)).content.decode()


@pytest.mark.parametrize(
    ("model", "hidden"),
    [
        (Fan, ["handle_digest", "name_digest"]),
        (Message, ["text_digest"]),
        (InboundEvent, ["body", "body_digest", "lease_token"]),
        (Delivery, ["lease_token"]),
        (PlatformAccount, ["credentials"]),
        (RefreshSession, ["device"]),
        (User, ["password"]),
    ],
)
def test_digests_tokens_and_credentials_have_no_field(
    desk: Client, furnished: Any, model: Any, hidden: list[str]
) -> None:
    row = rows_of(model)[0]
    page = desk.get(url(model, row.pk)).content.decode()
    assert "field-" in page
    assert [name for name in hidden if re.search(rf"field-{name}\b(?!_)", page)] == []


@pytest.mark.parametrize("label", PAGES)
def test_a_list_of_thirty_costs_at_most_twelve_queries(
    desk: Client, world: Any, label: str, django_assert_max_num_queries: Any
) -> None:
    for number in range(30):
        fan = FanFactory(account=world.account)
        delivery(fan, world.owner, state="failed")
        inbound.store(
            body=body("posts.liked", "acct_x", {"id": number}), event_key=f"evt_{number}", now=clock.now()
        )
    desk.get(url(PAGES[label]))
    with django_assert_max_num_queries(12):
        assert desk.get(url(PAGES[label])).status_code == 200


def test_a_delivery_is_found_by_every_id_that_people_have(desk: Client, furnished: Any) -> None:
    row = furnished.row
    other = delivery(furnished.other_fan, furnished.owner)
    for search in (
        row.message.public_id,
        row.public_id,
        furnished.canary.public_id,
        "trace-1",
        f" {row.public_id} ",
    ):
        assert listed(desk, Delivery, search) == [row.pk]
    assert listed(desk, Delivery, furnished.other_account.public_id) == [other.pk]
    assert listed(desk, Delivery, furnished.other_account.handle) == [other.pk]
    assert listed(desk, Delivery, "msg_00000000000000000000000000") == []


def test_a_fan_is_found_by_id_and_by_exact_handle(desk: Client, furnished: Any) -> None:
    with workspace_scope(furnished.account.workspace_id):
        fan = upsert_fan(
            account=furnished.account, platform_user_id="4711", name="Sam", handle="Sam.W", now=clock.now()
        )
    for search in (fan.public_id, "4711", "sam.w", "@Sam.W"):
        assert listed(desk, Fan, search) == [fan.pk]
    assert listed(desk, Fan, " SAM") == [fan.pk]  # the whole name, sealed as it is
    assert listed(desk, Fan, "sa") == []


SUBJECTS: dict[str, Callable[[Any], Any]] = {
    "delivery": lambda world: world.row,
    "message": lambda world: world.row.message,
    "conversation": lambda world: rows_of(Conversation)[0],
    "signal": lambda world: rows_of(FanSignal)[0],
    "event": lambda world: rows_of(InboundEvent)[0],
}


@pytest.mark.parametrize("subject", SUBJECTS)
def test_a_list_finds_a_row_by_its_public_id(desk: Client, furnished: Any, subject: str) -> None:
    row = SUBJECTS[subject](furnished)
    assert listed(desk, type(row), row.public_id) == [row.pk]


def act(client: Client, model: Any, action: str, *rows: Any) -> Any:
    data = {"action": action, "_selected_action": [row.pk for row in rows]}
    return client.post(url(model), data, follow=True)


def said(answer: Any) -> list[str]:
    return [str(text) for text in answer.context["messages"]]


def test_retry_queues_a_dead_letter_and_leaves_an_audit_row(
    desk: Client, staff: User, furnished: Any
) -> None:
    queued = delivery(furnished.fan, furnished.owner)
    answer = act(desk, Delivery, "retry", furnished.row, queued)
    assert said(answer) == ["1 message changed.", "1 message was in another state and stayed as it was."]
    furnished.row.refresh_from_db()
    assert furnished.row.state == "queued"
    with cross_workspace("demo"):
        audit = AuditEvent.objects.get(action="message.retried")
    assert (audit.target, audit.actor_kind, audit.actor_user_id, audit.workspace_id) == (
        furnished.row.message.public_id,
        "staff",
        staff.pk,
        furnished.row.workspace_id,
    )


@pytest.mark.parametrize(
    ("action", "state", "audited"),
    [("mark_arrived", "sent", "message.declared_arrived"), ("queue_again", "queued", "message.sent_again")],
)
def test_an_uncertain_message_is_decided(
    desk: Client, world: Any, action: str, state: str, audited: str
) -> None:
    row = delivery(world.fan, world.owner, state="uncertain", needs_lookup=True)
    assert said(act(desk, Delivery, action, row)) == ["1 message changed."]
    row.refresh_from_db()
    assert row.state == state
    with cross_workspace("demo"):
        assert AuditEvent.objects.filter(action=audited, target=row.message.public_id).count() == 1


def test_an_event_is_applied_again_and_it_is_logged_who_asked(
    desk: Client, staff: User, furnished: Any
) -> None:
    inbound.apply_due()
    [event] = rows_of(InboundEvent)
    assert event.state == "unclaimed"
    with cross_workspace("demo"):
        PlatformAccount.objects.filter(pk=furnished.account.pk).update(external_id="acct_unknown")
    assert said(act(desk, InboundEvent, "replay", event)) == ["1 event queued."]
    inbound.apply_due()
    event.refresh_from_db()
    assert event.state == "done"
    with cross_workspace("demo"):
        assert Message.objects.get(platform_message_id="1").text.reveal() == CANARIES[2]
    log = LogEntry.objects.get()
    assert (log.user_id, log.object_id, log.change_message) == (staff.pk, str(event.pk), "replay")


def test_nothing_can_be_written_by_form(desk: Client, furnished: Any) -> None:
    page = url(Delivery, furnished.row.pk)
    assert desk.post(page, {"state": "sent"}).status_code == 403
    assert desk.post(page.replace("change", "delete"), {"post": "yes"}).status_code == 403
    assert desk.get(reverse("admin:messaging_delivery_add")).status_code == 403
    furnished.row.refresh_from_db()
    assert furnished.row.state == "failed"


@pytest.mark.parametrize("is_signed_in", [True, False])
def test_others_are_sent_to_the_sign_in(furnished: Any, is_signed_in: bool) -> None:
    client = Client()
    if is_signed_in:
        client.force_login(furnished.owner.user)
    for page in (reverse("admin:index"), url(Delivery), url(Delivery, furnished.row.pk)):
        answer = client.get(page)
        assert (answer.status_code, answer["Location"]) == (302, f"{reverse('admin:login')}?next={page}")
    door = client.get(reverse("admin:login"))
    assert (door.status_code, door.get("Location")) == (
        (403, None) if is_signed_in else (302, "/signin?next=/admin/")
    )
    assert act(client, Delivery, "retry", furnished.row).status_code == (403 if is_signed_in else 200)
    furnished.row.refresh_from_db()
    assert furnished.row.state == "failed"
