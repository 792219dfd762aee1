"""Links to the files of an export: signed, for 15 minutes, and no longer than their maker is a member."""

from datetime import datetime, timedelta

from django.core import signing

from accounts.errors import ExportGone
from accounts.models import Membership, PrivacyRequest
from accounts.services.privacy.export import files_until, open_request, zipped
from huntaze.kernel.tenancy import cross_workspace

LINK_LASTS = timedelta(minutes=15)
_SALT = "accounts.export-files"

__all__ = ["LINK_LASTS", "files_until", "open_request", "request_of_token", "token_for", "zipped"]


def token_for(*, request: PrivacyRequest, member_pk: int, now: datetime) -> str:
    """Raises ExportGone when there are no files, not yet or no longer."""
    open_request(request=request, now=now)
    return signing.dumps([request.pk, member_pk, int((now + LINK_LASTS).timestamp())], salt=_SALT)


def request_of_token(*, token: str, now: datetime) -> PrivacyRequest:
    """Raises ExportGone for anything but a link of ours that is still good."""
    try:
        request_pk, member_pk, until = signing.loads(token, salt=_SALT)
    except (signing.BadSignature, ValueError, TypeError) as error:
        raise ExportGone from error
    with cross_workspace("privacy"):
        is_member = Membership.objects.living().filter(pk=member_pk, user__is_active=True).exists()
        request = PrivacyRequest.objects.filter(pk=request_pk).first()
    if now.timestamp() >= until or not is_member or request is None:
        raise ExportGone
    return open_request(request=request, now=now)
