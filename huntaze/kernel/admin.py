"""The staff admin: its site, and bases that are read-only until proven otherwise."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import admin
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, resolve, reverse
from django.utils.functional import Promise, cached_property
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from huntaze.kernel import ids, sql
from huntaze.kernel.columns import Worded
from huntaze.kernel.tenancy import cross_workspace


@dataclass(frozen=True, slots=True)
class Attention:
    """One thing on the staff's list for today: its rows, or how many they are, and the list that shows them. `until` is
    when the first of them has to be done."""

    text: str | Promise
    rows: QuerySet[Any] | int
    url: str
    until: datetime | None = None

    @property
    def count(self) -> int:
        return self.rows if isinstance(self.rows, int) else self.rows[:MOST_LISTED].count()


_attention: list[Callable[[], Attention]] = []


def _counted(found: list[Attention]) -> list[Attention]:
    """The same with the numbers of their rows: one query, whatever stands on the list."""
    numbers = iter(sql.counts([item.rows for item in found if not isinstance(item.rows, int)], MOST_LISTED))
    return [item if isinstance(item.rows, int) else replace(item, rows=next(numbers)) for item in found]


def attention(read: Callable[[], Attention]) -> Callable[[], Attention]:
    """Registers a count for the first staff page; apps say in their admin what needs a person."""
    _attention.append(read)
    return read


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the first staff page: its anchor, its name, and the tables in it as `app_model`, in their order."""

    key: str
    title: str | Promise
    tables: tuple[str, ...]


_sections: list[Section] = []


def arrange(sections: Iterable[Section]) -> None:
    """How the staff's tables stand together; a table that no section names stands under its app."""
    _sections[:] = sections


def _section_of(table: str) -> Section | None:
    return next((one for one in _sections if table in one.tables), None)


Page = Callable[..., HttpResponseBase]
_pages: list[tuple[str, Page, str]] = []


def staff_page(route: str, *, name: str, capability: str = "staff.view") -> Callable[[Page], Page]:
    """A page of our own beside Django's, at `admin:<name>`, for staff who hold the capability."""

    def register(view: Page) -> Page:
        _pages.append((route, guarded(capability)(view), name))
        return view

    return register


def guarded(capability: str) -> Callable[[Page], Page]:
    """Refuses staff without the capability, before anything is read."""

    def decorate(view: Page) -> Page:
        @wraps(view)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not may(request, capability):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return checked

    return decorate


def may(request: HttpRequest, capability: str) -> bool:
    """Whether this member of staff has a capability, such as `staff.view`: by their groups, or as superuser."""
    user: Any = request.user
    if not user.is_active or user.is_superuser:
        return bool(user.is_active)
    if not hasattr(user, "_staff_codenames"):
        held = Permission.objects.filter(content_type__app_label=get_user_model()._meta.app_label)
        held = held.filter(Q(user=user.pk) | Q(group__user=user.pk))
        user._staff_codenames = set(held.values_list("codename", flat=True))
    return capability.replace(".", "_") in user._staff_codenames


class StaffSite(admin.AdminSite):
    """Django's admin for staff; everything in it runs with the wall lifted, under a counted reason."""

    site_title = _("Huntaze staff")
    site_header = "Huntaze"
    index_title = _("Today")
    enable_nav_sidebar = True
    empty_value_display = "–"

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
        found = _counted([read() for read in _attention]) if may(request, "staff.view") else []
        return super().index(request, {"attention": _in_sections(found)} | (extra_context or {}))

    def get_urls(self) -> list[Any]:
        own = [path(route, self.admin_view(view), name=name) for route, view, name in _pages]
        return [*own, *super().get_urls()]

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[dict[str, Any]]:
        """Tables by what staff do with them, whatever app they belong to."""
        apps: list[dict[str, Any]] = super().get_app_list(request, app_label)
        if app_label or not _sections:
            return apps
        tables = {
            f"{app['app_label']}_{row['object_name'].lower()}": row for app in apps for row in app["models"]
        }
        shown = []
        for section in _sections:
            rows = [tables.pop(name) for name in section.tables if name in tables]
            url = f"{reverse('admin:index')}#{section.key}"
            if rows:
                shown.append(
                    {"name": section.title, "app_label": section.key, "app_url": url, "models": rows}
                )
        for app in apps:
            app["models"] = [row for row in app["models"] if row in tables.values()]
        return shown + [app for app in apps if app["models"]]

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


def _in_sections(found: list[Attention]) -> list[tuple[Section | None, list[Attention]]]:
    """What needs a person, by the section of the list that it leads to; what belongs to none comes last."""
    tables = {item: (resolve(urlsplit(item.url).path).url_name or "").rpartition("_")[0] for item in found}
    return [
        (section, rows)
        for section in (*_sections, None)
        if (rows := [item for item in found if _section_of(tables[item]) is section])
    ]


#: Rows of one action that the log of the staff's deeds names.
MOST_LOGGED = 500

#: A list counts no further, so that it costs the same however long its table is.
MOST_LISTED = 10_001


class BoundedPaginator(Paginator):  # type: ignore[type-arg]
    """Pages of a list that may be endless: it ends, for counting and for turning pages, at a bound."""

    @cached_property
    def count(self) -> int:
        return int(self.object_list[:MOST_LISTED].count())

    @property
    def is_cut(self) -> bool:
        """Whether there are more rows than are counted."""
        return self.count >= MOST_LISTED


class StaffAdmin(Worded):
    """Asks the staff's own table of capabilities, never Django's rights on single tables."""

    #: Who sees the rows, and who uses the actions.
    seen_with = "staff.view"
    operated_with = "staff.retry"

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """A list is called as what stands in it."""
        title = capfirst(self.opts.verbose_name_plural)
        return super().changelist_view(request, {"title": title} | (extra_context or {}))

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


class ByPublicId(ReadOnlyAdmin):
    """Rows are also found by the public id that people copy from a page or an answer."""

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        uid = ids.decode(self.model.PREFIX, search_term.strip())
        if uid:
            return queryset.filter(uid=uid), False
        return super().get_search_results(request, queryset, search_term)
