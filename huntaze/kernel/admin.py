"""The staff admin: its site, and bases that are read-only until proven otherwise."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.contrib.auth import get_permission_codename
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.functional import Promise, cached_property
from django.utils.translation import gettext_lazy as _

from huntaze.kernel.tenancy import cross_workspace


@dataclass(frozen=True, slots=True)
class Attention:
    """One thing on the staff's list for today: how many rows, and the list that shows them."""

    text: str | Promise
    count: int
    url: str


_attention: list[Callable[[], Attention]] = []


def attention(read: Callable[[], Attention]) -> Callable[[], Attention]:
    """Registers a count for the first staff page; apps say in their admin what needs a person."""
    _attention.append(read)
    return read


class StaffSite(admin.AdminSite):
    """Django's admin for staff; everything in it runs with the wall lifted, under a counted reason."""

    site_title = _("Huntaze staff")
    site_header = "Huntaze"
    index_title = _("Today")
    enable_nav_sidebar = True

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """One door for everybody, with one count of tries; a signed-in person who is no staff is refused."""
        if request.user.is_authenticated and not self.has_permission(request):
            raise PermissionDenied
        return redirect_to_login(request.GET.get("next") or reverse("admin:index"))

    def password_change(  # type: ignore[override]
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Passwords are changed where everybody changes theirs: that ends other sessions, is written down and told."""
        return HttpResponseRedirect(settings.SECURITY_URL)

    def password_change_done(  # type: ignore[override]
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return HttpResponseRedirect(settings.SECURITY_URL)

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        found = [read() for read in _attention]
        return super().index(request, {"attention": found} | (extra_context or {}))

    def admin_view(
        self, view: Callable[..., HttpResponseBase], cacheable: bool = False
    ) -> Callable[..., HttpResponseBase]:
        inner = super().admin_view(view, cacheable)

        def lifted(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            with cross_workspace("admin"):
                response = inner(request, *args, **kwargs)
                # Rendered here: a template read later would run its queries outside the block.
                if isinstance(response, TemplateResponse) and not response.is_rendered:
                    response.render()
                return response

        return lifted


#: A list counts no further, so that it costs the same however long its table is.
MOST_LISTED = 10_001


class BoundedPaginator(Paginator):  # type: ignore[type-arg]
    @cached_property
    def count(self) -> int:
        return int(self.object_list[:MOST_LISTED].count())


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Looks, never writes: what staff may change they change through an action that calls a service."""

    show_full_result_count = False
    paginator = BoundedPaginator
    list_per_page = 50

    def has_operate_permission(self, request: HttpRequest) -> bool:
        """For actions (`permissions=["operate"]`): looking is not enough to act, the right to change is."""
        return request.user.has_perm(f"{self.opts.app_label}.{get_permission_codename('change', self.opts)}")

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """A hidden column can't be guessed through a filter in the address either."""
        hidden = lookup.split("__")[0] in set(self.exclude or ())
        return not hidden and super().lookup_allowed(lookup, value, request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
