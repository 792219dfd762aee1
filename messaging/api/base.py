"""What the API's views of messaging share: the caller's reach, the account in it, who acts."""

from typing import TypeVar

from django.db.models import Model, QuerySet
from drf_spectacular.utils import OpenApiParameter

from accounts.models import PlatformAccount
from accounts.selectors import account_of
from accounts.types import Platform
from huntaze.kernel.api.views import HuntazeViewSet

ACCOUNT = OpenApiParameter("accountId", str, description="One account; all of the caller's when left out.")

_Row = TypeVar("_Row", bound=Model)


class MessagingBase(HuntazeViewSet):
    @property
    def reach(self) -> frozenset[int] | None:
        """Creators whose rows the caller may see (integer keys); None is all of the workspace."""
        return self.principal.creator_ids

    def account(self, account_id: str | None) -> PlatformAccount:
        """The account named, or the only one; somebody else's is NotFound."""
        return account_of(self.reach, Platform.ONLYFANS, account_id)

    def of_account(self, rows: QuerySet[_Row]) -> QuerySet[_Row]:
        """Only one account's rows, when the caller names one."""
        account_id = self.request.query_params.get("accountId")
        return rows.filter(account=self.account(account_id)) if account_id is not None else rows
