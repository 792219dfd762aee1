"""A message's text, for staff who say why: once, on one page, with a row in the workspace's log."""

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from huntaze.kernel import clock
from huntaze.kernel.actor import Actor
from huntaze.kernel.errors import Invalid
from messaging.models import Message
from messaging.services.reveal import LONGEST_REASON, SHORTEST_REASON, reveal_text

#: What the service refuses with, for translation.
REFUSALS = (gettext_noop("Say in 15 to 200 characters why."),)


def reveal(request: HttpRequest, object_id: int) -> HttpResponse:
    """Asks why, then shows the text in the answer to that form alone."""
    rows = Message.objects.select_related("account", "workspace", "conversation__fan")
    message: Message = get_object_or_404(rows, pk=object_id)
    context = admin.site.each_context(request) | {
        "title": _("Show the text of a message"),
        "message": message,
        "shortest": SHORTEST_REASON,
        "longest": LONGEST_REASON,
        "is_shown": False,
        "opts": Message._meta,
    }
    status = 200
    if request.method == "POST":
        actor = Actor.staff(int(request.user.pk))
        reason = request.POST.get("reason", "")
        try:
            text = reveal_text(message=message, reason=reason, actor=actor, now=clock.now())
            context |= {"text": text, "is_shown": True}
        except Invalid as error:
            context |= {"error": _(error.errors[0].message), "reason": reason}
            status = 422
    return TemplateResponse(request, "admin/messaging/reveal.html", context, status=status)
