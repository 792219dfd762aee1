"""What follows from each outcome of an attempt: state, next time, attempt, slot, account."""

import pytest

from huntaze.platforms.errors import Permanent, PlatformError, Transient, Uncertain
from messaging.rules import outcomes
from messaging.rules.outcomes import (
    MOST_REPLAYS,
    RETRY_DELAYS,
    Outcome,
    may_replay,
    never_sent,
    of_error,
    of_receipt,
    shared_wait,
)
from messaging.types import DeliveryState, Receipt

SCHEDULED, QUEUED, FAILED = DeliveryState.SCHEDULED, DeliveryState.QUEUED, DeliveryState.FAILED
UNCERTAIN = DeliveryState.UNCERTAIN


def after(error: PlatformError, *, attempts: int = 1, spread: float = 0.0) -> Outcome:
    return of_error(error, attempts=attempts, spread=spread, lookup_after=60.0)


def test_a_receipt_is_sent_with_its_id() -> None:
    assert of_receipt(Receipt("738")) == Outcome(DeliveryState.SENT, platform_message_id="738")
    assert of_receipt(Receipt("738", was_replayed=True)) == Outcome(
        DeliveryState.SENT, platform_message_id="738"
    )


@pytest.mark.parametrize("code", ["dns", "connection_refused", "connect_timeout", "tls", "connect"])
def test_what_never_left_gives_its_slot_back_and_is_tried_again(code: str) -> None:
    assert after(Transient(code, is_on_wire=False)) == Outcome(SCHEDULED, code, delay=1.0, is_slot_used=False)


def test_a_5xx_that_says_not_sent_is_tried_again_and_used_its_slot() -> None:
    assert after(Transient("not_sent")) == Outcome(SCHEDULED, "not_sent", delay=1.0)


@pytest.mark.parametrize(("attempts", "delay"), [(1, 1), (2, 2), (3, 5), (4, 15)])
@pytest.mark.parametrize("spread", [-1.0, 0.0, 0.5, 1.0])
def test_each_retry_waits_longer_within_a_tenth(attempts: int, delay: float, spread: float) -> None:
    outcome = after(Transient("not_sent"), attempts=attempts, spread=spread)
    assert (outcome.state, outcome.counts_attempt) == (SCHEDULED, True)
    assert outcome.delay == pytest.approx(delay * (1 + spread / 10))


@pytest.mark.parametrize("is_on_wire", [True, False])
def test_the_fifth_failure_is_a_dead_letter(is_on_wire: bool) -> None:
    assert len(RETRY_DELAYS) == 4
    error = Transient("not_sent", is_on_wire=is_on_wire)
    assert after(error, attempts=5) == Outcome(FAILED, "not_sent", is_slot_used=is_on_wire)


def test_a_retry_is_never_before_the_time_the_platform_named() -> None:
    assert after(Transient("not_sent", retry_after=40.0)).delay == 40.0
    assert after(Transient("not_sent", retry_after=0.2)).delay == 1.0


@pytest.mark.parametrize("attempts", [1, 5, 50])
def test_a_limit_of_the_whole_team_holds_everybody_and_counts_no_attempt(attempts: int) -> None:
    error = Transient("team_rate_limited", retry_after=17.0)
    assert after(error, attempts=attempts) == Outcome(
        SCHEDULED, error.code, delay=17.0, counts_attempt=False, hold_all=17.0
    )


@pytest.mark.parametrize("attempts", [1, 5, 50])
@pytest.mark.parametrize(
    ("error", "delay", "hold"),
    [
        (Transient("rate_limited", retry_after=17.0), 17.0, 17.0),
        (Transient("rate_limited"), 30.0, 30.0),
        (Transient("reauthenticating", retry_after=60.0), 60.0, 60.0),
        (Transient("still_running", retry_after=10.0), 10.0, None),
    ],
)
def test_waits_that_say_nothing_of_the_message_cost_no_attempt(
    error: Transient, delay: float, hold: float | None, attempts: int
) -> None:
    expected = Outcome(SCHEDULED, error.code, delay=delay, counts_attempt=False, hold_account=hold)
    assert after(error, attempts=attempts) == expected


@pytest.mark.parametrize(
    "code", ["not_found", "forbidden", "invalid", "banned_words", "bug", "refused", "too_late", "unheard_of"]
)
def test_a_refusal_is_a_dead_letter_at_once(code: str) -> None:
    assert after(Permanent(code)) == Outcome(FAILED, code)


@pytest.mark.parametrize(
    ("code", "state"), [("account_gone", "disconnected"), ("session_expired", "expired")]
)
def test_a_refusal_of_the_account_pauses_it_and_keeps_the_message(code: str, state: str) -> None:
    assert after(Permanent(code)) == Outcome(QUEUED, code, counts_attempt=False, account_state=state)


@pytest.mark.parametrize("code", ["team_key", "credits"])
def test_a_refusal_of_our_own_key_or_purse_holds_everything(code: str) -> None:
    assert after(Permanent(code)) == Outcome(QUEUED, code, counts_attempt=False, hold_all=60.0)


@pytest.mark.parametrize("attempts", [1, 5])
@pytest.mark.parametrize(
    "code", ["timeout", "disconnected", "reset", "outcome_unknown", "unreadable", "unexpected"]
)
def test_what_may_have_arrived_is_looked_up_and_never_just_sent_again(code: str, attempts: int) -> None:
    assert after(Uncertain(code), attempts=attempts) == Outcome(UNCERTAIN, code, delay=60.0, lookup=True)


def test_what_ran_out_of_time_before_the_wire_costs_nothing() -> None:
    assert never_sent() == Outcome(QUEUED, counts_attempt=False, is_slot_used=False)


@pytest.mark.parametrize(
    ("code", "replays", "is_within_key_life", "expected"),
    [
        ("timeout", 0, True, True),
        ("timeout", MOST_REPLAYS - 1, True, True),
        ("timeout", MOST_REPLAYS, True, False),
        ("timeout", 0, False, False),
        ("sender_lost", 0, True, True),
        ("outcome_unknown", 0, True, False),
        ("withdrawn", 0, True, False),
        ("outcome_unknown", 0, False, False),
    ],
)
def test_only_what_the_key_makes_harmless_is_replayed(
    code: str, replays: int, is_within_key_life: bool, expected: bool
) -> None:
    assert may_replay(code=code, replays=replays, is_within_key_life=is_within_key_life) is expected


def test_a_refusal_is_not_held_against_the_vendor() -> None:
    refusals = {
        "not_found",
        "forbidden",
        "invalid",
        "banned_words",
        "rate_limited",
        "account_gone",
        "team_key",
        "",
    }
    assert refusals.isdisjoint(outcomes.VENDOR_TROUBLE)
    assert {"timeout", "connection_refused", "outcome_unknown", "not_sent"} <= outcomes.VENDOR_TROUBLE


def test_nothing_is_replayed_where_the_platform_keeps_no_keys() -> None:
    assert not may_replay(code="timeout", replays=0, is_within_key_life=True, keeps_keys=False)


@pytest.mark.parametrize(
    ("refusals", "wait"),
    [
        ([], 0.0),
        ([(7, Permanent("not_found")), (7, Transient("server_error"))], 0.0),
        ([(7, Permanent("credits"))], 60.0),
        ([(7, Transient("team_rate_limited", retry_after=17.0))], 17.0),
        ([(7, Transient("team_rate_limited"))], 30.0),
        ([(7, Transient("rate_limited", retry_after=17.0))] * 3, 0.0),
        (
            [
                (7, Transient("rate_limited", retry_after=17.0)),
                (8, Transient("rate_limited", retry_after=9.0)),
            ],
            9.0,
        ),
    ],
)
def test_calls_beside_the_messages_hold_everybody_when_the_limit_is_shared(
    refusals: list[tuple[int, PlatformError]], wait: float
) -> None:
    assert shared_wait(refusals) == wait
