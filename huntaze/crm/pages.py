"""The pages: search, and everything about a workspace or a creator."""

from typing import Any

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Creator, Workspace
from accounts.selectors.desk import SHORTEST, open_requests
from huntaze.crm import find as finder
from huntaze.crm.subject import subject_of
from huntaze.crm.tabs import TABS
from huntaze.kernel import clock
from huntaze.kernel.admin import Attention, attention, may, staff_page
from huntaze.kernel.web import is_fragment
from messaging.services.reveal import CAPABILITY as REVEALS


@staff_page("find/", name="crm_find")
def find(request: HttpRequest) -> HttpResponse:
    """A public id leads to its page at once."""
    term = " ".join(request.GET.get("q", "").replace("\0", "").split())[: finder.LONGEST]
    page = finder.page_of(term, request)
    if page is not None:
        return redirect(next_of(page))
    found = finder.find(term) if term else ()
    values = {"term": term, "found": found, "shortest": SHORTEST, "title": _("Search")}
    return _page(request, "admin/crm/find.html", values)


def next_of(page: str) -> str:
    """An address that the admin's own table of addresses has made."""
    return page


@staff_page("workspace/<str:public_id>/", name="crm_workspace")
def workspace(request: HttpRequest, public_id: str) -> HttpResponse:
    return _subject(request, Workspace, public_id, "overview")


@staff_page("workspace/<str:public_id>/<slug:tab>/", name="crm_workspace_tab")
def workspace_tab(request: HttpRequest, public_id: str, tab: str) -> HttpResponse:
    return _subject(request, Workspace, public_id, tab)


@staff_page("creator/<str:public_id>/", name="crm_creator")
def creator(request: HttpRequest, public_id: str) -> HttpResponse:
    return _subject(request, Creator, public_id, "overview")


@staff_page("creator/<str:public_id>/<slug:tab>/", name="crm_creator_tab")
def creator_tab(request: HttpRequest, public_id: str, tab: str) -> HttpResponse:
    return _subject(request, Creator, public_id, tab)


def _subject(request: HttpRequest, kind: Any, public_id: str, key: str) -> HttpResponse:
    subject = subject_of(kind, public_id, clock.now())
    tab = TABS.get(key)
    if subject is None or tab is None:
        raise Http404
    name = f"admin:crm_{kind._meta.model_name}_tab"
    values = {
        "subject": subject,
        "tab": tab,
        "tabs": [(one, reverse(name, args=[public_id, one.key])) for one in TABS.values()],
        "title": subject.name,
        "may_reveal": may(request, REVEALS),
        "may_visit": may(request, "staff.impersonate"),
        **tab.read(subject, request.GET),
    }
    return _page(request, "admin/crm/_tab.html" if is_fragment(request) else "admin/crm/subject.html", values)


def _page(request: HttpRequest, template: str, values: dict[str, Any]) -> HttpResponse:
    own = {} if is_fragment(request) else admin.site.each_context(request)
    return TemplateResponse(request, template, own | values, headers={"Vary": "HX-Request"})


@attention
def privacy_requests() -> Attention:
    found = open_requests()
    url = reverse("admin:accounts_privacyrequest_changelist") + "?state__in=queued,working"
    return Attention(gettext_lazy("Privacy requests to answer"), found["count"], url, found["until"])
