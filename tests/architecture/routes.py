"""Every address of the house, walked from the URL table, with the capability that each method asks for."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from huntaze.kernel.api.views import HuntazeViewSet

#: What a route says that neither declares a capability nor is one of the staff's.
UNDECLARED = "undeclared"


@dataclass(frozen=True, slots=True)
class Route:
    """One method at one address. `kind`: api, page, admin or plain; `capability` as the route declares it."""

    kind: str
    method: str
    path: str
    capability: str | None
    action: str = ""

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def params(self) -> list[str]:
        return re.findall(r"<(\w+)>", self.path)

    def at(self, values: dict[str, str]) -> str:
        """The address with its parameters filled in."""
        return re.sub(r"<(\w+)>", lambda found: values[found[1]], self.path)


def routes() -> list[Route]:
    return sorted(
        _walk(get_resolver().url_patterns, "/", False), key=lambda route: (route.path, route.method)
    )


def _walk(patterns: list[Any], prefix: str, is_admin: bool) -> Iterator[Route]:
    for entry in patterns:
        path = prefix + _plain(str(entry.pattern))
        if isinstance(entry, URLResolver):
            yield from _walk(entry.url_patterns, path, is_admin or entry.namespace == "admin")
        elif isinstance(entry, URLPattern):
            yield from _of(entry, path, is_admin)


def _of(entry: URLPattern, path: str, is_admin: bool) -> Iterator[Route]:
    view: Any = entry.callback
    cls = getattr(view, "cls", None)
    if is_admin:
        yield Route("admin", "GET", path, None, entry.name or "")
    elif cls is not None and issubclass(cls, HuntazeViewSet):
        for method, action in view.actions.items():
            yield Route("api", method.upper(), path, cls.capabilities.get(action, UNDECLARED), action)
    elif hasattr(view, "capability"):
        for method in getattr(view, "methods", ("GET",)):
            yield Route("page", method, path, view.capability)
    else:
        yield Route("plain", "GET", path, None)


def _plain(pattern: str) -> str:
    """`<str:x>` and `(?P<x>…)` as `<x>`, without the marks of a regular expression."""
    pattern = re.sub(r"\(\?P<(\w+)>[^)]*\)", r"<\1>", pattern)
    return re.sub(r"<\w+:(\w+)>", r"<\1>", pattern).replace("^", "").replace("$", "").replace("\\Z", "")
