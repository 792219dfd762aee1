"""What staff may do, and which group is given what: the one table that the admin and its tests read.

Each capability is a permission of Django's on people (`accounts.staff_retry` for `staff.retry`), each group one of
Django's groups; both are made after every migration. And for how long a session opens the staff's pages.
"""

from datetime import datetime, timedelta

#: A member of staff proves who they are again after this long, and after this long without a page of theirs.
MODE_LASTS, MODE_IDLE = timedelta(hours=8), timedelta(minutes=30)
#: The use of the mode is written down no oftener than this.
MODE_NOTED = timedelta(minutes=1)
#: The proof that begins the mode is not older than this.
PROOF_LASTS = timedelta(minutes=10)

#: Codename of the permission, and its name in Django's own table.
STAFF_CAPABILITIES: dict[str, str] = {
    "staff.view": "Look at the staff's pages",
    "staff.retry": "Retry, release, pause and cap sending",
    "staff.billing": "Refund, grant and change limits",
    "staff.impersonate": "Look at a workspace through a member's eyes",
    "staff.privacy": "Work on privacy requests",
}

STAFF_GROUPS: dict[str, frozenset[str]] = {
    "support": frozenset({"staff.view", "staff.retry", "staff.impersonate", "staff.privacy"}),
    "finance": frozenset({"staff.view", "staff.billing"}),
    "engineer": frozenset({"staff.view", "staff.retry", "staff.impersonate"}),
}


def codename(capability: str) -> str:
    """The permission's codename: `staff_view` for `staff.view`."""
    return capability.replace(".", "_")


def is_in_mode(began_at: datetime | None, seen_at: datetime | None, now: datetime) -> bool:
    """Whether a session that began the staff's mode then, and used it last at `seen_at`, is still in it."""
    if began_at is None or seen_at is None:
        return False
    return began_at <= now < began_at + MODE_LASTS and now < seen_at + MODE_IDLE


def begins_mode(proved_at: datetime | None, now: datetime) -> bool:
    """Whether a proof of who somebody is, given then, opens the staff's pages."""
    return proved_at is not None and proved_at <= now <= proved_at + PROOF_LASTS
