"""Owns what a fan can do, for the control API, the page and the simulator alike.

Each deed changes the world and tells the webhooks; money always moves by one transaction.
"""

from typing import Any

from .state import Sandbox
from .world import DAY, Account, Fan, Message, Transaction


class Impossible(Exception):
    """The fan cannot do this now; the text says why."""


def _events(sandbox: Sandbox) -> Any:
    """The one dialect whose vendor tells of fans; another would be told here too."""
    return sandbox.dialects["onlyfansapi"].events


def say(sandbox: Sandbox, account: Account, fan: Fan, text: str) -> Message:
    fan.last_seen = sandbox.clock.now()
    message = sandbox.world.add_message(account, fan.id, text, from_creator=False)
    _events(sandbox).message_received(account, fan, message)
    return message


def paid_messages(sandbox: Sandbox, account: Account, fan: Fan) -> list[Message]:
    """Locked messages that the fan could buy, newest first."""
    chat = account.chats.get(fan.id)
    rows = reversed(chat.messages) if chat else ()
    return [row for row in rows if row.from_creator and row.price and not row.opened]


def buy(sandbox: Sandbox, account: Account, fan: Fan, message_id: int | None = None) -> Transaction:
    """Buys one paid message: the newest locked one unless named."""
    rows = [row for row in paid_messages(sandbox, account, fan) if message_id in (None, row.id)]
    if not rows:
        raise Impossible("there is no locked paid message to buy")
    message = rows[0]
    message.opened = True
    message.changed = fan.last_seen = sandbox.clock.now()
    row = sandbox.world.add_transaction(account, fan, "chat_messages", message.price, message_id=message.id)
    _events(sandbox).unlocked(account, fan, message)
    _events(sandbox).transaction(account, fan, row)
    return row


def tip(sandbox: Sandbox, account: Account, fan: Fan, cents: int, text: str = "") -> Transaction:
    if not 100 <= cents <= 20_000:
        raise Impossible("a tip is between 1 and 200 dollars")
    fan.last_seen = sandbox.clock.now()
    message = sandbox.world.add_message(account, fan.id, text, from_creator=False, tip=cents)
    row = sandbox.world.add_transaction(account, fan, "tips", cents, message_id=message.id)
    _events(sandbox).message_received(account, fan, message)
    _events(sandbox).tip(account, fan, cents, text)
    _events(sandbox).transaction(account, fan, row)
    return row


def subscribe(sandbox: Sandbox, account: Account, fan: Fan) -> Transaction:
    """A new fan's first payment."""
    row = sandbox.world.add_transaction(account, fan, "subscribes", fan.price, first=True)
    _events(sandbox).subscribed(account, fan, renewed=False)
    _events(sandbox).transaction(account, fan, row)
    return row


def renew(sandbox: Sandbox, account: Account, fan: Fan) -> Transaction:
    now = sandbox.clock.now()
    fan.renewed_at = now
    fan.expires_at = max(fan.expires_at, now) + 30 * DAY
    fan.months += 1
    row = sandbox.world.add_transaction(account, fan, "subscribes", fan.price, first=False)
    _events(sandbox).subscribed(account, fan, renewed=True)
    _events(sandbox).transaction(account, fan, row)
    return row


def expire(sandbox: Sandbox, account: Account, fan: Fan) -> None:
    now = sandbox.clock.now()
    if fan.expires_at <= now:
        raise Impossible("the subscription has already ended")
    fan.expires_at, fan.auto_renew = now, False
    _events(sandbox).expired(account, fan)


def chargeback(
    sandbox: Sandbox, account: Account, fan: Fan, transaction_id: str | None = None
) -> Transaction:
    """Takes one payment back: the fan's newest unless named. The same transaction, status undone."""
    rows = [
        row
        for row in reversed(account.transactions)
        if row.fan_id == fan.id and row.status != "undo" and transaction_id in (None, row.id)
    ]
    if not rows:
        raise Impossible("there is no payment to take back")
    row = rows[0]
    row.status = "undo"
    bucket = {"chat_messages": "messages", "post": "posts", "stream": "streams"}.get(row.type, row.type)
    fan.spent[bucket] -= min(row.cents, fan.spent[bucket])
    account.chargebacks.append((account.count("chargeback"), sandbox.clock.now(), row))
    _events(sandbox).transaction(account, fan, row)
    return row


def opt_out(sandbox: Sandbox, account: Account, fan: Fan) -> Message:
    words = "arrête de m'écrire s'il te plaît" if fan.language == "fr" else "please stop messaging me"
    return say(sandbox, account, fan, words)


def type_(sandbox: Sandbox, account: Account, fan: Fan) -> None:
    fan.last_seen = sandbox.clock.now()
    _events(sandbox).typing(account, fan)
