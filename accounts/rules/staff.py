"""What staff may do, and which group is given what: the one table that the admin and its tests read.

Each capability is a permission of Django's on people (`accounts.staff_retry` for `staff.retry`), each group one of
Django's groups; both are made after every migration.
"""

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
