"""Vocabulary of messaging's tables."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models.functions import Now

from huntaze.kernel.tenancy import WorkspaceQuerySet
from messaging.types import DeliveryState


class DeliveryQuerySet(WorkspaceQuerySet[Any]):  # type: ignore[override]
    def for_accounts(self, account_pks: list[int]) -> "DeliveryQuerySet":
        return self.filter(account_id__in=account_pks)

    def waiting(self) -> "DeliveryQuerySet":
        return self.filter(state=DeliveryState.QUEUED)

    def in_flight(self) -> "DeliveryQuerySet":
        return self.filter(state=DeliveryState.SENDING)

    def answered_within(self, seconds: float) -> "DeliveryQuerySet":
        """Rows whose last answer came less than so many seconds ago, by the database's clock."""
        return self.filter(answered_at__gt=Now() - timedelta(seconds=seconds))

    def dead_letters(self) -> "DeliveryQuerySet":
        return self.filter(state=DeliveryState.FAILED)

    def uncertain(self) -> "DeliveryQuerySet":
        return self.filter(state=DeliveryState.UNCERTAIN)

    def planned(self) -> "DeliveryQuerySet":
        return self.filter(state=DeliveryState.SCHEDULED)

    def due(self, now: datetime) -> "DeliveryQuerySet":
        return self.filter(state=DeliveryState.SCHEDULED, available_at__lte=now)

    def before(self, *, account_pk: int, lane: str, priority: int) -> "DeliveryQuerySet":
        """Rows of the lane that leave before a new one of this priority."""
        return self.filter(
            account_id=account_pk, lane=lane, state=DeliveryState.QUEUED, priority__lte=priority
        )

    def with_everything(self) -> "DeliveryQuerySet":
        """What a gateway or a page needs, in one query."""
        return self.select_related("message", "campaign", "fan", "account", "workspace")
