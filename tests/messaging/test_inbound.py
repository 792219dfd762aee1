"""What webhooks change: from the sandbox through the real door, and in every order, once or twice, early or late."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import transaction

from accounts.models import AuditEvent, PlatformAccount
from huntaze.kernel import clock
from huntaze.kernel.tenancy import cross_workspace
from messaging.models import Conversation, Delivery, Fan, FanSignal, InboundEvent, Message
from messaging.services import inbound
from messaging.services.sync import register_webhook
from tests.factories.accounts import CreatorFactory, PlatformAccountFactory, WorkspaceFactory
from tests.factories.messaging import delivery
from tests.platforms.webhooks import attempt, body, message, tell, tipped, unlocked, user
from tests.sandbox.server import FAN, Sandbox, flush

NOW = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)


def at(minutes: int) -> str:
    return (NOW + timedelta(minutes=minutes)).isoformat()


@pytest.fixture
def account(world: Any) -> PlatformAccount:
    """Known since before all news of these tests."""
    with cross_workspace("demo"):
        PlatformAccount.objects.filter(pk=world.account.pk).update(state_changed_at=NOW - timedelta(days=1))
        world.account.refresh_from_db()
    return world.account


@pytest.fixture
def hear(account: PlatformAccount) -> Callable[..., None]:
    """`hear(event, payload)` stores and applies one event of the account."""
    numbers = iter(range(1000))

    def tell_one(event: str, payload: Any, key: str = "") -> None:
        tell(body(event, account.external_id, payload), key or f"evt_{next(numbers)}")

    return tell_one


def rows(model: Any, **filters: Any) -> list[Any]:
    with cross_workspace("demo"):
        return list(model.objects.filter(**filters).order_by("pk"))


def one(model: Any, **filters: Any) -> Any:
    [row] = rows(model, **filters)
    return row


def state_of(row: Any) -> str:
    return str(one(type(row), pk=row.pk).state)


# --- from the sandbox, over HTTP both ways


@pytest.fixture
def wired(platform: Sandbox, live_server: Any, account: PlatformAccount) -> Sandbox:
    """The sandbox sends what happens on the account to our own door."""
    with cross_workspace("demo"):
        yesterday = clock.now() - timedelta(days=1)
        rows = PlatformAccount.objects.filter(pk=account.pk)
        rows.update(external_id=platform.account, state_changed_at=yesterday)
    register_webhook(url=f"{live_server.url}/api/webhooks/onlyfans")
    return platform


def arrive(platform: Sandbox) -> None:
    flush(platform)
    statuses = [row["status"] for row in platform.control("GET", "webhooks")]
    assert statuses == ["delivered"] * len(statuses)
    inbound.apply_due()


@pytest.mark.django_db(transaction=True)
def test_a_fans_words_purchases_and_tips_appear_on_the_conversation(wired: Sandbox, world: Any) -> None:
    wired.control("POST", f"fans/{FAN}/say", {"text": "hey you & me"})
    paid = {"text": "a set", "price": 9.5, "mediaFiles": ["3000000001"]}
    ids = [str(wired.send(paid).json()["data"]["id"]) for _ in range(2)]
    flush(wired)
    for message_id in ids:
        wired.control("POST", f"fans/{FAN}/buy", {"messageId": message_id})
    wired.control("POST", f"fans/{FAN}/tip", {"amount": 12.5, "text": "for you"})
    arrive(wired)

    fan = one(Fan, platform_user_id=str(FAN))
    listed = wired.control("GET", f"fans?account={wired.account}&limit=1")[0]
    assert (fan.account_id, fan.workspace_id, fan.name.reveal(), fan.handle.reveal()) == (
        world.account.pk,
        world.account.workspace_id,
        listed["name"],
        listed["username"],
    )
    conversation = one(Conversation, fan=fan)
    found = rows(Message, conversation=conversation)
    said = sorted((row.direction, row.text.reveal(), row.price_minor) for row in found)
    assert said == [
        ("in", "for you", 0),
        ("in", "hey you & me", 0),
        ("out", "a set", 950),
        ("out", "a set", 950),
    ]
    assert conversation.unread_count == 2
    bought = {row.platform_message_id for row in rows(Message) if row.purchased_at}
    assert bought == set(ids)
    signals = rows(FanSignal, conversation=conversation)
    told = sorted((row.kind, row.amount_minor) for row in signals)
    assert told == [("purchase", 950), ("purchase", 950), ("tip", 1250)]
    assert {row.message.platform_message_id for row in rows(FanSignal, kind="purchase")} == set(ids)
    assert {row.state for row in rows(InboundEvent)} == {"done"}


@pytest.mark.django_db(transaction=True)
def test_duplicates_and_disorder_of_the_sandbox_change_nothing(wired: Sandbox) -> None:
    wired.fault("duplicate", rate=0.5, params={"n": 2})
    wired.fault("reorder", params={"window": 4})
    for number in range(8):
        wired.control("POST", f"fans/{FAN}/say", {"text": f"line {number}"})
    arrive(wired)
    assert sorted(row.text.reveal() for row in rows(Message)) == [f"line {number}" for number in range(8)]
    assert one(Conversation).unread_count == 8
    assert len(rows(InboundEvent)) == 8


@pytest.mark.django_db(transaction=True)
def test_a_lost_session_and_its_return_reach_the_account(wired: Sandbox, world: Any) -> None:
    states = []
    for state in ("needs_otp", "needs_face_otp", "session_expired", "connected"):
        wired.control("POST", f"accounts/{wired.account}/state", {"state": state})
        arrive(wired)
        states.append(state_of(world.account))
    assert states == ["needs_code", "needs_face", "expired", "connected"]


# --- one event


@pytest.mark.django_db
def test_a_message_is_read_whole(account: PlatformAccount, hear: Any) -> None:
    media = [{"id": 31}, {"id": "32"}]
    text = "one<br>two &lt;3</p><p>three"
    hear("messages.received", message(7388012345, text, at(0), price=12.5, media=media, fromUser=user(4711)))
    row = one(Message)
    assert (row.direction, row.author_kind, row.platform_message_id) == ("in", "platform", "7388012345")
    assert (row.price_minor, row.media_ids, row.created_at) == (1250, ["31", "32"], NOW)
    assert row.text.reveal() == "one\ntwo <3\nthree"
    fan = one(Fan, platform_user_id="4711")
    assert (fan.name.reveal(), fan.handle.reveal(), fan.last_active_at) == ("Sam", "sam.w", NOW)


@pytest.mark.django_db
def test_a_late_message_does_not_pull_the_time_back(account: PlatformAccount, hear: Any) -> None:
    hear("messages.received", message(2, "second", at(9), fromUser=user(4711)))
    hear("messages.received", message(1, "first", at(3), fromUser=user(4711)))
    fan = one(Fan, platform_user_id="4711")
    conversation = one(Conversation, fan=fan)
    assert fan.last_active_at == conversation.last_message_at == NOW + timedelta(minutes=9)
    assert conversation.unread_count == 2


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("link_in", "amount", "minor"),
    [
        ("replacePairs", "$12.00", 1200),
        ("text", "$7", 700),
        ("replacePairs", "12 EUR", None),
        ("replacePairs", "$1e3", None),
    ],
)
def test_a_purchase_is_read_from_the_link(
    account: PlatformAccount, hear: Any, link_in: str, amount: str, minor: int | None
) -> None:
    hear("messages.sent", message(7388, "set", at(0), toUser=user(4711)))
    payload = unlocked("8001", 4711, 7388, at(1), amount)
    if link_in == "text":
        payload["text"] = payload["replacePairs"].pop("{MESSAGE_LINK}")
    hear("messages.ppv.unlocked", payload)
    signal = one(FanSignal)
    assert (signal.kind, signal.amount_minor, signal.occurred_at) == (
        "purchase",
        minor,
        NOW + timedelta(minutes=1),
    )
    assert signal.message_id == one(Message).pk
    assert signal.conversation.fan.platform_user_id == "4711"
    assert one(Message).purchased_at == NOW + timedelta(minutes=1)


@pytest.mark.django_db
def test_a_purchase_shows_at_once_and_finds_its_message_later(account: PlatformAccount, hear: Any) -> None:
    with time_machine.travel(NOW, tick=False) as time:
        hear("messages.ppv.unlocked", unlocked("8001", 4711, 7388, at(0)))
        signal = one(FanSignal)
        assert (signal.amount_minor, signal.message_id) == (1200, None)
        hear("messages.sent", message(7388, "set", at(-1), toUser=user(4711)))
        time.shift(2)
        inbound.apply_due()
    bought = one(Message)
    assert (one(FanSignal).message_id, bought.purchased_at) == (bought.pk, NOW)
    assert {row.state for row in rows(InboundEvent)} == {"done"}


@pytest.mark.django_db
def test_a_purchase_of_a_message_from_before_our_time_waits_a_minute_only(
    account: PlatformAccount, hear: Any
) -> None:
    with time_machine.travel(NOW, tick=False) as time:
        hear("messages.ppv.unlocked", unlocked("8001", 4711, 7388, at(0)))
        seen = []
        for seconds in (2, 10, 60):
            seen.append(one(InboundEvent).state)
            time.shift(seconds)
            inbound.apply_due()
        assert [*seen, one(InboundEvent).state] == ["queued", "queued", "queued", "done"]
    assert one(FanSignal).message_id is None


@pytest.mark.django_db
def test_a_deletion_that_overtakes_its_message_still_counts(account: PlatformAccount, hear: Any) -> None:
    with time_machine.travel(NOW, tick=False) as time:
        hear("messages.deleted", {"id": 7388})
        hear("messages.sent", message(7388, "oops", at(-1), toUser=user(4711)))
        assert one(Message).deleted_at is None
        time.shift(2)
        inbound.apply_due()
    assert one(Message).deleted_at == NOW


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("amount", "minor"), [(12.5, 1250), (7, 700), ("5.00", 500), (None, None), (-1, None), ("x", None)]
)
def test_a_tip_is_a_signal(account: PlatformAccount, hear: Any, amount: Any, minor: int | None) -> None:
    hear("tips.received", tipped("8002", 4711, amount, at(1)))
    signal = one(FanSignal)
    assert (signal.kind, signal.amount_minor, signal.message_id) == ("tip", minor, None)
    assert one(Fan, platform_user_id="4711").last_active_at == NOW + timedelta(minutes=1)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("event", "payload", "reason"),
    [
        ("messages.received", {"id": 1, "text": "hi"}, "no_fan"),
        ("messages.received", {"text": "hi", "fromUser": {"id": 4711}}, "no_id"),
        ("messages.received", {"id": 1, "fromUser": {"id": True}}, "no_fan"),
        ("messages.sent", {"text": "hi", "toUser": {"id": 4711}}, "no_id"),
        ("messages.sent", {"id": 1, "toUser": 4711}, "no_fan"),
        ("messages.ppv.unlocked", {"id": "8", "user_id": "100000000"}, "no_fan"),
        ("messages.ppv.unlocked", {"user": {"id": "4711"}}, "no_id"),
        ("tips.received", {"id": "8", "user_id": "100000000", "amountGross": 5}, "no_fan"),
        ("tips.received", {"user": {"id": "4711"}}, "no_id"),
        ("tips.received", [1], "no_id"),
    ],
)
def test_what_lacks_its_subject_is_quarantined_with_a_reason(
    account: PlatformAccount, hear: Any, event: str, payload: Any, reason: str
) -> None:
    hear(event, payload)
    row = one(InboundEvent)
    assert (row.state, row.last_error) == ("quarantined", reason)
    assert rows(Fan, platform_user_id="4711") == rows(Message) == rows(FanSignal) == []


@pytest.mark.django_db
@pytest.mark.parametrize("event", ["posts.liked", "something.new", "transactions.new"])
def test_an_unknown_event_is_stored_and_ignored(account: PlatformAccount, hear: Any, event: str) -> None:
    hear(event, {"id": 1})
    assert (one(InboundEvent).state, one(InboundEvent).last_error) == ("done", "")


@pytest.mark.django_db
def test_an_account_that_nobody_holds_is_unclaimed(world: Any) -> None:
    tell(body("messages.received", "acct_unknown", message(1, "hi", at(0), fromUser=user(4711))), "evt_1")
    assert (one(InboundEvent).state, one(InboundEvent).last_error) == ("unclaimed", "no account")
    assert rows(Message) == []


@pytest.mark.django_db
def test_news_lands_in_the_workspace_of_its_account(world: Any) -> None:
    heard = message(1, "hi", at(0), fromUser=user(4711))
    for number, account in enumerate((world.account, world.outsider_account)):
        tell(body("messages.received", account.external_id, heard), f"evt_{number}")
    found = {(row.workspace_id, row.account_id) for row in rows(Message)}
    assert found == {(row.workspace_id, row.pk) for row in (world.account, world.outsider_account)}


@pytest.mark.django_db
def test_an_event_without_a_payload_stops_nobody(account: PlatformAccount, hear: Any) -> None:
    hear("messages.deleted", None)
    hear("messages.received", message(1, "hi", at(0), fromUser=user(4711)))
    assert [row.state for row in rows(InboundEvent)] == ["quarantined", "done"]


@pytest.mark.django_db
def test_what_could_not_be_applied_is_applied_again_on_request(world: Any) -> None:
    tell(body("messages.received", "acct_new", message(1, "hi", at(0), fromUser=user(4711))), "evt_1")
    with cross_workspace("demo"):
        PlatformAccount.objects.filter(pk=world.account.pk).update(external_id="acct_new")
    assert inbound.apply_again(pks=[one(InboundEvent).pk], now=clock.now()) == 1
    inbound.apply_due()
    assert (one(InboundEvent).state, one(Message).text.reveal()) == ("done", "hi")
    assert inbound.apply_again(pks=[one(InboundEvent).pk], now=clock.now()) == 0


# --- account states


@pytest.mark.django_db
@pytest.mark.parametrize("is_failure_late", [False, True])
def test_a_late_failure_does_not_undo_a_recovery(
    account: PlatformAccount, hear: Any, is_failure_late: bool
) -> None:
    news = [("accounts.session_expired", attempt(at(1))), ("accounts.reconnected", attempt(at(2)))]
    for event, payload in reversed(news) if is_failure_late else news:
        hear(event, payload)
    assert state_of(account) == "connected"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("event", "state"),
    [
        ("accounts.disconnected", "disconnected"),
        ("accounts.session_expired", "expired"),
        ("accounts.authentication_failed", "expired"),
        ("accounts.otp_code_required", "needs_code"),
        ("accounts.face_otp_required", "needs_face"),
    ],
)
def test_an_account_that_can_not_be_used_says_so(
    account: PlatformAccount, hear: Any, event: str, state: str
) -> None:
    hear(event, {"latestAuthAttempt": {"started_at": at(1), "completed_at": None}})
    row = one(PlatformAccount, pk=account.pk)
    assert (row.state, row.state_reason, row.state_changed_at) == (state, event, NOW + timedelta(minutes=1))
    audit = one(AuditEvent, action="account.state_changed")
    assert (audit.changes, audit.actor_kind) == ({"from": "connected", "to": state}, "system")


@pytest.mark.django_db
def test_a_disconnected_account_comes_back_with_what_it_missed(account: PlatformAccount, hear: Any) -> None:
    with time_machine.travel(NOW, tick=False):
        hear("accounts.disconnected", attempt(at(-9)))
        hear("messages.received", message(1, "are you there?", at(-5), fromUser=user(4711)))
        assert (state_of(account), rows(Message)) == ("disconnected", [])
        hear("accounts.reconnected", attempt(at(-1)))
    assert state_of(account) == "connected"
    assert one(Message).text.reveal() == "are you there?"
    assert {row.state for row in rows(InboundEvent)} == {"done"}


@pytest.mark.django_db
@pytest.mark.parametrize("reference", [None, "acc_00000000000000000000000000"])
def test_a_connection_made_for_somebody_else_revives_nothing(
    account: PlatformAccount, hear: Any, reference: str | None
) -> None:
    hear("accounts.disconnected", attempt(at(-9)))
    hear("accounts.connected", attempt(at(-1)) | {"client_reference_id": reference})
    assert state_of(account) == "disconnected"
    hear("accounts.connected", attempt(at(0)) | {"client_reference_id": account.public_id})
    assert state_of(account) == "connected"


@pytest.mark.django_db
def test_an_account_bound_again_elsewhere_keeps_its_news_there(account: PlatformAccount, hear: Any) -> None:
    hear("accounts.disconnected", attempt(at(-9)))
    creator = CreatorFactory(workspace=WorkspaceFactory())
    fresh = PlatformAccountFactory(creator=creator, external_id=account.external_id, state_changed_at=NOW)
    hear("accounts.session_expired", attempt(at(1)))
    hear("accounts.reconnected", attempt(at(2)))
    hear("messages.received", message(1, "hi", at(3), fromUser=user(4711)))
    assert (state_of(account), state_of(fresh)) == ("disconnected", "connected")
    assert one(Message).workspace_id == fresh.workspace_id


# --- our own messages reported back


@pytest.mark.django_db
def test_a_report_of_a_settled_message_changes_nothing(world: Any, hear: Any) -> None:
    row = delivery(world.fan, world.owner, state="sent")
    with cross_workspace("demo"):
        Message.objects.filter(pk=row.message_id).update(platform_message_id="7388")
    hear("messages.sent", message(7388, "Hello", at(0), toUser=user(int(world.fan.platform_user_id))))
    assert one(Message).pk == row.message_id


@pytest.mark.django_db
def test_a_report_settles_an_uncertain_message(world: Any, hear: Any) -> None:
    row = delivery(
        world.fan, world.owner, text="a <b>\nc", state="uncertain", last_error="timeout", needs_lookup=True
    )
    hear("messages.sent", message(7388, "a &lt;b&gt;<br>c", clock.now().isoformat(), toUser=to(world.fan)))
    row = one(Delivery)
    assert (row.state, row.needs_lookup, row.last_error) == ("sent", False, "")
    sent = one(Message)
    assert (sent.platform_message_id, sent.author_id) == ("7388", world.owner.pk)
    assert one(Conversation).last_message_at == sent.sent_at is not None


def to(fan: Fan) -> dict[str, Any]:
    return {"id": int(fan.platform_user_id), "_view": "s", "name": "Sam", "username": "sam.w"}


@pytest.mark.django_db
@pytest.mark.parametrize(
    "change",
    [
        {"price": 9.5},
        {"mediaCount": 1, "media": [{"id": 31}]},
        {"text": "<p>Hello you</p>"},
        {"toUser": user(4711)},
    ],
)
def test_a_report_of_another_message_leaves_ours_uncertain(
    world: Any, hear: Any, change: dict[str, Any]
) -> None:
    row = delivery(world.fan, world.owner, state="uncertain", last_error="timeout", needs_lookup=True)
    hear("messages.sent", message(7388, "Hello", clock.now().isoformat(), toUser=to(world.fan)) | change)
    assert state_of(row) == "uncertain"
    other = one(Message, platform_message_id="7388")
    assert (other.direction, other.author_kind, other.author_id) == ("out", "unknown", None)


@pytest.mark.django_db
def test_a_report_older_than_the_first_attempt_is_not_ours(world: Any, hear: Any) -> None:
    now = clock.now()
    row = delivery(world.fan, world.owner, state="uncertain", first_attempt_at=now, needs_lookup=True)
    hear(
        "messages.sent",
        message(7388, "Hello", (now - timedelta(seconds=6)).isoformat(), toUser=to(world.fan)),
    )
    assert state_of(row) == "uncertain"
    hear(
        "messages.sent",
        message(7389, "Hello", (now - timedelta(seconds=4)).isoformat(), toUser=to(world.fan)),
    )
    assert state_of(row) == "sent"


@pytest.mark.django_db
def test_a_report_waits_while_the_message_is_in_flight(world: Any, hear: Any) -> None:
    with time_machine.travel(NOW, tick=False) as time:
        row = delivery(world.fan, world.owner, state="sending")
        hear("messages.sent", message(7388, "Hello", at(0), toUser=to(world.fan)))
        event = one(InboundEvent)
        assert (event.state, event.last_error, len(rows(Message))) == ("queued", "not yet", 1)
        with cross_workspace("demo"):
            Delivery.objects.filter(pk=row.pk).update(state="sent")
            Message.objects.filter(pk=row.message_id).update(platform_message_id="7388")
        time.shift(2)
        inbound.apply_due()
    assert (one(InboundEvent).state, one(Message).pk) == ("done", row.message_id)


@pytest.mark.django_db
def test_a_report_settles_a_message_that_is_about_to_be_repeated(world: Any, hear: Any) -> None:
    row = delivery(world.fan, world.owner, state="queued", replays=1, last_error="timeout")
    hear("messages.sent", message(7388, "Hello", clock.now().isoformat(), toUser=to(world.fan)))
    assert (state_of(row), one(Message).platform_message_id) == ("sent", "7388")


@pytest.mark.django_db
def test_a_report_gives_its_id_to_a_message_that_a_person_saw_arrive(world: Any, hear: Any) -> None:
    row = delivery(world.fan, world.owner, state="sent")
    hear("messages.sent", message(7388, "Hello", clock.now().isoformat(), toUser=to(world.fan)))
    assert (one(Message).pk, one(Message).platform_message_id) == (row.message_id, "7388")


@pytest.mark.django_db
def test_a_report_that_fits_two_waits_for_their_own_answers_and_then_settles_one(
    world: Any, hear: Any
) -> None:
    with time_machine.travel(NOW, tick=False) as time:
        first, second = (
            delivery(world.fan, world.owner, state="uncertain", needs_lookup=True) for _ in range(2)
        )
        hear("messages.sent", message(7388, "Hello", at(0), toUser=to(world.fan)))
        seen = []
        for seconds in (2, 10, 60, 300):
            seen.append((state_of(first), state_of(second)))
            time.shift(seconds)
            inbound.apply_due()
    assert seen == [("uncertain", "uncertain")] * 4
    assert (state_of(first), state_of(second)) == ("sent", "uncertain")
    assert [row.platform_message_id for row in rows(Message)] == ["7388", None]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("text", "stored"), [("•••", "•••\u200b"), ("half \ud83d", "half ?"), ("a\x00b", "a\x00b")]
)
def test_a_fan_is_heard_whatever_they_write_or_are_called(
    account: PlatformAccount, hear: Any, text: str, stored: str
) -> None:
    hear("messages.received", message(1, text, at(0), fromUser=user(4711, text, text)))
    fan = one(Fan, platform_user_id="4711")
    assert [row.reveal() for row in (one(Message).text, fan.name, fan.handle)] == [stored] * 3


@pytest.mark.django_db
def test_a_queued_message_is_not_settled_by_the_same_words_written_elsewhere(world: Any, hear: Any) -> None:
    row = delivery(world.fan, world.owner, state="queued")
    hear("messages.sent", message(7388, "Hello", clock.now().isoformat(), toUser=to(world.fan)))
    assert state_of(row) == "queued"
    assert sorted(message.author_kind for message in rows(Message)) == ["human", "unknown"]


# --- any order


def story(account_id: str) -> list[tuple[bytes, str]]:
    """Some minutes of an account's life; `order` of the list is when it happened."""
    events: list[tuple[str, Any]] = [
        ("messages.received", message(101, "hey", at(-30), fromUser=user(4711))),
        ("messages.sent", message(102, "hello you", at(-29), toUser=user(4711))),
        ("messages.received", message(103, "what's new?", at(-28), fromUser=user(4711))),
        ("accounts.session_expired", attempt(at(-27))),
        ("messages.received", message(104, "anyone?", at(-26), fromUser=user(4712, "Kim", "kim"))),
        ("accounts.reconnected", attempt(at(-25))),
        ("messages.sent", message(105, "a set", at(-24), price=12, media=[{"id": 31}], toUser=user(4711))),
        ("messages.ppv.unlocked", unlocked("8001", 4711, 105, at(-23))),
        ("tips.received", tipped("8002", 4712, 7.5, at(-22))),
        ("accounts.otp_code_required", {"latestAuthAttempt": {"started_at": at(-21)}}),
        ("messages.sent", message(106, "oops", at(-20), toUser=user(4712, "Kim", "kim"))),
        ("accounts.disconnected", attempt(at(-19))),
        ("messages.deleted", {"id": 106}),
        ("accounts.reconnected", attempt(at(-17))),
        ("posts.liked", {"id": 1}),
        ("messages.ppv.unlocked", unlocked("8003", 4711, 99, at(-15), "$3")),
    ]
    return [
        (body(event, account_id, payload), f"evt_{number}") for number, (event, payload) in enumerate(events)
    ]


def snapshot(account: PlatformAccount) -> Any:
    account.refresh_from_db()
    return {
        "account": (account.state, account.state_changed_at),
        "fans": sorted(
            (f.platform_user_id, f.name and f.name.reveal(), f.last_active_at) for f in _of(Fan, account)
        ),
        "chats": sorted(
            (c.fan.platform_user_id, c.unread_count, c.last_message_at) for c in _of(Conversation, account)
        ),
        "messages": sorted(
            (m.platform_message_id, m.text.reveal(), m.price_minor, bool(m.purchased_at), bool(m.deleted_at))
            for m in _of(Message, account)
        ),
        "signals": sorted(
            (s.kind, s.platform_event_id, s.amount_minor, s.message and s.message.platform_message_id)
            for s in _of(FanSignal, account)
        ),
        "events": sorted((e.event_key, e.state) for e in InboundEvent.objects.all()),
    }


def _of(model: Any, account: PlatformAccount) -> Any:
    return model.objects.filter(account=account)


def live_through(account: PlatformAccount, told: list[tuple[bytes, str]], draw: random.Random) -> Any:
    """Hear `told` in its order, applying now and then, until nothing waits any more; then forget it all."""
    with transaction.atomic(), time_machine.travel(NOW, tick=False) as time:
        for raw, key in told:
            inbound.store(body=raw, event_key=key, now=clock.now())
            if draw.random() < 0.3:
                inbound.apply_due()
        for seconds in (0, 2, 10, 60):
            time.shift(seconds)
            inbound.apply_due()
        with cross_workspace("demo"):
            found = snapshot(account)
        transaction.set_rollback(True)
    return found


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(5))
def test_every_order_and_every_repeat_ends_the_same(account: PlatformAccount, seed: int) -> None:
    draw = random.Random(seed)
    told = story(account.external_id)
    expected = live_through(account, told, draw)
    assert expected["account"] == ("connected", NOW - timedelta(minutes=17))
    assert [chat[1] for chat in expected["chats"] if chat[0] in ("4711", "4712")] == [2, 1]
    assert expected["messages"][-1] == ("106", "oops", 0, False, True)
    assert {state for _, state in expected["events"]} == {"done"}
    for _ in range(10):
        shuffled = [*told, *draw.sample(told, len(told) // 5)]
        draw.shuffle(shuffled)
        assert live_through(account, shuffled, draw) == expected, [key for _, key in shuffled]
