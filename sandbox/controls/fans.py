"""Owns the controls of accounts and fans: making them, and making fans act."""

from collections.abc import Callable

from .. import deeds
from ..http import Json
from ..seeding import furnish_vault
from ..world import Account, Fan
from .base import Call, Wrong
from .observe import message_row, transaction_row

STATES = {
    "connected": "reconnected",
    "session_expired": "session_expired",
    "needs_otp": "otp_code_required",
    "needs_face_otp": "face_otp_required",
    "failed": "authentication_failed",
}


def account_row(account: Account) -> Json:
    return {
        "id": account.id,
        "index": account.index,
        "name": account.name,
        "username": account.username,
        "displayName": account.display_name,
        "onlyfansId": account.onlyfans_id,
        "state": account.state,
        "fans": account.fan_count,
    }


def accounts(call: Call) -> list[Json]:
    return [account_row(account) for account in call.sandbox.world.accounts.values()]


def add_account(call: Call) -> Json:
    world = call.sandbox.world
    index = max((row.index for row in world.accounts.values()), default=-1) + 1
    account = world.add_account(
        fan_count=int(call.body.get("fans", 20)), index=index, display_name=call.body.get("display_name", "")
    )
    account.client_reference_id = call.body.get("client_reference_id")
    furnish_vault(world, account)
    call.sandbox.dialects["onlyfansapi"].events.account(account, "connected")
    return account_row(account)


def set_state(call: Call) -> Json:
    account = call.account(call.parameter)
    state = call.body.get("state")
    if state not in STATES:
        raise Wrong(f"no state {state}; one of {', '.join(STATES)}")
    account.state = state
    call.sandbox.dialects["onlyfansapi"].events.account(account, STATES[state])
    return account_row(account)


def fan_row(call: Call, account: Account, fan: Fan) -> Json:
    return {
        "id": fan.id,
        "account": account.id,
        "name": fan.name,
        "username": fan.username,
        "language": fan.language,
        "active": fan.expires_at > call.sandbox.clock.now(),
        "price": fan.price / 100,
        "spent": fan.total / 100,
    }


def listing(call: Call) -> list[Json]:
    account = call.account(call.text("account"))
    offset = int(call.number("offset", 0))
    fans = call.sandbox.world.fans(account)[offset : offset + int(call.number("limit", 100))]
    return [fan_row(call, account, fan) for fan in fans]


def add(call: Call) -> Json:
    account, body = call.account(call.body.get("account")), call.body
    fan = call.sandbox.world.add_fan(account, body.get("id"), body.get("name", ""), body.get("username", ""))
    deeds.subscribe(call.sandbox, account, fan)
    return fan_row(call, account, fan)


def _deed(call: Call, act: Callable[[Account, Fan], Json | None]) -> Json:
    account, fan = call.fan()
    try:
        return act(account, fan) or {}
    except deeds.Impossible as reason:
        raise Wrong(str(reason)) from None


def say(call: Call) -> Json:
    text = call.body.get("text")
    if not isinstance(text, str) or not text:
        raise Wrong("text is required")
    return _deed(call, lambda account, fan: message_row(deeds.say(call.sandbox, account, fan, text)))


def buy(call: Call) -> Json:
    wanted = call.body.get("messageId")
    number = int(wanted) if wanted is not None else None
    return _deed(call, lambda account, fan: transaction_row(deeds.buy(call.sandbox, account, fan, number)))


def tip(call: Call) -> Json:
    try:
        cents = round(float(call.body.get("amount", 0)) * 100)
    except (TypeError, ValueError):
        raise Wrong("amount must be dollars") from None
    text = str(call.body.get("text", ""))
    return _deed(
        call, lambda account, fan: transaction_row(deeds.tip(call.sandbox, account, fan, cents, text))
    )


def renew(call: Call) -> Json:
    return _deed(call, lambda account, fan: transaction_row(deeds.renew(call.sandbox, account, fan)))


def expire(call: Call) -> Json:
    return _deed(call, lambda account, fan: deeds.expire(call.sandbox, account, fan))


def chargeback(call: Call) -> Json:
    wanted = call.body.get("transactionId")
    return _deed(
        call, lambda account, fan: transaction_row(deeds.chargeback(call.sandbox, account, fan, wanted))
    )


def opt_out(call: Call) -> Json:
    return _deed(call, lambda account, fan: message_row(deeds.opt_out(call.sandbox, account, fan)))


def typing(call: Call) -> Json:
    return _deed(call, lambda account, fan: deeds.type_(call.sandbox, account, fan))
