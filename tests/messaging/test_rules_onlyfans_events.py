"""Reading the platform's events as they really come. What is stored of them is tested at the webhook's door."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.types import AccountState
from messaging.rules import onlyfans_events as events
from messaging.rules.onlyfans_events import (
    Purchase,
    Tip,
    Unreadable,
    account_news_at,
    moment,
    purchase,
    text_of,
    tip,
)

AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
LINK = "<a href='https://onlyfans.com/my/chats/chat/4711?firstId=7388012345'>message</a>"
KEYS = st.sampled_from(
    [
        "id", "user", "user_id", "text", "createdAt", "replacePairs", "{AMOUNT}", "{MESSAGE_LINK}", "amountGross",
        "latestAuthAttempt", "completed_at", "started_at",
    ]
)  # fmt: skip
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals()
    | st.floats()
    | st.text(max_size=30)
    | st.datetimes().map(datetime.isoformat)
    | st.sampled_from(
        ["$12.00", LINK, "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "\ud800", "\x00"]
    )
)
JSON = st.recursive(
    SCALARS,
    lambda kids: st.lists(kids, max_size=3) | st.dictionaries(KEYS | st.text(max_size=5), kids, max_size=6),
    max_leaves=20,
)
PAYLOADS = st.dictionaries(KEYS | st.text(max_size=5), JSON, max_size=8)


def bought(**changes: Any) -> dict[str, Any]:
    """A purchase as the platform tells it; None takes a field out."""
    payload: dict[str, Any] = {
        "id": "n-1",
        "createdAt": "2026-11-20T12:00:00+00:00",
        "user_id": 111,
        "user": {"id": 4711},
        "replacePairs": {"{AMOUNT}": "$12.00", "{MESSAGE_LINK}": LINK},
    }
    return {key: value for key, value in (payload | changes).items() if value is not None}


def reason(payload: dict[str, Any], read: Any = purchase) -> str:
    with pytest.raises(Unreadable) as raised:
        read(payload)
    return str(raised.value.args[0])


# --- trap 1: the top-level `user_id` is the creator


def test_a_purchase_is_read() -> None:
    assert purchase(bought()) == Purchase("n-1", "4711", "7388012345", Decimal("12.00"), AT)


def test_the_fan_is_in_user_and_never_the_top_level_user_id() -> None:
    assert purchase(bought(user={"id": "4712"})).fan_id == "4712"
    assert purchase(bought(user=None)).fan_id == "4711"
    assert reason(bought(user=None, replacePairs=None)) == "no_fan"
    assert reason({"id": 1, "user_id": 111, "text": "no link"}, tip) == "no_fan"


@pytest.mark.parametrize(
    "user", [{}, {"id": None}, {"id": True}, {"id": 4.5}, {"id": []}, [], "4711", 4711, False]
)
def test_an_unreadable_user_falls_back_to_the_link(user: Any) -> None:
    assert purchase(bought(user=user)).fan_id == "4711"
    assert reason(bought(user=user, replacePairs={})) == "no_fan"


def test_a_notification_without_an_id_is_unreadable() -> None:
    assert reason(bought(id=None)) == "no_id"
    assert reason({"user": {"id": 1}}, tip) == "no_id"


# --- trap 2: the message's id is only in the link


@pytest.mark.parametrize(
    ("link", "message_id"),
    [
        ("https://onlyfans.com/my/chats/chat/4711?firstId=7388012345", "7388012345"),
        ("https://onlyfans.com/my/chats/chat/4711/?firstId=7388012345", "7388012345"),
        ("https://onlyfans.com/my/chats/chat/4711?a=b&firstId=7388012345&c=d", "7388012345"),
        ('<a href="/my/chats/chat/4711?firstId=1">m</a>', "1"),
        ("https://onlyfans.com/my/chats/chat/4711", None),
        ("https://onlyfans.com/my/chats/chat/4711?secondId=5", None),
        ("https://onlyfans.com/my/chats/chat/4711?firstId=", None),
        ("https://onlyfans.com/my/chats/chat/4711?notfirstId=5", None),
        ("https://onlyfans.com/my/chats/chat/4711'> ?firstId=5", None),
    ],
)
@pytest.mark.parametrize("place", ["replacePairs", "text"])
def test_the_message_is_named_by_first_id_in_either_place(
    link: str, message_id: str | None, place: str
) -> None:
    pairs = {"{MESSAGE_LINK}": link} if place == "replacePairs" else {}
    found = purchase(bought(user=None, replacePairs=pairs, text=link if place == "text" else None))
    assert (found.fan_id, found.message_id) == ("4711", message_id)


def test_digits_of_other_scripts_are_no_id() -> None:
    assert (
        reason(bought(user=None, replacePairs={"{MESSAGE_LINK}": "/my/chats/chat/٤٧١١?firstId=٣"}))
        == "no_fan"
    )


# --- trap 3: an amount is exactly `$12` or `$12.00`


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("$0", Decimal(0)),
        ("$12", Decimal(12)),
        ("$12.00", Decimal("12.00")),
        ("$999999.99", Decimal("999999.99")),
        ("$0.50", Decimal("0.50")),
    ],
)
def test_an_amount_in_the_known_form_is_read(text: str, amount: Decimal) -> None:
    assert purchase(bought(replacePairs={"{AMOUNT}": text})).amount == amount


@pytest.mark.parametrize(
    "text",
    [
        "12.00", "$ 12", "$12.0", "$12.000", "$1,200.00", "$012", "$1000000", "-$12", "$-12", "€12", "$", "", "$12\n",
        "$12.00 ", "$١٢", "$1٢", "$12.0٠", "USD 12", "$1e3", 12, 12.0, None, [], {"a": 1}, True,
    ],
)  # fmt: skip
def test_any_other_amount_is_unknown_and_not_guessed(text: Any) -> None:
    assert purchase(bought(replacePairs={"{AMOUNT}": text})).amount is None


# --- trap 4: tips and purchases are signals


def test_a_tip_is_read() -> None:
    payload = {
        "id": 5,
        "createdAt": "2026-11-20T12:00:00+00:00",
        "amountGross": 20,
        "amountNet": 16,
        "subType": "new_tips",
        "text": "…",
        "user": {"id": 4711},
        "user_id": 111,
    }
    assert tip(payload) == Tip("5", "4711", Decimal(20), AT)
    assert tip(payload | {"user": None, "text": LINK}).fan_id == "4711"


@pytest.mark.parametrize(
    ("value", "amount"),
    [
        (20, Decimal(20)),
        ("20.50", Decimal("20.50")),
        (Decimal("20.5"), Decimal("20.5")),
        (0, Decimal(0)),
        (999_999, Decimal(999_999)),
        (1_000_000, None),
        (-1, None),
        (20.5, None),  # JSON's fractions are parsed as decimals; a float is none of ours
        ("NaN", None),
        ("sNaN", None),
        ("Infinity", None),
        ("twenty", None),
        (True, None),
        (None, None),
        ([20], None),
    ],
)
def test_a_tips_amount_is_a_finite_number_or_unknown(value: Any, amount: Decimal | None) -> None:
    assert tip({"id": 5, "user": {"id": 4711}, "amountGross": value}).amount == amount


# --- trap 5: presence needs no key, because it is never kept; trap 8: what is unknown is no account's news


def test_presence_is_ephemeral() -> None:
    assert {"users.typing", "users.online", "users.offline"} == events.EPHEMERAL
    assert events.EPHEMERAL.isdisjoint(events.ACCOUNT_EVENTS)


def test_each_account_event_has_its_state() -> None:
    assert events.ACCOUNT_EVENTS == {
        "accounts.connected": AccountState.CONNECTED,
        "accounts.reconnected": AccountState.CONNECTED,
        "accounts.disconnected": AccountState.DISCONNECTED,
        "accounts.session_expired": AccountState.EXPIRED,
        "accounts.authentication_failed": AccountState.EXPIRED,
        "accounts.otp_code_required": AccountState.NEEDS_CODE,
        "accounts.face_otp_required": AccountState.NEEDS_FACE,
    }


@pytest.mark.parametrize(
    ("attempt", "at"),
    [
        ({"started_at": "2026-11-20T11:00:00Z", "completed_at": "2026-11-20T12:00:00Z"}, AT),
        ({"started_at": "2026-11-20T12:00:00Z", "completed_at": None}, AT),
        ({"started_at": "2026-11-20T12:00:00Z", "completed_at": "soon"}, AT),
        ({}, None),
        (None, None),
        ("2026-11-20T12:00:00Z", None),
    ],
)
def test_account_news_are_dated_by_their_attempt(attempt: Any, at: datetime | None) -> None:
    assert account_news_at({"latestAuthAttempt": attempt}) == at


# --- values


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("2026-11-20T12:00:00+00:00", AT),
        ("2026-11-20T12:00:00Z", AT),
        ("2026-11-20T13:00:00+01:00", AT),
        ("2026-11-20T12:00:00", AT),
        ("2026-11-20 12:00:00", AT),
        ("20.11.2026", None),
        ("", None),
        (1763640000, None),
        (None, None),
        ("0001-01-01T00:00:00+14:00", None),
        ("9999-12-31T23:59:59-14:00", None),
    ],
)
def test_times_are_aware_and_in_utc(value: Any, found: datetime | None) -> None:
    parsed = moment(value)
    assert parsed == found
    assert parsed is None or parsed.tzinfo is UTC


@pytest.mark.parametrize(
    ("value", "text"),
    [(5, "5"), ("5", "5"), ("", ""), (0, "0"), (True, ""), (None, ""), (5.0, ""), ([5], "")],
)
def test_ids_are_text(value: Any, text: str) -> None:
    assert text_of(value) == text


@given(PAYLOADS)
def test_no_json_whatever_breaks_the_reader(payload: dict[str, Any]) -> None:
    for read in (purchase, tip):
        try:
            found = read(payload)
        except Unreadable as error:
            assert error.args[0] in {"no_fan", "no_id"}  # noqa: PT017 (either reason is fine)
        else:
            assert found.fan_id
            assert found.event_id
    at = account_news_at(payload)
    assert at is None or at.tzinfo is UTC


@given(JSON)
def test_no_value_whatever_breaks_the_small_readers(value: Any) -> None:
    assert isinstance(text_of(value), str)
    for found in (events.amount(value), events.decimal_amount(value)):
        assert found is None or 0 <= found < 1_000_000
    assert moment(value) is None or isinstance(value, str)
