"""Outgoing webhooks: signed, keyed, tried again, paused, and as disorderly as asked."""

import hashlib
import hmac
import json

import pytest

from tests.sandbox.server import FAN, SECRET, Receiver, Sandbox, flush, subscribe


def say(sandbox: Sandbox, text: str, fan: int = FAN) -> None:
    sandbox.control("POST", f"fans/{fan}/say", {"account": sandbox.account, "text": text})


def test_a_message_is_delivered_signed_and_keyed(sandbox: Sandbox, receiver: Receiver) -> None:
    subscribe(sandbox, receiver, "messages.received")

    say(sandbox, "hello")
    flush(sandbox)

    [(headers, raw)] = receiver.got
    assert headers["signature"] == hmac.new(SECRET.encode(), raw, hashlib.sha256).hexdigest()
    assert headers["user-agent"] == "OnlyFansAPI.com/Webhook-Client"
    assert headers["content-type"] == "application/json"
    assert headers["x-ofapi-idempotency-key"].startswith("evt_")
    body = json.loads(raw)
    assert list(body) == ["event", "account_id", "payload"]
    assert (body["event"], body["account_id"]) == ("messages.received", sandbox.account)
    assert body["payload"]["text"] == "<p>hello</p>"
    assert body["payload"]["fromUser"]["id"] == FAN
    assert body["payload"]["isSentByMe"] is False


def test_without_a_secret_there_is_no_signature(sandbox: Sandbox, receiver: Receiver) -> None:
    subscribe(sandbox, receiver, "messages.received", signing_secret=None)

    say(sandbox, "hello")
    flush(sandbox)

    assert "signature" not in receiver.got[0][0]


def test_a_send_tells_messages_sent_with_the_recipient(sandbox: Sandbox, receiver: Receiver) -> None:
    subscribe(sandbox, receiver, "messages.sent", "messages.deleted")
    sent = sandbox.send({"text": "to you"}).json()["data"]
    sandbox.api("DELETE", f"/{{account}}/chats/{FAN}/messages/{sent['id']}")
    flush(sandbox)

    by_event = {body["event"]: body["payload"] for body in receiver.bodies()}
    assert by_event["messages.sent"]["id"] == sent["id"]
    assert by_event["messages.sent"]["toUser"]["id"] == FAN
    assert by_event["messages.deleted"] == {"id": sent["id"]}


def test_a_replay_tells_nothing(sandbox: Sandbox, receiver: Receiver) -> None:
    subscribe(sandbox, receiver, "messages.sent")
    for _ in range(3):
        sandbox.send({"text": "once"}, key="k")
    flush(sandbox)

    assert len(receiver.got) == 1


@pytest.mark.parametrize("scope", ["inclusive", "exclusive"])
def test_the_scope_chooses_accounts(sandbox: Sandbox, receiver: Receiver, scope: str) -> None:
    subscribe(sandbox, receiver, "messages.sent", account_scope=scope, account_ids=[sandbox.account])
    sandbox.send({"text": "first"})
    sandbox.send({"text": "second"}, account=sandbox.other, fan=FAN + 10_000)
    flush(sandbox)

    wanted = sandbox.account if scope == "inclusive" else sandbox.other
    assert [body["account_id"] for body in receiver.bodies()] == [wanted]


def test_an_unlock_keeps_the_vendors_traps(sandbox: Sandbox, receiver: Receiver) -> None:
    subscribe(sandbox, receiver, "messages.ppv.unlocked", "transactions.new")
    ids = [
        sandbox.send({"text": "set", "price": 9.5, "mediaFiles": ["3000000001"]}).json()["data"]["id"]
        for _ in range(2)
    ]
    for number in ids:
        sandbox.control("POST", f"fans/{FAN}/buy", {"messageId": number})
    flush(sandbox)

    unlocks = sorted(
        (body["payload"] for body in receiver.bodies() if body["event"] == "messages.ppv.unlocked"),
        key=lambda row: row["id"],
    )
    links = [row["replacePairs"]["{MESSAGE_LINK}"] for row in unlocks]
    assert [row["user_id"] for row in unlocks] == ["100000000", "100000000"]
    assert [row.get("user", {}).get("id") for row in unlocks] == [str(FAN), None]
    assert [row["replacePairs"]["{AMOUNT}"] for row in unlocks] == ["$9.50", "$9.50"]
    assert [f"/chat/{FAN}?firstId={number}'" in link for number, link in zip(ids, links, strict=True)] == [
        True,
        True,
    ]
    assert all(row["id"] not in map(str, ids) for row in unlocks)


def test_money_is_told_once_by_a_transaction(sandbox: Sandbox, receiver: Receiver) -> None:
    subscribe(sandbox, receiver, "tips.received", "transactions.new", "messages.received")
    before = sandbox.control("GET", f"money?account={sandbox.account}")[0]["gross"]
    sandbox.control("POST", f"fans/{FAN}/tip", {"amount": 12.5, "text": "for you"})
    flush(sandbox)

    by_event = {body["event"]: body["payload"] for body in receiver.bodies()}
    assert (by_event["tips.received"]["amountGross"], by_event["tips.received"]["amountNet"]) == (12.5, 10)
    assert (by_event["tips.received"]["user"]["id"], by_event["tips.received"]["user_id"]) == (
        str(FAN),
        "100000000",
    )
    row = by_event["transactions.new"]
    assert (row["type"], row["amount"], row["net_amount"], row["fee_amount"]) == ("tip", 12.5, 10, 2.5)
    assert by_event["messages.received"]["isTip"] is True
    assert sandbox.control("GET", f"money?account={sandbox.account}")[0]["gross"] - before == 12.5


def test_renewal_expiry_and_chargeback_are_told(sandbox: Sandbox, receiver: Receiver) -> None:
    subscribe(
        sandbox,
        receiver,
        "subscriptions.new",
        "subscriptions.renewed",
        "subscriptions.expired",
        "transactions.new",
    )
    fan = sandbox.control("POST", "fans", {"account": sandbox.account, "id": 4711, "name": "Sam"})
    for deed in ("renew", "expire", "chargeback"):
        sandbox.control("POST", f"fans/{fan['id']}/{deed}", {})
    flush(sandbox)

    events = sorted(body["event"] for body in receiver.bodies())
    statuses = sorted(
        body["payload"]["status"] for body in receiver.bodies() if body["event"] == "transactions.new"
    )
    expired = next(body["payload"] for body in receiver.bodies() if body["event"] == "subscriptions.expired")
    assert (
        events
        == ["subscriptions.expired", "subscriptions.new", "subscriptions.renewed"] + ["transactions.new"] * 3
    )
    assert statuses == ["loading", "loading", "undo"]
    assert expired["id"] == f"4711:{expired['expiredAt'][:10]}"


def test_typing_has_no_key(sandbox: Sandbox, receiver: Receiver) -> None:
    subscribe(sandbox, receiver, "users.typing")

    sandbox.control("POST", f"fans/{FAN}/typing", {})
    flush(sandbox)

    assert receiver.keys() == [None]
    assert receiver.bodies()[0]["payload"] == {"id": FAN}


def test_account_states_are_told(sandbox: Sandbox, receiver: Receiver) -> None:
    subscribe(sandbox, receiver, "accounts.otp_code_required", "accounts.reconnected")

    sandbox.control("POST", f"accounts/{sandbox.account}/state", {"state": "needs_otp"})
    flush(sandbox)
    sandbox.control("POST", f"accounts/{sandbox.account}/state", {"state": "connected"})
    flush(sandbox)

    first, second = (body["payload"] for body in receiver.bodies())
    assert (first["latestAuthAttempt"]["needs_otp"], first["latestAuthAttempt"]["completed_at"]) == (
        True,
        None,
    )
    assert (second["state"], second["latestAuthAttempt"]["success"]) == ("connected", True)


# attempts ----------------------------------------------------------------------------------------


def test_a_failed_delivery_is_tried_again_under_the_same_key(sandbox: Sandbox, receiver: Receiver) -> None:
    sandbox.control("POST", "settings", {"webhookBackoff": [0.01, 0.01]})
    subscribe(sandbox, receiver, "messages.received")
    receiver.statuses += [500, 503]

    say(sandbox, "hello")
    flush(sandbox)

    assert len(receiver.got) == 3
    assert len(set(receiver.keys())) == 1
    [row] = sandbox.control("GET", "webhooks")
    assert (row["status"], [one["status"] for one in row["attempts"]]) == ("delivered", [500, 503, 200])


def test_a_failing_endpoint_is_paused_and_the_pause_is_lost(sandbox: Sandbox, receiver: Receiver) -> None:
    sandbox.control("POST", "settings", {"webhookBackoff": [0.01, 0.01], "pauseAfter": 1, "pauseSeconds": 60})
    subscribe(sandbox, receiver, "messages.received")
    receiver.statuses += [500] * 3
    say(sandbox, "one")
    flush(sandbox)
    say(sandbox, "two")
    flush(sandbox)
    sandbox.control("POST", "clock", {"advanceSeconds": 61})
    say(sandbox, "three")
    flush(sandbox)

    assert [row["status"] for row in sandbox.control("GET", "webhooks")] == ["failed", "lost", "delivered"]
    assert [body["payload"]["text"] for body in receiver.bodies()] == ["<p>one</p>"] * 3 + ["<p>three</p>"]


def test_a_redelivery_has_the_key_of_the_original(sandbox: Sandbox, receiver: Receiver) -> None:
    hook = subscribe(sandbox, receiver, "messages.received")
    say(sandbox, "hello")
    flush(sandbox)
    [original] = sandbox.api("GET", f"/webhooks/{hook}/deliveries").json()["data"]

    answer = sandbox.api("POST", f"/webhooks/{hook}/deliveries/{original['id']}/redeliver")
    flush(sandbox)

    assert answer.status_code == 202
    assert receiver.got[0][1] == receiver.got[1][1]
    assert receiver.keys()[0] == receiver.keys()[1]
    assert receiver.got[1][0]["x-ofapi-redelivery-of"] == original["id"]


# disorder ----------------------------------------------------------------------------------------


def test_drop_loses_the_event(sandbox: Sandbox, receiver: Receiver) -> None:
    subscribe(sandbox, receiver, "messages.received")
    sandbox.fault("drop", count=1)
    say(sandbox, "one")
    say(sandbox, "two")
    flush(sandbox)

    assert [body["payload"]["text"] for body in receiver.bodies()] == ["<p>two</p>"]


def test_duplicate_sends_the_same_key_and_body_again(sandbox: Sandbox, receiver: Receiver) -> None:
    subscribe(sandbox, receiver, "messages.received")
    sandbox.fault("duplicate", params={"n": 2})
    say(sandbox, "one")
    flush(sandbox)

    assert len(receiver.got) == 3
    assert len({(headers["x-ofapi-idempotency-key"], body) for headers, body in receiver.got}) == 1


def test_reorder_shuffles_a_window(sandbox: Sandbox, receiver: Receiver) -> None:
    hook = subscribe(sandbox, receiver, "messages.received")
    sandbox.fault("reorder", params={"window": 5})
    for number in range(5):
        say(sandbox, str(number))
    flush(sandbox)

    texts = [body["payload"]["text"] for body in receiver.bodies()]
    assert hook
    assert sorted(texts) == [f"<p>{number}</p>" for number in range(5)]
    assert texts != sorted(texts)


def test_delay_comes_late(sandbox: Sandbox, receiver: Receiver) -> None:
    subscribe(sandbox, receiver, "messages.received")
    sandbox.fault("delay", count=1, params={"seconds": 0.3})
    say(sandbox, "first")
    say(sandbox, "second")
    flush(sandbox)

    assert [body["payload"]["text"] for body in receiver.bodies()] == ["<p>second</p>", "<p>first</p>"]


@pytest.mark.parametrize("kind", ["bad_signature", "wrong_secret"])
def test_a_spoiled_signature_does_not_verify(sandbox: Sandbox, receiver: Receiver, kind: str) -> None:
    subscribe(sandbox, receiver, "messages.received")
    sandbox.fault(kind)
    say(sandbox, "one")
    flush(sandbox)

    [(headers, raw)] = receiver.got
    assert len(headers["signature"]) == 64
    assert headers["signature"] != hmac.new(SECRET.encode(), raw, hashlib.sha256).hexdigest()


def test_another_body_comes_under_the_same_key(sandbox: Sandbox, receiver: Receiver) -> None:
    subscribe(sandbox, receiver, "messages.received")
    sandbox.fault("other_body_same_key")
    say(sandbox, "one")
    flush(sandbox)

    assert (len(set(receiver.keys())), len({body for _, body in receiver.got})) == (1, 2)


def test_pause_endpoint_loses_what_happens_meanwhile(sandbox: Sandbox, receiver: Receiver) -> None:
    subscribe(sandbox, receiver, "messages.received")
    sandbox.fault("pause_endpoint", count=1, params={"seconds": 30})
    say(sandbox, "lost")
    say(sandbox, "lost too")
    sandbox.control("POST", "clock", {"advanceSeconds": 31})
    say(sandbox, "kept")
    flush(sandbox)

    assert [body["payload"]["text"] for body in receiver.bodies()] == ["<p>kept</p>"]


def test_webhooks_can_be_silenced(sandbox: Sandbox, receiver: Receiver) -> None:
    subscribe(sandbox, receiver, "messages.received")
    sandbox.control("POST", "settings", {"webhooks": False})
    say(sandbox, "one")
    flush(sandbox)

    assert receiver.got == []
