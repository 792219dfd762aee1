"""Message catalogues without GNU gettext: extraction, update, compilation and the check that nothing is missing.

Sentences stand in the sources in English. Python is read by Babel; templates are turned into Python by Django's own
`templatize` and its calls are read one by one, because the text around them is not valid Python.
"""

import ast
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

DOMAIN = "django"
SOURCES = ("accounts", "billing", "messaging", "huntaze", "templates")
KEYWORDS: dict[str, Any] = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}
_CALL = re.compile(r"(?<![\w.])(_|gettext|ngettext|pgettext|npgettext)\(")
_WIDTH = 110


@dataclass(frozen=True, slots=True)
class Findings:
    """What is wrong with a catalogue: sentences without translation, guesses, and leftovers."""

    missing: list[str]
    fuzzy: list[str]
    obsolete: list[str]

    def __bool__(self) -> bool:
        return bool(self.missing or self.fuzzy or self.obsolete)


def extracted(root: Path) -> Catalog:
    """Every sentence of the sources, with the files it stands in."""
    catalog = Catalog(domain=DOMAIN, charset="utf-8")
    for folder in SOURCES:
        for path in sorted((root / folder).rglob("*")):
            place = path.relative_to(root).as_posix()
            if path.suffix == ".py" and "migrations" not in path.parts:
                found = _of_python(path)
            elif path.suffix == ".html":
                found = _of_template(path)
            else:
                continue
            for ids, context in found:
                catalog.add(ids, locations=[(place, 0)], context=context)
    return catalog


def _of_python(path: Path) -> Iterator[tuple[Any, str | None]]:
    with path.open("rb") as file:
        for _line, ids, _comments, context in extract(
            "python", file, KEYWORDS, options={"encoding": "utf-8"}
        ):
            yield ids, context


def _of_template(path: Path) -> Iterator[tuple[Any, str | None]]:
    source = templatize(path.read_text(encoding="utf-8"), origin=str(path))
    for match in _CALL.finditer(source):
        name, texts = match.group(1), _texts(source, match.start())
        if texts is None:
            continue
        context = texts.pop(0) if name in {"pgettext", "npgettext"} else None
        yield (tuple(texts[:2]) if name in {"ngettext", "npgettext"} else texts[0]), context


def _texts(source: str, start: int) -> list[str] | None:
    """The literal arguments of the call that begins here; None when it is not a call with a literal."""
    line = source[start : source.find("\n", start) if "\n" in source[start:] else None]
    for end in (index + 1 for index, char in enumerate(line) if char == ")"):
        try:
            call = ast.parse(line[:end], mode="eval").body
        except SyntaxError:
            continue
        if not isinstance(call, ast.Call):
            return None
        literals = [
            node.value for node in call.args if isinstance(node, ast.Constant) and isinstance(node.value, str)
        ]
        return literals or None
    return None


def po_path(root: Path, locale: str) -> Path:
    return root / "locale" / locale / "LC_MESSAGES" / f"{DOMAIN}.po"


def read(root: Path, locale: str) -> Catalog:
    path = po_path(root, locale)
    if not path.exists():
        return Catalog(locale=locale, domain=DOMAIN, charset="utf-8", fuzzy=False)
    with path.open("rb") as file:
        return read_po(file, locale=locale, domain=DOMAIN)


def update(root: Path, locale: str) -> Findings:
    """Bring a catalogue in line with the sources: new sentences empty, leftovers dropped, nothing guessed."""
    catalog = read(root, locale)
    catalog.fuzzy = False
    catalog.update(extracted(root), no_fuzzy_matching=True)
    catalog.obsolete.clear()
    path = po_path(root, locale)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(file, catalog, width=_WIDTH, sort_output=True, omit_header=False, include_lineno=False)
    return check(root, locale)


def check(root: Path, locale: str) -> Findings:
    """Compare a catalogue with the sources without changing it."""
    catalog, source = read(root, locale), extracted(root)
    known = {_key(message): message for message in catalog if message.id}
    wanted = {_key(message): message for message in source if message.id}
    missing = [
        _text(message) for key, message in wanted.items() if key not in known or not _is_done(known[key])
    ]
    fuzzy = [_text(message) for message in known.values() if message.fuzzy]
    obsolete = [_text(message) for key, message in known.items() if key not in wanted]
    return Findings(missing, fuzzy, obsolete + [_text(message) for message in catalog.obsolete.values()])


def compile_catalogue(root: Path, locale: str) -> bool:
    """Write the binary catalogue beside its source; False when it was up to date."""
    source, target = po_path(root, locale), po_path(root, locale).with_suffix(".mo")
    buffer = BytesIO()
    write_mo(buffer, read(root, locale))
    if target.exists() and target.read_bytes() == buffer.getvalue():
        return False
    draft = source.with_suffix(f".mo.{os.getpid()}")
    draft.write_bytes(buffer.getvalue())
    draft.replace(target)
    return True


def _key(message: Message) -> tuple[str, str | None]:
    return (message.id if isinstance(message.id, str) else message.id[0], message.context)


def _text(message: Message) -> str:
    return _key(message)[0]


def _is_done(message: Message) -> bool:
    texts = [message.string] if isinstance(message.string, str) else list(message.string or [])
    return all(texts) and bool(texts)
