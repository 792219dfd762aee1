"""Why staff do something: asked beside every action, kept in the workspace's audit log."""

from django import forms
from django.contrib import messages
from django.contrib.admin.helpers import ActionForm
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from huntaze.kernel.admin import ReadOnlyAdmin


class ReasonForm(ActionForm):
    """The box beside an action: why it is done."""

    reason = forms.CharField(max_length=200, required=False, label=_("Reason"))


def reason_of(page: ReadOnlyAdmin, request: HttpRequest) -> str:
    """The reason given; empty, and said so, when there is none."""
    reason = request.POST.get("reason", "").strip()[:200]
    if not reason:
        page.message_user(request, _("Say why, beside the action."), messages.ERROR)
    return reason
