"""Answers the apps below: billing knows the plans, they know what is made."""

from datetime import datetime

from billing.services import entitlements
from billing.types import Feature


class Allowances:
    """`accounts.services.allowances.Allowances`, by entitlements."""

    def take(self, *, workspace_id: int, feature: str, quantity: int, now: datetime) -> None:
        entitlements.take_stock(
            workspace_id=workspace_id, feature=Feature(feature), quantity=quantity, now=now
        )

    def need(self, *, workspace_id: int, feature: str, now: datetime) -> None:
        entitlements.require(workspace_id=workspace_id, feature=Feature(feature), now=now)

    def count(self, *, workspace_id: int, feature: str, now: datetime) -> None:
        entitlements.count(workspace_id=workspace_id, feature=Feature(feature), now=now)

    def hindrance(self, *, workspace_id: int, feature: str, now: datetime) -> str:
        return entitlements.can(workspace_id=workspace_id, feature=Feature(feature), now=now).reason
