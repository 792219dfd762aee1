"""The staff admin: its site, and bases that are read-only until proven otherwise."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponseBase
from django.template.response import TemplateResponse
from django.utils.functional import Promise
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


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Looks, never writes: what staff may change they change through an action that calls a service."""

    show_full_result_count = False
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
