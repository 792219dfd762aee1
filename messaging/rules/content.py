"""What a message may hold before it is queued; the platform's own limits, checked before a fan can notice."""

import re
import unicodedata
from collections.abc import Iterator
from decimal import Decimal

from huntaze.kernel.crypto import MASK
from huntaze.kernel.errors import FieldError
from messaging.types import SendCommand

MOST_CHARACTERS = 5000
#: Stands where a text's digest was, once the text is gone: the digest of no text.
NO_TEXT = bytes(32)
LOWEST_PRICE, HIGHEST_PRICE = Decimal(3), Decimal(200)
MOST_MEDIA = 30
#: A price as people and programs write it: plain digits, at most two of them behind the point.
PRICE = re.compile(r"[0-9]{1,6}(\.[0-9]{1,2})?", re.ASCII)
#: Letters that show nothing though Unicode calls them letters or symbols: Hangul fillers, the empty Braille cell.
_BLANK = "\u115f\u1160\u2800\u3164\uffa0"
_MEDIA_ID = re.compile(r"(ofapi_media_[A-Za-z0-9_]{1,80}|[0-9]{1,19})")
_SPACES = re.compile(r"\s+")


def faults(command: SendCommand) -> Iterator[FieldError]:
    """Everything wrong with the command, each with its field."""
    if not is_visible(command.content) and not command.media_ids:
        yield FieldError("content", "Write a text or attach media.")
    if len(command.content) > MOST_CHARACTERS:
        yield FieldError("content", f"Use at most {MOST_CHARACTERS:,} characters.")
    if any(unicodedata.category(char) in {"Cc", "Cs"} and char not in "\n\r\t" for char in command.content):
        yield FieldError("content", "Control characters are not allowed.")
    if command.content == MASK:
        yield FieldError("content", "This text stands for a hidden one; write another.")
    yield from _price_faults(command)
    if len(command.media_ids) > MOST_MEDIA:
        yield FieldError("mediaIds", f"Attach at most {MOST_MEDIA} media.")
    if len(set(command.media_ids)) != len(command.media_ids):
        yield FieldError("mediaIds", "Attach each medium once.")
    for index, media_id in enumerate(command.media_ids):
        if not _MEDIA_ID.fullmatch(media_id):
            yield FieldError(f"mediaIds.{index}", "This is not a media id.")


def _price_faults(command: SendCommand) -> Iterator[FieldError]:
    price = command.price
    if price is None or price == 0:
        if command.is_locked_text:
            yield FieldError("lockedText", "Only a message with a price can lock its text.")
        return
    if not LOWEST_PRICE <= price <= HIGHEST_PRICE:
        yield FieldError("price", f"Use 0, or a price from {LOWEST_PRICE} to {HIGHEST_PRICE}.")
    if not command.media_ids:
        yield FieldError("mediaIds", "A price needs media to sell.")


def storable(text: str) -> str:
    """What others wrote as a sealed column takes it: half characters are replaced, and who writes the very mask that
    hides texts gets an invisible space behind it."""
    whole = text.encode("utf-8", "replace").decode("utf-8")
    return f"{whole}\u200b" if whole == MASK else whole


def is_visible(text: str) -> bool:
    """Whether a fan would see anything: white space, format characters and blank letters don't count."""
    return any(not unicodedata.category(char).startswith(("Z", "C")) and char not in _BLANK for char in text)


def normalised(text: str) -> str:
    """Text as both sides see it after HTML is undone: composed, white space folded. For comparing, not for showing."""
    return _SPACES.sub(" ", unicodedata.normalize("NFC", text)).strip()
