"""Owns the payloads of the vendor's webhooks, with the awkward habits of the real ones kept.

In notification payloads (tips, unlocks, subscriptions) the top-level `user_id` is the creator, ids
come as text, and a bought message's id exists only as `firstId` in a link.
"""

from typing import Any

from ...clock import iso
from ...draws import digest
from ...http import Json
from ...state import Sandbox
from ...world import Account, Fan, Message, Transaction
from .catalogue import EPHEMERAL
from .core import cents
from .shapes import fan_object, is_active, message_object

HOOK_WORDS = {"tips": "tip", "chat_messages": "message", "post": "post", "stream": "stream"}


class Events:
    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox

    def _emit(self, event: str, account: Account, payload: Json) -> None:
        number = account.count("event")
        key = "" if event in EPHEMERAL else f"evt_{digest(self.sandbox.seed, account.index, 'event', number)}"
        self.sandbox.hooks.emit(event, account.id, payload, key)

    def _wanted(self, event: str, account: Account) -> bool:
        return self.sandbox.hooks.wanted(event, account.id)

    # messages ------------------------------------------------------------------------------------

    def message_sent(self, account: Account, fan: Fan, message: Message) -> None:
        if self._wanted("messages.sent", account):
            at = message.created
            payload = message_object(account, message, at)
            payload["toUser"] = {"id": fan.id, "_view": "s", "name": fan.name, "username": fan.username}
            self._emit("messages.sent", account, payload)

    def message_received(self, account: Account, fan: Fan, message: Message) -> None:
        at = self.sandbox.clock.now()
        payload = message_object(account, message, at)
        payload["fromUser"] = fan_object(account, fan, at)
        self._emit("messages.received", account, payload)

    def message_deleted(self, account: Account, message: Message) -> None:
        self._emit("messages.deleted", account, {"id": message.id})

    def unlocked(self, account: Account, fan: Fan, message: Message) -> None:
        link = f"https://onlyfans.com/my/chats/chat/{fan.id}?firstId={message.id}"
        payload: Json = {
            "id": str(8_000_000_000 + account.count("notification")),
            "createdAt": iso(self.sandbox.clock.now()),
            "type": "tip",
            "subType": "ppv_unlocked",
            "user_id": str(account.onlyfans_id),
            "replacePairs": {
                "{AMOUNT}": f"${message.price / 100:.2f}",
                "{MESSAGE_LINK}": f"<a href='{link}'>message</a>",
            },
        }
        # Every other unlock names the buyer only in the chat link, as live payloads do.
        if account.counters["notification"] % 2:
            payload["user"] = {"id": str(fan.id), "name": fan.name, "username": fan.username}
        self._emit("messages.ppv.unlocked", account, payload)

    # money ---------------------------------------------------------------------------------------

    def tip(self, account: Account, fan: Fan, amount: int, text: str) -> None:
        payload = self._notification(account, fan, "new_tips")
        payload |= {
            "amountGross": cents(amount),
            "amountNet": cents(amount - amount * 20 // 100),
            "text": text,
        }
        self._emit("tips.received", account, payload)

    def transaction(self, account: Account, fan: Fan, row: Transaction, status: str | None = None) -> None:
        fee = row.cents * 20 // 100
        kind = HOOK_WORDS.get(row.type) or ("new_subscription" if row.first else "recurring_subscription")
        payload = {
            "id": row.id,
            "type": kind,
            "amount": cents(row.cents),
            "net_amount": cents(row.cents - fee),
            "fee_amount": cents(fee),
            "vat_amount": 0,
            "tax_amount": 0,
            "currency": "USD",
            "status": status or row.status,
            "description": f"{kind.replace('_', ' ').capitalize()} from {fan.name}",
            "created_at": iso(row.created),
            "fan": {"id": str(fan.id)},
            "fanData": {"spending": {"total": cents(fan.total)}},
        }
        self._emit("transactions.new", account, payload)

    # subscriptions -------------------------------------------------------------------------------

    def subscribed(self, account: Account, fan: Fan, *, renewed: bool) -> None:
        payload = self._notification(account, fan, "renewed_subscriber" if renewed else "new_subscriber")
        payload["replacePairs"] = {"{PRICE}": f"${fan.price / 100:.2f}", "{NAME}": fan.name}
        self._emit("subscriptions.renewed" if renewed else "subscriptions.new", account, payload)

    def expired(self, account: Account, fan: Fan) -> None:
        ended = iso(fan.expires_at)
        payload = {"id": f"{fan.id}:{ended[:10]}", "user": {"id": str(fan.id)}, "expiredAt": ended}
        self._emit("subscriptions.expired", account, payload)

    def _notification(self, account: Account, fan: Fan, kind: str) -> Json:
        return {
            "id": str(8_000_000_000 + account.count("notification")),
            "createdAt": iso(self.sandbox.clock.now()),
            "subType": kind,
            "user": {"id": str(fan.id), "name": fan.name, "username": fan.username},
            "user_id": str(account.onlyfans_id),
        }

    # the rest ------------------------------------------------------------------------------------

    def typing(self, account: Account, fan: Fan) -> None:
        self._emit("users.typing", account, {"id": fan.id})

    def presence(self, account: Account, fan: Fan, *, online: bool) -> None:
        now = iso(self.sandbox.clock.now())
        payload = {
            "fan": {"id": fan.id},
            "status_changed_at": now,
            "last_seen_online_at": now,
            "observed_at": now,
        }
        self._emit("users.online" if online else "users.offline", account, payload)

    def queue(self, account: Account, shape: Json, *, finished: bool) -> None:
        self._emit("chat_queue.finished" if finished else "chat_queue.updated", account, shape)

    def upload(self, account: Account, payload: Json, *, failed: bool) -> None:
        self._emit("media_uploads.failed" if failed else "media_uploads.completed", account, payload)

    def account(self, account: Account, word: str, error: str | None = None) -> None:
        """`word` is the end of the event's name: connected, session_expired, otp_code_required …"""
        now = iso(self.sandbox.clock.now())
        good = word in ("connected", "reconnected")
        attempt: dict[str, Any] = {
            "started_at": now,
            "completed_at": None if word.endswith("_required") else now,
            "success": good,
            "error_message": error,
            "needs_otp": word == "otp_code_required",
            "needs_face_otp": word == "face_otp_required",
            "otp_phone_ending": "42" if word == "otp_code_required" else None,
        }
        payload = {
            "state": account.state,
            "progress": "authenticated" if good else account.state,
            "client_reference_id": account.client_reference_id,
            "display_name": account.display_name,
            "latestAuthAttempt": attempt,
        }
        self._emit(f"accounts.{word}", account, payload)

    def is_subscribed(self, fan: Fan) -> bool:
        return is_active(fan, self.sandbox.clock.now())
