"""Reads of privacy requests. Who asked sees their own; who may manage privacy sees all of the workspace."""

from django.db.models import QuerySet

from accounts.models import PrivacyRequest
from huntaze.kernel import ids
from huntaze.kernel.api.principal import Principal
from huntaze.kernel.errors import NotFound


def requests_of(principal: Principal) -> QuerySet[PrivacyRequest]:
    """Requests that the caller may see, newest first."""
    rows = PrivacyRequest.objects.select_related("asked_by").order_by("-pk")
    return rows if principal.can("privacy.manage") else rows.filter(asked_by=principal.member_pk)


def request_of(principal: Principal, kind: str, request_id: str) -> PrivacyRequest:
    """The request with this public id; raises NotFound for anybody else's."""
    uid = ids.decode("prv", request_id)
    row = requests_of(principal).filter(kind=kind, uid=uid).first() if uid else None
    if row is None:
        raise NotFound("Unknown request")
    return row
