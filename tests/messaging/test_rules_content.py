"""What a message may hold: every fault with its field, and texts compared as both sides see them."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messaging.rules.content import MOST_CHARACTERS, faults, normalised, storable
from messaging.types import SendCommand


def fields(**values: Any) -> list[str]:
    return [
        fault.field for fault in faults(SendCommand(**{"recipient_id": "fan_1", "content": "Hi"} | values))
    ]


@pytest.mark.parametrize(
    "values",
    [
        {"content": "Hi"},
        {"content": "x" * 5000},
        {"content": "line\nline\r\n\ttab"},
        {"content": "😀 naïve ‮"},
        {"content": "", "media_ids": ("1",)},
        {"price": Decimal(0)},
        {"price": None},
        {"price": Decimal(3), "media_ids": ("1",)},
        {"price": Decimal(200), "media_ids": ("1",), "is_locked_text": True},
        {"price": Decimal("12.34"), "media_ids": ("ofapi_media_a_B9",)},
        {"media_ids": tuple(str(n) for n in range(30))},
        {"media_ids": ("9" * 19, "ofapi_media_" + "a" * 80)},
    ],
)
def test_what_is_fine_has_no_fault(values: dict[str, Any]) -> None:
    assert fields(**values) == []


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({"content": ""}, ["content"]),
        ({"content": " \n\t\u00a0"}, ["content"]),
        ({"content": "x" * (MOST_CHARACTERS + 1)}, ["content"]),
        ({"content": "a\x00"}, ["content"]),
        ({"content": "a\x7f"}, ["content"]),
        ({"content": "a\x85"}, ["content"]),
        ({"content": "a\ud800"}, ["content"]),
        ({"content": "•••"}, ["content"]),
        ({"is_locked_text": True}, ["lockedText"]),
        ({"is_locked_text": True, "price": Decimal(0)}, ["lockedText"]),
        ({"price": Decimal(12)}, ["mediaIds"]),
        ({"price": Decimal("2.99"), "media_ids": ("1",)}, ["price"]),
        ({"price": Decimal("200.01"), "media_ids": ("1",)}, ["price"]),
        ({"price": Decimal(-3), "media_ids": ("1",)}, ["price"]),
        ({"price": Decimal("0.01")}, ["price", "mediaIds"]),
        ({"media_ids": tuple(str(n) for n in range(31))}, ["mediaIds"]),
        ({"media_ids": ("1", "2", "1")}, ["mediaIds"]),
        (
            {"media_ids": ("1", "", "x", "../1", "1 ", "1\n", "٣", "9" * 20)},
            [f"mediaIds.{n}" for n in range(1, 8)],
        ),
        ({"content": "", "is_locked_text": True}, ["content", "lockedText"]),
    ],
)
def test_every_fault_is_told_with_its_field(values: dict[str, Any], found: list[str]) -> None:
    assert fields(**values) == found


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Hi  there", "Hi there"),
        (" Hi\n\nthere\t", "Hi there"),
        ("Cafe\u0301", "Café"),
        ("Hi\u00a0there", "Hi there"),
    ],
)
def test_texts_that_look_the_same_compare_the_same(one: str, other: str) -> None:
    assert normalised(one) == normalised(other) == other


@given(st.text(max_size=40))
def test_normalising_twice_is_normalising_once(text: str) -> None:
    assert normalised(normalised(text)) == normalised(text)


@pytest.mark.parametrize(
    ("text", "stored"), [("Hi 😀", "Hi 😀"), ("a\ud800b", "a?b"), ("•••", "•••\u200b"), ("", "")]
)
def test_what_others_wrote_is_stored_whatever_it_is(text: str, stored: str) -> None:
    assert storable(text) == stored
