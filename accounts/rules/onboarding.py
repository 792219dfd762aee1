"""From sign-up to the first message: which steps there are, and how far somebody is.

A step is done when a row says so, never because somebody said so. What is kept is only which optional steps a member
does not want to be asked about.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum


class StepStatus(StrEnum):
    PENDING = "pending"
    COMPLETED = "completed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Step:
    """`minutes` it takes most people; `capability` it takes to do it, none for what is about oneself."""

    id: str
    minutes: int
    capability: str | None = None
    is_optional: bool = False


#: In the order in which they are offered.
STEPS = (
    Step("welcome", 1),
    Step("creator_assessment", 3, "creators.add"),
    Step("first_platform", 3, "accounts.connect"),
    Step("second_factor", 2, is_optional=True),
    Step("additional_platforms", 5, "accounts.connect", is_optional=True),
    Step("completion", 1, "messages.send"),
)


@dataclass(frozen=True, slots=True)
class StepState:
    """A step as it stands for one member."""

    id: str
    status: StepStatus
    is_required: bool
    minutes: int


@dataclass(frozen=True, slots=True)
class Onboarding:
    """How far a member is. `current_step` is the first that is neither done nor skipped; `progress` is a whole per cent
    of the steps; it is complete when every required one is done."""

    steps: tuple[StepState, ...]

    @property
    def is_completed(self) -> bool:
        return all(step.status is StepStatus.COMPLETED for step in self.steps if step.is_required)

    @property
    def current_step(self) -> str | None:
        pending = (step.id for step in self.steps if step.status is StepStatus.PENDING)
        return next(pending, None)

    @property
    def done_count(self) -> int:
        return sum(step.status is not StepStatus.PENDING for step in self.steps)

    @property
    def progress(self) -> int:
        return self.done_count * 100 // len(self.steps)


def onboarding(
    *,
    done: Mapping[str, bool],
    skipped: Collection[str],
    required: Collection[str],
    capabilities: Collection[str],
) -> Onboarding:
    """The steps of somebody with these capabilities. `done` says of every step that exists here whether it is done;
    `required` names optional ones that are compulsory by now, which can't be skipped."""
    shown = [
        step
        for step in STEPS
        if step.id in done and (step.capability is None or step.capability in capabilities)
    ]
    return Onboarding(
        tuple(
            _state(
                step,
                is_done=done[step.id],
                is_required=not step.is_optional or step.id in required,
                skipped=skipped,
            )
            for step in shown
        )
    )


def _state(step: Step, *, is_done: bool, is_required: bool, skipped: Collection[str]) -> StepState:
    status = StepStatus.PENDING
    if is_done:
        status = StepStatus.COMPLETED
    elif step.id in skipped and not is_required:
        status = StepStatus.SKIPPED
    return StepState(step.id, status, is_required, step.minutes)
