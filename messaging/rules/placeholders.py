"""Personalised text: `{name}` and its neighbours, checked when a template is saved, filled when it is sent.

A template is split once by one regular expression; what is filled in is never looked at again, so a fan who calls
himself `{creatorName}` stays exactly that. `{displayName|my friend}` names its own fallback; `\\{` is a brace.
"""

import difflib
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from huntaze.kernel.errors import FieldError

NAMES = ("name", "firstName", "displayName", "creatorName", "timeOfDay")
LANGUAGES = ("en", "fr")
#: Longest value by placeholder, in characters; a template must fit the platform's limit even then.
LONGEST = {"name": 60, "displayName": 60, "firstName": 20, "creatorName": 80, "timeOfDay": 10}
MOST_WORDS = 200
MOST_FALLBACK = 60
_FALLBACKS = {"en": "you", "fr": "toi"}
_DAY = {"en": ("morning", "afternoon", "evening"), "fr": ("matin", "après-midi", "soir")}
_OLD_FORM = re.compile(r"\{\{\s*fanName\s*\}\}")
_PART = re.compile(r"\\\{|\{([^{}]*)\}|\{")
_TAG = re.compile(r"<[^>]*>")
_FIRST_NAME = re.compile(r"[^\W\d_](?:[^\W\d_]|['’-]){1,19}")


@dataclass(frozen=True, slots=True)
class Values:
    """What one message is filled with. `local` is the time at the fan's or else the creator's place."""

    display_name: str
    creator_name: str
    local: datetime


def rewritten(template: str) -> str:
    """Old templates say `{{fanName}}`."""
    return _OLD_FORM.sub("{name}", template)


def faults(template: str, field: str) -> Iterator[FieldError]:
    """Everything wrong with a template, each with its place (counted from 1)."""
    for match in _PART.finditer(template):
        place = match.start() + 1
        if match[0] == "{":
            yield FieldError(field, f"The brace at position {place} is not closed; write \\{{ for a brace.")
        elif match[0] != "\\{":
            yield from _placeholder_faults(match[1], place, field)
    if len(template.split()) > MOST_WORDS:
        yield FieldError(field, f"Use at most {MOST_WORDS} words.")


def _placeholder_faults(inner: str, place: int, field: str) -> Iterator[FieldError]:
    name, bar, fallback = inner.partition("|")
    if name not in NAMES:
        near = difflib.get_close_matches(name, NAMES, 1)
        hint = f" Did you mean {{{near[0]}}}?" if near else f" Known are {', '.join(NAMES)}."
        yield FieldError(field, f"Unknown placeholder at position {place}.{hint}")
    if bar and not fallback.strip():
        yield FieldError(field, f"The fallback at position {place} is empty.")
    if len(fallback) > MOST_FALLBACK:
        yield FieldError(
            field, f"The fallback at position {place} is longer than {MOST_FALLBACK} characters."
        )


def longest(template: str) -> int:
    """How many characters the text can have once it is filled."""

    def room(match: re.Match[str]) -> str:
        name, _, fallback = (match[1] or "").partition("|")
        return "x" * max(LONGEST.get(name, 1), len(fallback))

    return len(_PART.sub(room, template))


def is_personal(template: str) -> bool:
    """Whether two fans may get different texts."""
    return any(match[1] is not None for match in _PART.finditer(template))


@dataclass(frozen=True, slots=True)
class Filled:
    """A text for one fan, and the placeholders for which there was no value, in their order."""

    text: str
    fallbacks: tuple[str, ...]


def fill(template: str, values: Values, language: str) -> Filled:
    missing: dict[str, None] = {}

    def value(match: re.Match[str]) -> str:
        if match[1] is None:
            return "{"
        name, _, fallback = match[1].partition("|")
        found = _value(name, values, language)
        if not found:
            missing[name] = None
        return found or fallback or _FALLBACKS[language]

    return Filled(_PART.sub(value, template), tuple(missing))


def _value(name: str, values: Values, language: str) -> str:
    if name == "creatorName":
        return cleaned(values.creator_name, LONGEST["creatorName"])
    if name == "timeOfDay":
        return time_of_day(values.local, language)
    shown = cleaned(values.display_name, LONGEST["name"])
    return first_name(shown) if name == "firstName" else shown


def cleaned(text: str, most: int) -> str:
    """A value without tags and control characters, spaces folded, cut to its length."""
    plain = (" " if char.isspace() else char for char in _TAG.sub("", text))
    kept = "".join(char for char in plain if unicodedata.category(char) not in {"Cc", "Cf", "Cs"})
    return " ".join(kept.split())[:most].strip()


def first_name(name: str) -> str:
    """The first word when it can be a first name, else nothing."""
    word = name.split(" ")[0]
    return word if _FIRST_NAME.fullmatch(word) else ""


def time_of_day(local: datetime, language: str) -> str:
    """Morning from 5, afternoon from 12, evening from 18 o'clock."""
    morning, afternoon, evening = _DAY[language]
    if 5 <= local.hour < 12:
        return morning
    return afternoon if 12 <= local.hour < 18 else evening
