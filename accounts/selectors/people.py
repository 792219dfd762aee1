"""Reads about one person, whatever workspace they are in."""

from accounts.models import Membership, User
from huntaze.kernel.tenancy import cross_workspace


def plan_of(user: User) -> str:
    """The plan of the workspace a person starts in; free without one."""
    with cross_workspace("session"):
        rows = Membership.objects.living().filter(user=user).order_by("pk")
        return str(rows.values_list("workspace__plan", flat=True).first() or "free")
