"""A language of longer words, to see what a page does that is translated into one: accents, 40 % more letters."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from django.utils.translation import trans_real

from huntaze.kernel import i18n

_ACCENTS = str.maketrans("aceinouyACEINOUY", "áçéíñöüýÁÇÉÍÑÖÜÝ")
#: What is filled in or is markup stays as it is.
_KEPT = re.compile(r"(%(?:\([a-z_]+\))?[sd%]|\{[^{}]*\}|<[^<>]*>|&\w+;|\n)")
MORE = 0.4


def longer(sentence: str) -> str:
    parts = _KEPT.split(sentence)
    text = "".join(part if number % 2 else part.translate(_ACCENTS) for number, part in enumerate(parts))
    letters = sum(len(part) for part in parts[::2])
    words = re.findall(r"\w+", "".join(parts[::2])) or ["x"]
    more = " ".join((words * letters)[:letters])[: max(1, round(letters * MORE))]
    return f"{text} {more.translate(_ACCENTS)}" if sentence.strip() else sentence


@contextmanager
def spoken(root: Path, folder: Path, settings: Any) -> Iterator[None]:
    """While it lasts, French is that language."""
    catalogue = i18n.extracted(root)
    for message in catalogue:
        if message.id:
            ids = message.id if isinstance(message.id, tuple | list) else (message.id,)
            texts = tuple(longer(one) for one in ids)
            message.string = texts if len(texts) > 1 else texts[0]
    place = folder / "fr" / "LC_MESSAGES"
    place.mkdir(parents=True)
    with (place / "django.mo").open("wb") as file:
        write_mo(file, catalogue)
    settings.LOCALE_PATHS = [folder]
    trans_real._translations.clear()
    try:
        yield
    finally:
        trans_real._translations.clear()
