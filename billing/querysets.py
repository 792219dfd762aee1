"""How rows of billing are narrowed."""

from datetime import datetime
from typing import Any

from django.db.models import F

from huntaze.kernel.tenancy import WorkspaceQuerySet


class ReservationQuerySet(WorkspaceQuerySet[Any]):  # type: ignore[override]
    def open(self) -> "ReservationQuerySet":
        return self.filter(amount__gt=F("settled") + F("released"))

    def expired(self, now: datetime) -> "ReservationQuerySet":
        return self.open().filter(expires_at__lte=now)
