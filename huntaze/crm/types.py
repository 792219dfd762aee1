"""What the staff's pages show."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.functional import Promise

from accounts.models import Creator, PlatformAccount, Workspace
from billing.selectors.desk import Standing
from messaging.selectors.queue_page import Counts


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing that was found: what it is called, what tells it from others, and its page. `pages` are more ways to
    go from it, as words and address."""

    label: str
    detail: str
    url: str
    pages: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """Things of one kind, with their public name."""

    title: str
    hits: tuple[Hit, ...]


@dataclass(frozen=True, slots=True)
class Flag:
    """Something about a workspace or creator that staff should know first. `tone` is warn or danger."""

    text: str | Promise
    tone: str = "warn"
    url: str = ""


@dataclass(frozen=True, slots=True)
class Subject:
    """A workspace, or one creator of it, with everything that the top of its page says."""

    workspace: Workspace
    creator: Creator | None
    head: Any
    standing: Standing
    accounts: tuple[PlatformAccount, ...]
    counts: dict[int, Counts]
    now: datetime
    flags: tuple[Flag, ...] = field(default=())

    @property
    def public_id(self) -> str:
        return (self.creator or self.workspace).public_id

    @property
    def name(self) -> str:
        return self.creator.stage_name if self.creator else self.workspace.name

    @property
    def account_pks(self) -> list[int]:
        return [account.pk for account in self.accounts]

    @property
    def total(self) -> Counts:
        """Messages of all its accounts by state."""
        names = ("queued", "sending", "scheduled", "failed", "uncertain")
        return Counts(*(sum(getattr(one, name) for one in self.counts.values()) for name in names))
