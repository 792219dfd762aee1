"""Who is calling: what authentication found out, in the kernel's own words."""

from dataclasses import dataclass
from datetime import datetime, timedelta

#: How long a proof of who is there (password or second factor) opens the dangerous doors.
PROOF_LASTS = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Principal:
    """One authenticated caller in one workspace.

    `throttle_key` names the bucket of its request limit, `throttle_limit` is requests a minute. `capabilities` is what
    the role grants, already cut by the scopes of an API key. `creator_ids` limits rows to these creators (integer
    keys); None means all of the workspace. `locked` are capabilities that wait until the person's mail is verified.
    `proved_at` is when the person last gave their password or a second factor in this session. `acting_pk` is the
    member of staff who really acts, where one looks through this member's eyes.
    """

    user_pk: int
    user_id: str
    member_pk: int
    workspace_pk: int
    workspace_id: str
    capabilities: frozenset[str]
    creator_ids: frozenset[int] | None
    throttle_key: str
    throttle_limit: int
    key_pk: int | None = None
    session_id: str | None = None
    proved_at: datetime | None = None
    locked: frozenset[str] = frozenset()
    acting_pk: int | None = None

    def can(self, capability: str) -> bool:
        return capability in self.capabilities and capability not in self.locked

    def is_proved(self, now: datetime) -> bool:
        """Whether the person proved lately who they are. A key has nobody to ask; its scopes are its limit."""
        if self.key_pk is not None:
            return True
        return self.proved_at is not None and now - self.proved_at <= PROOF_LASTS
