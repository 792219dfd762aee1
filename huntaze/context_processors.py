"""What every page's template knows."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from huntaze.kernel import context


def house(request: HttpRequest) -> dict[str, Any]:
    return {
        "principal": getattr(request, "principal", None),
        "trace_id": context.trace_id(),
        "is_demo": settings.DEMO,
        "version": settings.VERSION,
    }
