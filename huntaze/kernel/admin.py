"""The staff admin: its site, and bases that are read-only until proven otherwise."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth import get_user_model
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


def may(request: HttpRequest, capability: str) -> bool:
    """Whether this member of staff has a capability, such as `staff.view`: by their groups, or as superuser."""
    codename = capability.replace(".", "_")
    return request.user.has_perm(f"{get_user_model()._meta.app_label}.{codename}")


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
        found = [read() for read in _attention] if may(request, "staff.view") else []
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


#: Rows of one action that the log of the staff's deeds names.
MOST_LOGGED = 500

#: A list counts no further, so that it costs the same however long its table is.
MOST_LISTED = 10_001


class BoundedPaginator(Paginator):  # type: ignore[type-arg]
    @cached_property
    def count(self) -> int:
        return int(self.object_list[:MOST_LISTED].count())


class StaffAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Asks the staff's own table of capabilities, never Django's rights on single tables."""

    #: Who sees the rows, and who uses the actions.
    seen_with = "staff.view"
    operated_with = "staff.retry"

    def has_module_permission(self, request: HttpRequest) -> bool:
        return may(request, self.seen_with)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may(request, self.seen_with)

    def response_action(self, request: HttpRequest, queryset: Any) -> HttpResponseBase | None:
        """Whatever an action does, Django's own log keeps who used it on which rows; what belongs to a workspace is
        in that workspace's audit log as well."""
        chosen = list(queryset.filter(pk__in=request.POST.getlist("_selected_action")[:MOST_LOGGED]))
        answer: HttpResponseBase | None = super().response_action(request, queryset)
        name = request.POST.get("action", "")
        if answer is not None and chosen and name in self.get_actions(request):
            LogEntry.objects.log_actions(request.user.pk, chosen, CHANGE, name, single_object=False)
        return answer

    def has_operate_permission(self, request: HttpRequest) -> bool:
        """For actions (`permissions=["operate"]`): looking is not enough to act."""
        return may(request, self.operated_with)


class ReadOnlyAdmin(StaffAdmin):
    """Looks, never writes: what staff may change they change through an action that calls a service."""

    show_full_result_count = False
    paginator = BoundedPaginator
    list_per_page = 50

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
