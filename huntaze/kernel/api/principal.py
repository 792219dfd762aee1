"""Who is calling: what authentication found out, in the kernel's own words."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Principal:
    """One authenticated caller in one workspace.

    `throttle_key` names the bucket of its request limit, `throttle_limit` is requests a minute. `capabilities` is what
    the role grants, already cut by the scopes of an API key. `creator_ids` limits rows to these creators (integer
    keys); None means all of the workspace.
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

    def can(self, capability: str) -> bool:
        return capability in self.capabilities
