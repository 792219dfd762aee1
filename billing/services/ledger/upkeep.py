"""What time does to credits: grants end, reservations that nobody came back for are given back."""

from datetime import datetime

from billing.models import Grant, Reservation
from billing.services.ledger import grants, reservations
from billing.types import Unit
from huntaze.kernel.tenancy import cross_workspace

#: Workspaces of one run; the next run does the rest.
MOST = 1000


def expire(*, now: datetime) -> int:
    """End grants whose time is over; returns how many credits were lost by it."""
    with cross_workspace("credits"):
        due = Grant.objects.filter(expires_at__lte=now, remaining__gt=0)
        return sum(
            grants.expire_due(workspace_id=pk, unit=Unit(unit), now=now)
            for pk, unit in due.order_by().values_list("workspace_id", "unit").distinct()[:MOST]
        )


def release(*, now: datetime) -> int:
    """Give back reservations whose time is over; returns how many."""
    with cross_workspace("credits"):
        due = Reservation.objects.all().expired(now)
        return sum(
            reservations.release_expired(workspace_id=pk, unit=Unit(unit), now=now)
            for pk, unit in due.order_by().values_list("workspace_id", "unit").distinct()[:MOST]
        )
