"""Whether a workspace may have one more of something: asked where the thing is made, answered by the app that knows
plans."""

from datetime import datetime
from typing import Protocol


class Allowances(Protocol):
    """`take`, `need` and `count` raise UsageLimitExceeded, PlanRequired or NotAllowed, and return when there is nothing
    against it."""

    def take(self, *, workspace_id: int, feature: str, quantity: int, now: datetime) -> None:
        """Room for so many more, kept for the caller's transaction, which makes them."""

    def need(self, *, workspace_id: int, feature: str, now: datetime) -> None:
        """The plan has this."""

    def count(self, *, workspace_id: int, feature: str, now: datetime) -> None:
        """One use more."""

    def hindrance(self, *, workspace_id: int, feature: str, now: datetime) -> str:
        """What one more would be refused for: read_only, limit, plan; empty when there is nothing against it."""


_answering: Allowances | None = None


def register(allowances: Allowances) -> None:
    """Called once, when the app that knows plans is ready."""
    global _answering
    _answering = allowances


def take(*, workspace_id: int, feature: str, now: datetime, quantity: int = 1) -> None:
    """Keep room for so many more until the caller's transaction ends; with 0: what there is must fit."""
    _registered().take(workspace_id=workspace_id, feature=feature, quantity=quantity, now=now)


def need(*, workspace_id: int, feature: str, now: datetime) -> None:
    """Refuse what the plan lacks."""
    _registered().need(workspace_id=workspace_id, feature=feature, now=now)


def count(*, workspace_id: int, feature: str, now: datetime) -> None:
    """Count one use of what a plan counts."""
    _registered().count(workspace_id=workspace_id, feature=feature, now=now)


def hindrance(*, workspace_id: int, feature: str, now: datetime) -> str:
    """Why a page should not offer to make one more; takes nothing."""
    return _registered().hindrance(workspace_id=workspace_id, feature=feature, now=now)


def _registered() -> Allowances:
    if _answering is None:
        raise RuntimeError("nobody answers for plans")
    return _answering
