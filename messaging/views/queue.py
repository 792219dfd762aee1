"""The page of the queue, its figures and its lists."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from huntaze.kernel.web import is_fragment, page, principal_of
from messaging import selectors
from messaging.views.common import figures_of, full, list_of, place_of, receipt_of, tagged


@page("queue.view")
@require_safe
def onlyfans(request: HttpRequest) -> HttpResponse:
    return full(request)


@page("queue.view")
@require_safe
def figures(request: HttpRequest) -> HttpResponse:
    if not is_fragment(request):
        return full(request)
    place = place_of(request)
    return tagged(request, "messaging/_figures.html", figures_of(place))


@page("queue.view")
@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    if not is_fragment(request):
        return full(request)
    return tagged(request, "messaging/_list.html", list_of(place_of(request)))


@page("queue.view")
@require_safe
def message(request: HttpRequest, message_id: str) -> HttpResponse:
    """One message's state, for the sender who watches it go out."""
    delivery = selectors.delivery_of(principal_of(request).creator_ids, message_id)
    return tagged(request, "messaging/_receipt.html", receipt_of(request, delivery))
