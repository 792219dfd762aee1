"""The steps of setting up, as pure rules."""

from typing import Any

import pytest

from accounts.rules.onboarding import STEPS, Onboarding, onboarding

EVERYTHING = {step.capability for step in STEPS if step.capability}
NOTHING_DONE = {step.id: False for step in STEPS}


def found(**change: Any) -> Onboarding:
    given: dict[str, Any] = {"done": NOTHING_DONE, "skipped": (), "required": (), "capabilities": EVERYTHING}
    return onboarding(**given | change)


def states(state: Onboarding) -> dict[str, str]:
    return {step.id: step.status.value for step in state.steps}


def test_it_begins_with_the_address_and_ends_with_a_message() -> None:
    start = found()
    assert [(step.id, step.is_required, step.minutes) for step in start.steps] == [
        ("welcome", True, 1),
        ("creator_assessment", True, 3),
        ("first_platform", True, 3),
        ("second_factor", False, 2),
        ("additional_platforms", False, 5),
        ("completion", True, 1),
    ]
    assert (start.is_completed, start.current_step, start.progress) == (False, "welcome", 0)


def test_it_is_complete_without_what_is_optional() -> None:
    required = {step.id: not step.is_optional for step in STEPS}
    state = found(done=required)
    assert (state.is_completed, state.current_step, state.progress) == (True, "second_factor", 66)
    state = found(done=required, skipped=["second_factor", "additional_platforms"])
    assert (state.is_completed, state.current_step, state.progress) == (True, None, 100)


def test_steps_may_be_done_in_any_order() -> None:
    state = found(done=NOTHING_DONE | {"second_factor": True})
    assert (state.current_step, state.progress) == ("welcome", 16)


def test_what_is_done_is_done_even_if_it_was_skipped() -> None:
    state = found(done=NOTHING_DONE | {"second_factor": True}, skipped=["second_factor"])
    assert states(state)["second_factor"] == "completed"


def test_what_became_compulsory_is_not_skipped_any_more() -> None:
    state = found(skipped=["second_factor", "additional_platforms"], required={"second_factor"})
    assert (states(state)["second_factor"], states(state)["additional_platforms"]) == ("pending", "skipped")
    assert not found(
        done={step.id: step.id != "second_factor" for step in STEPS}, required={"second_factor"}
    ).is_completed


@pytest.mark.parametrize(
    ("capabilities", "shown"),
    [
        ({"messages.send"}, ["welcome", "second_factor", "completion"]),
        (
            {"messages.send", "accounts.connect"},
            ["welcome", "first_platform", "second_factor", "additional_platforms", "completion"],
        ),
        (set(), ["welcome", "second_factor"]),
    ],
)
def test_what_a_member_may_not_do_is_not_asked_of_them(capabilities: set[str], shown: list[str]) -> None:
    assert list(states(found(capabilities=capabilities))) == shown


def test_what_an_installation_does_not_offer_is_no_step() -> None:
    less = {name: done for name, done in NOTHING_DONE.items() if name != "additional_platforms"}
    assert "additional_platforms" not in states(found(done=less))
