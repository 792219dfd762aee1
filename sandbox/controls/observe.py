"""Owns the controls that only look: what was sent, when, how often, and what money moved."""

from typing import Any

from ..http import Json
from ..world import Account, Message, Transaction
from .base import Call

NEWEST = 100_000


def healthz(call: Call) -> Json:
    sandbox = call.sandbox
    return {
        "ok": True,
        "profile": sandbox.profile,
        "seed": sandbox.seed,
        "accounts": len(sandbox.world.accounts),
        "accepted": sandbox.ledger.accepted_total,
        "pendingWebhooks": sandbox.hooks.pending,
    }


def message_row(message: Message) -> Json:
    return {
        "id": message.id,
        "account": message.account_id,
        "fan": message.fan_id,
        "text": message.text,
        "fromCreator": message.from_creator,
        "at": message.created,
        "price": message.price / 100,
        "tip": message.tip / 100,
        "media": message.media,
        "opened": message.opened,
        "queueId": message.queue_id,
        "deleted": message.deleted,
    }


def _tail(rows: list[Any], call: Call, default: int = NEWEST) -> list[Any]:
    limit = int(call.number("limit", default))
    return rows[-limit:] if limit > 0 else []


def messages(call: Call) -> list[Json]:
    account, fan = call.text("account"), call.text("fan")
    since = call.number("since", 0)
    rows = [
        message_row(row)
        for row in call.sandbox.world.ring
        if account in (None, row.account_id) and fan in (None, str(row.fan_id)) and row.created >= since
    ]
    return _tail(rows, call)


def sent(call: Call) -> list[Json]:
    account, key = call.text("account"), call.text("key")
    since = call.number("since", 0)
    rows = [
        row.public()
        for row in call.sandbox.ledger.sent
        if account in (None, row.account) and key in (None, row.key) and row.accepted_at >= since
    ]
    return _tail(rows, call)


def limits(call: Call) -> list[Json]:
    return call.sandbox.ledger.limits(call.number("window", 60), call.text("account"))


def duplicates(call: Call) -> list[Json]:
    return call.sandbox.ledger.duplicates(call.text("account"))


def webhooks(call: Call) -> list[Json]:
    event, account = call.text("event"), call.text("account")
    rows = [
        row
        for row in call.sandbox.hooks.deliveries
        if event in (None, row.event) and account in (None, row.account)
    ]
    return [row.public() for row in _tail(rows, call, 1000)]


_LOG = ("at", "dialect", "method", "path", "status", "ms", "account", "fault", "outcome")


def requests(call: Call) -> list[Json]:
    dialect, path = call.text("dialect"), call.text("path")
    rows = [
        dict(zip(_LOG, row, strict=True))
        for row in call.sandbox.log
        if dialect in (None, row[1]) and (path is None or path in row[3])
    ]
    return _tail(rows, call, 1000)


def transaction_row(row: Transaction) -> Json:
    fee = row.cents * 20 // 100
    return {
        "id": row.id,
        "type": row.type,
        "fan": row.fan_id,
        "gross": row.cents / 100,
        "fee": fee / 100,
        "net": (row.cents - fee) / 100,
        "status": row.status,
        "at": row.created,
        "messageId": row.message_id,
    }


def money(call: Call) -> list[Json]:
    named = call.text("account")
    accounts = [call.account(named)] if named else call.sandbox.world.accounts.values()
    return [_money(account) for account in accounts]


def _money(account: Account) -> Json:
    """Truth for ledgers: payments taken back are listed and left out of the sums."""
    kept = [row for row in account.transactions if row.status != "undo"]
    by_type: dict[str, int] = {}
    for row in kept:
        by_type[row.type] = by_type.get(row.type, 0) + row.cents
    gross = sum(row.cents for row in kept)
    fees = sum(row.cents * 20 // 100 for row in kept)
    return {
        "account": account.id,
        "count": len(kept),
        "gross": gross / 100,
        "fees": fees / 100,
        "net": (gross - fees) / 100,
        "byType": {name: cents / 100 for name, cents in by_type.items()},
        "transactions": [transaction_row(row) for row in account.transactions],
    }
