"""Owns the table of operations: a tree of path segments, literal before parameter."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

Handler = Callable[..., Any]


class Route:
    """One operation: its handler, or None when it is known but not imitated."""

    __slots__ = ("account_place", "handler", "name", "needs_account", "params")

    def __init__(self, method: str, path: str, handler: Handler | None) -> None:
        self.name = f"{method} {path}"
        self.handler = handler
        self.params = [place for place, segment in enumerate(path.split("/")) if segment.startswith("{")]
        self.needs_account = path.startswith("/api/{account}/")


class Router:
    def __init__(self) -> None:
        self.root: dict[str, Any] = {}

    def add(self, method: str, path: str, handler: Handler | None = None) -> None:
        node = self.root
        for segment in path.split("/"):
            node = node.setdefault("*" if segment.startswith("{") else segment, {})
        if handler is not None or method not in node.setdefault("/", {}):
            node.setdefault("/", {})[method] = Route(method, path, handler)

    def find(self, method: str, path: str) -> tuple[Route | None, list[str], bool]:
        """The route, its path parameters, and whether the path exists at all."""
        segments = path.split("/")
        leaf = self._walk(self.root, segments, 0)
        if leaf is None:
            return None, [], False
        route = leaf.get(method)
        if route is None:
            return None, [], True
        return route, [segments[place] for place in route.params], True

    def _walk(self, node: dict[str, Any], segments: list[str], place: int) -> dict[str, Any] | None:
        if place == len(segments):
            return node.get("/")
        for key in (segments[place], "*"):
            child = node.get(key)
            if child is not None and segments[place]:
                found = self._walk(child, segments, place + 1)
                if found is not None:
                    return found
            elif child is not None and place == 0:
                return self._walk(child, segments, 1)
        return None

    def add_known(self) -> None:
        """All operations of the vendor's catalogue that have no handler yet."""
        listing = Path(__file__).with_name("operations.txt").read_text()
        for line in listing.split("\n"):
            if line:
                method, _, path = line.partition(" ")
                self.add(method, path)
