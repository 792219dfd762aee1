"""What every page's template knows."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from huntaze import navigation
from huntaze.kernel import context


def house(request: HttpRequest) -> dict[str, Any]:
    return {
        "principal": getattr(request, "principal", None),
        "trace_id": context.trace_id(),
        "is_demo": settings.DEMO,
        "version": settings.VERSION,
        "places_main": SimpleLazyObject(lambda: navigation.shown(request, navigation.MAIN)),
        "places_settings": SimpleLazyObject(lambda: navigation.shown(request, navigation.SETTINGS)),
    }
