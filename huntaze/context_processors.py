"""What every page's template knows."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from huntaze import navigation
from huntaze.kernel import context
from huntaze.kernel.live import PATH


def house(request: HttpRequest) -> dict[str, Any]:
    return {
        "principal": getattr(request, "principal", None),
        "trace_id": context.trace_id(),
        "is_demo": settings.DEMO,
        "version": settings.VERSION,
        "places_main": SimpleLazyObject(lambda: navigation.shown(request, navigation.MAIN)),
        "places_settings": SimpleLazyObject(lambda: navigation.shown(request, navigation.SETTINGS)),
        "events_url": _events_url(request),
    }


def _events_url(request: HttpRequest) -> str:
    """Where this page listens: at our own address, but for pages on loopback that have no proxy before them."""
    host = urlsplit(f"//{request.META.get('HTTP_HOST', '')}").hostname or ""
    if settings.EVENTS_LOOPBACK_PORT and host in {"127.0.0.1", "localhost"}:
        return f"http://{host}:{settings.EVENTS_LOOPBACK_PORT}{PATH}"
    return PATH
