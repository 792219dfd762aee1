"""The product's own source as syntax trees, for tests that say what may stand in it and where."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from django.conf import settings

APPS = ("accounts", "billing", "huntaze", "messaging")


@cache
def modules() -> tuple[tuple[str, ast.Module], ...]:
    """Every module of the product but migrations, with its path from the root."""
    root = Path(settings.BASE_DIR)
    return tuple(
        (path.relative_to(root).as_posix(), ast.parse(path.read_text()))
        for app in APPS
        for path in sorted((root / app).rglob("*.py"))
        if "/migrations/" not in path.as_posix()
    )


def calls() -> Iterator[tuple[str, str, ast.Call]]:
    """Path, dotted name and node of every call."""
    for path, tree in modules():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                yield path, dotted(node.func), node


def imports() -> Iterator[tuple[str, str]]:
    """Path and dotted name of everything that is imported: `from a import b` is `a.b`."""
    for path, tree in modules():
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                yield from ((path, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield from ((path, f"{node.module}.{alias.name}") for alias in node.names)


def dotted(node: ast.AST) -> str:
    """`a.b.c` of a name or an attribute; `?` where something is computed."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else "?"


def is_constant(node: ast.AST) -> bool:
    """A literal, a name of a constant, or a text put together from nothing else."""
    match node:
        case ast.Constant():
            return True
        case ast.Name():
            return node.id.upper() == node.id
        case ast.Attribute():
            return node.attr.upper() == node.attr
        case ast.JoinedStr():
            return all(is_constant(part) for part in node.values)
        case ast.FormattedValue():
            return is_constant(node.value)
        case ast.BinOp(op=ast.Add()):
            return is_constant(node.left) and is_constant(node.right)
        case ast.IfExp():
            return is_constant(node.body) and is_constant(node.orelse)
        case _:
            return False


def importers(*names: str) -> set[str]:
    """The modules that import something of these packages."""
    return {
        path
        for path, name in imports()
        if any(name == wanted or name.startswith(f"{wanted}.") for wanted in names)
    }
