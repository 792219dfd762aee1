"""What a member of staff may do while they look at a workspace through a member's eyes: a visit.

A visit looks. With a second person's word it may also change a few things, named here one by one; whatever is not
named stays closed, so that a new capability or page is closed from its first day. Sending, exporting, keys and
secrets, money, ways in, rights and connections are never open.
"""

from datetime import datetime, timedelta

LONGEST = timedelta(minutes=60)
SHORTEST_REASON, LONGEST_REASON = 15, 200
#: A second factor that was given longer ago than this neither begins a visit nor opens it for writing.
FACTOR_LASTS = timedelta(minutes=10)

#: Looking that shows what nobody but the workspace is to see.
NEVER_SEEN = frozenset({"releases.view"})
#: What may be changed with a second person's word: capability, and the deeds of its pages (None: all of them).
WRITABLE: dict[str, frozenset[str] | None] = {
    "campaigns.edit": None,
    "fans.edit": None,
    "members.manage": frozenset({"assign", "unassign"}),
    "queue.manage": frozenset({"arrived", "cancel", "pause"}),
}


def while_visiting(capabilities: frozenset[str], *, may_write: bool) -> frozenset[str]:
    """What is left of a member's capabilities in a visitor's hands."""
    seen = {name for name in capabilities if name.endswith(".view")} - NEVER_SEEN
    return frozenset(seen | (capabilities & WRITABLE.keys() if may_write else frozenset()))


def may_do(capability: str, deed: str | None) -> bool:
    """Whether a page of this capability may change something, in a visit that may write at all."""
    if capability not in WRITABLE:
        return False
    deeds = WRITABLE[capability]
    return deeds is None or deed in deeds


def is_fresh(proved_at: datetime | None, now: datetime) -> bool:
    return proved_at is not None and proved_at <= now <= proved_at + FACTOR_LASTS
