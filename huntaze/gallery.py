"""Every component in every state, for staff: from the templates that the pages use, in light and in dark.

The pages of errors and refusals have an address here as well, so that they can be looked at without breaking anything.
"""

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from accounts.selectors.creator_switch import Choice, CreatorSwitch
from huntaze.kernel import clock, context
from huntaze.kernel.money import Money
from messaging.types import DeliveryState

#: Whole pages by name: the template, its status and what it is told.
PAGES: dict[str, tuple[str, int, dict[str, Any]]] = {
    "400": ("errors/400.html", 400, {}),
    "403": ("errors/403.html", 403, {}),
    "404": ("errors/404.html", 404, {}),
    "500": ("errors/500.html", 500, {}),
    "limit-spent": (
        "errors/limit.html", 429, {"is_spent": True, "limit": {"used": 500, "limit": 500}, "billing_url": "/billing"},
    ),
    "limit-plan": ("errors/limit.html", 403, {"is_spent": False, "limit": {}, "billing_url": "/billing"}),
    "visit-looking": ("errors/visit.html", 403, {"why": "looking"}),
    "visit-over": ("errors/visit.html", 403, {"why": "over"}),
}  # fmt: skip
TONES = ("plain", "info", "accent", "ok", "warn", "danger")


class SampleForm(forms.Form):
    """A field of each kind."""

    name = forms.CharField(label=_("Name"), help_text=_("At most 80 characters."), max_length=80)
    email = forms.EmailField(label=_("Email"))
    role = forms.ChoiceField(label=_("Role"), choices=[("a", _("Manager")), ("b", _("Chatter"))])
    text = forms.CharField(label=_("Message"), widget=forms.Textarea(attrs={"rows": 2}))
    works_for = forms.MultipleChoiceField(
        label=_("Works for"),
        widget=forms.CheckboxSelectMultiple,
        choices=[("1", "Luna Martel"), ("2", "Zoé Durand")],
    )
    is_daily = forms.BooleanField(label=_("Every day"), required=False)


@dataclass(frozen=True, slots=True)
class Theme:
    """A column of the gallery. The forms' fields have ids of their own in each."""

    name: str
    form: SampleForm
    wrong: SampleForm


def _theme(name: str) -> Theme:
    wrong = SampleForm({f"{name}w-email": "nobody"}, prefix=f"{name}w", auto_id=f"{name}w_%s")
    wrong.is_valid()
    return Theme(name, SampleForm(prefix=name, auto_id=f"{name}_%s"), wrong)


def _require_staff(request: HttpRequest) -> None:
    if not getattr(request.user, "is_staff", False):
        raise Http404


@require_safe
def gallery(request: HttpRequest) -> HttpResponse:
    """Not there for anybody else."""
    _require_staff(request)
    now = clock.now()
    luna, zoe = Choice("1", "Luna Martel"), Choice("2", "Zoé Durand")
    response = render(
        request,
        "gallery/index.html",
        {
            "themes": [_theme("light"), _theme("dark")],
            "tones": TONES,
            "states": list(DeliveryState),
            "icons": _icons(),
            "pages": list(PAGES),
            "amounts": [Money(123456, "EUR"), Money(2900, "USD")],
            "moments": [now, now - timedelta(days=3), now - timedelta(days=400)],
            "meters": [(0, 10), (4, 10), (10, 10)],
            "one": CreatorSwitch((luna, zoe), luna),
        },
    )
    patch_cache_control(response, no_store=True, private=True)
    return response


@require_safe
def state(request: HttpRequest, name: str) -> HttpResponse:
    """A whole page of an error or a refusal, with its own status."""
    _require_staff(request)
    if name not in PAGES:
        raise Http404
    template, status, told = PAGES[name]
    response = render(request, template, told | {"trace_id": context.trace_id()}, status=status)
    patch_cache_control(response, no_store=True, private=True)
    return response


def _icons() -> list[str]:
    """Names in the sprite."""
    sprite = (settings.BASE_DIR / "static" / "img" / "icons.svg").read_text(encoding="utf-8")
    return re.findall(r'<symbol id="([\w-]+)"', sprite)
