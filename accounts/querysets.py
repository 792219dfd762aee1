"""Vocabulary of accounts' tables."""

from datetime import datetime
from typing import Any

from django.db.models import Q

from accounts.types import OPEN_STATUSES, AccountState
from huntaze.kernel.tenancy import WorkspaceQuerySet
from huntaze.platforms.sandbox import MADE_UP


def living_keys(now: datetime) -> Q:
    """API keys that open a door: neither revoked nor at their end."""
    return Q(revoked_at=None) & (Q(expires_at=None) | Q(expires_at__gt=now))


class MembershipQuerySet(WorkspaceQuerySet[Any]):  # type: ignore[override]
    def living(self) -> "MembershipQuerySet":
        """Memberships that open a door: not ended, in a workspace that lets its members in."""
        return self.filter(ended_at=None, workspace__status__in=OPEN_STATUSES)


class AssignmentQuerySet(WorkspaceQuerySet[Any]):  # type: ignore[override]
    def unended(self, now: datetime) -> "AssignmentQuerySet":
        """Those that open a creator now or will: not over yet."""
        return self.filter(Q(ended_at=None) | Q(ended_at__gt=now))

    def current(self, now: datetime) -> "AssignmentQuerySet":
        """Those that open a creator now."""
        return self.unended(now).filter(started_at__lte=now)


class InvitationQuerySet(WorkspaceQuerySet[Any]):  # type: ignore[override]
    def open(self) -> "InvitationQuerySet":
        """Neither accepted nor taken back; it may have expired."""
        return self.filter(accepted_at=None, revoked_at=None)


class PlatformAccountQuerySet(WorkspaceQuerySet[Any]):  # type: ignore[override]
    def present(self) -> "PlatformAccountQuerySet":
        return self.exclude(state=AccountState.DISCONNECTED)

    def sending(self) -> "PlatformAccountQuerySet":
        """Accounts whose queue moves: the same conditions as in the send engine's claim."""
        return self.filter(
            state=AccountState.CONNECTED,
            is_sending_paused=False,
            creator__status="active",
            workspace__status="active",
        ).exclude(external_id__startswith=MADE_UP)

    def for_creators(self, creator_ids: frozenset[int] | None) -> "PlatformAccountQuerySet":
        """Only these creators' accounts; None means no cut."""
        return self if creator_ids is None else self.filter(creator_id__in=creator_ids)
