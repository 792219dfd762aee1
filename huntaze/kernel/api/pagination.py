"""Lists: `limit` (1–200, default 50) and `offset`, answering the rows under a plural key with the total."""

from dataclasses import dataclass
from typing import Any

from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from huntaze.kernel.errors import FieldError, Invalid

DEFAULT_LIMIT, MOST, DEEPEST = 50, 200, 100_000
#: How the API document describes them.
PAGE_PARAMETERS = [
    OpenApiParameter("limit", int, description="1 to 200, default 50."),
    OpenApiParameter("offset", int, description="Default 0."),
]


@dataclass(frozen=True, slots=True)
class Page:
    limit: int
    offset: int

    def answer(self, plural: str, rows: list[Any], total: int) -> dict[str, Any]:
        return {plural: rows, "total": total, "limit": self.limit, "offset": self.offset}


def page_of(request: Request) -> Page:
    """The page asked for; raises Invalid when a number is out of range."""
    return Page(
        limit=_number(request, "limit", DEFAULT_LIMIT, 1, MOST),
        offset=_number(request, "offset", 0, 0, DEEPEST),
    )


def _number(request: Request, name: str, default: int, least: int, most: int) -> int:
    text = request.query_params.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and least <= int(text) <= most):
        raise Invalid(FieldError(name, f"Use a whole number from {least} to {most}."))
    return int(text)
