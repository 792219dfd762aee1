"""Who may do what: the one table that pages, API, admin and tests read. Doors ask for a capability, never a role.

Each row gives, for owner, manager, chatter and creator, whether the capability is held for all creators of the
workspace (ALL), for assigned ones (ASSIGNED) or not at all (None), and the API scope that an API key needs for it
(None: never by key).
"""

from dataclasses import dataclass

from accounts.types import Reach, Role

ALL, A = Reach.ALL, Reach.ASSIGNED


@dataclass(frozen=True, slots=True)
class Grant:
    owner: Reach | None
    manager: Reach | None
    chatter: Reach | None
    creator: Reach | None
    scope: str | None = None

    def reach(self, role: Role) -> Reach | None:
        return {
            Role.OWNER: self.owner,
            Role.MANAGER: self.manager,
            Role.CHATTER: self.chatter,
            Role.CREATOR: self.creator,
        }[role]


_OWNER_ONLY = Grant(ALL, None, None, None)

CAPABILITIES: dict[str, Grant] = {
    "workspace.view": Grant(ALL, ALL, ALL, ALL, "accounts:read"),
    "workspace.manage": _OWNER_ONLY,
    "workspace.close": _OWNER_ONLY,
    "keys.manage": _OWNER_ONLY,
    "webhooks.manage": _OWNER_ONLY,
    "privacy.manage": _OWNER_ONLY,
    "members.view": Grant(ALL, ALL, None, None, "accounts:read"),
    "members.manage": Grant(ALL, ALL, None, None),
    "creators.view": Grant(ALL, ALL, A, A, "accounts:read"),
    "creators.add": Grant(ALL, ALL, None, None, "accounts:write"),
    "creators.manage": Grant(ALL, ALL, None, A, "accounts:write"),
    "creators.offboard": _OWNER_ONLY,
    "accounts.connect": Grant(ALL, ALL, None, A, "accounts:write"),
    "fans.view": Grant(ALL, ALL, A, A, "messaging:read"),
    "fans.edit": Grant(ALL, ALL, A, A, "messaging:write"),
    "fans.export": Grant(ALL, ALL, None, A),
    "fans.erase": Grant(ALL, ALL, None, A),
    "inbox.view": Grant(ALL, ALL, A, A, "messaging:read"),
    "messages.send": Grant(ALL, ALL, A, A, "messaging:write"),
    "messages.unsend": Grant(ALL, ALL, A, A, "messaging:write"),
    "campaigns.edit": Grant(ALL, ALL, A, A, "messaging:write"),
    "campaigns.launch": Grant(ALL, ALL, None, A, "messaging:write"),
    "queue.view": Grant(ALL, ALL, A, A, "messaging:read"),
    "queue.manage": Grant(ALL, ALL, None, A, "messaging:write"),
    "billing.view": Grant(ALL, ALL, None, None, "billing:read"),
    "billing.manage": _OWNER_ONLY,
    "audit.view": Grant(ALL, ALL, None, None),
    "creator.stop": Grant(None, None, None, A),
    "profile.manage": Grant(ALL, ALL, ALL, ALL),
}

#: What stays possible where everything else may only be looked at: one's own person, a creator's way out, and what the
#: law gives people over their data.
ALWAYS = frozenset(
    {"creator.stop", "fans.erase", "fans.export", "privacy.manage", "profile.manage", "workspace.close"}
)

#: What waits until the person's mail is verified: connecting (hence sending), inviting, exporting, buying.
NEEDS_VERIFIED_MAIL = frozenset(
    {
        "accounts.connect",
        "analytics.export",
        "billing.manage",
        "fans.export",
        "members.manage",
        "privacy.manage",
    }
)

#: Scopes that an API key may carry; `read` and `write` mean every resource.
RESOURCES = ("accounts", "messaging", "content", "ai", "analytics", "billing", "decisions")


def capabilities_of(role: Role) -> frozenset[str]:
    return frozenset(name for name, grant in CAPABILITIES.items() if grant.reach(role))


def reach_of(role: Role, capability: str) -> Reach | None:
    grant = CAPABILITIES.get(capability)
    return grant.reach(role) if grant else None


def only_reading(capabilities: frozenset[str]) -> frozenset[str]:
    """What is left in a read-only workspace: everything else than looking changes something."""
    return frozenset(name for name in capabilities if name.endswith(".view") or name in ALWAYS)


def is_scope(text: str) -> bool:
    resource, _, action = text.partition(":")
    return text in {"read", "write", "decisions:admin"} or (
        resource in RESOURCES and action in {"read", "write"}
    )


def cut_by_scopes(capabilities: frozenset[str], scopes: frozenset[str]) -> frozenset[str]:
    """What is left of a member's capabilities in the hands of a key with these scopes."""
    return frozenset(name for name in capabilities if _covered(CAPABILITIES[name].scope, scopes))


def _covered(needed: str | None, scopes: frozenset[str]) -> bool:
    if needed is None:
        return False
    resource, action = needed.split(":")
    allowed = {needed, action}
    if action == "read":
        allowed |= {"write", f"{resource}:write"}
    return bool(allowed & scopes)
