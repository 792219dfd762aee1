"""The wire: camelCase outside, snake_case inside, and nothing that PostgreSQL or JSON can't hold."""

import json
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.exceptions import ParseError

from huntaze.kernel.api.wire import (
    CamelCaseJSONParser,
    CamelCaseJSONRenderer,
    camel,
    camelize,
    snake,
    snakize,
)

WORDS = st.from_regex(r"[a-z]{1,6}", fullmatch=True)
NAMES = st.lists(WORDS, min_size=1, max_size=4).map("_".join)
SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
TREES = st.recursive(
    SCALARS, lambda kids: st.lists(kids, max_size=3) | st.dictionaries(NAMES, kids, max_size=3), max_leaves=12
)


def parse(raw: bytes | str) -> Any:
    return CamelCaseJSONParser().parse(BytesIO(raw if isinstance(raw, bytes) else raw.encode()))


def refused(raw: bytes | str) -> bool:
    try:
        parse(raw)
    except ParseError as error:
        return str(error.detail) == "Invalid request body"
    return False


@pytest.mark.parametrize(
    ("inside", "outside"),
    [
        ("id", "id"),
        ("message_id", "messageId"),
        ("estimated_send_time", "estimatedSendTime"),
        ("revenue_30d", "revenue30d"),
        ("request_id", "requestId"),
    ],
)
def test_names_are_camel_case_outside(inside: str, outside: str) -> None:
    assert camel(inside) == outside


@pytest.mark.parametrize(
    ("outside", "inside"),
    [
        ("messageId", "message_id"),
        ("id", "id"),
        ("already_snake", "already_snake"),
        ("ppv2Price", "ppv2_price"),
        ("aBC", "a_b_c"),
    ],
)
def test_names_are_snake_case_inside(outside: str, inside: str) -> None:
    assert snake(outside) == inside


@given(NAMES)
def test_names_of_whole_words_survive_the_round_trip(name: str) -> None:
    assert snake(camel(name)) == name


@given(TREES)
def test_what_is_rendered_is_parsed_back(tree: Any) -> None:
    assert snakize(camelize(tree)) == tree


def test_values_are_never_renamed() -> None:
    assert json.loads(
        CamelCaseJSONRenderer().render({"last_error": "not_found", "rows": [{"a_b": "c_d"}]})
    ) == {
        "lastError": "not_found",
        "rows": [{"aB": "c_d"}],
    }


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "{",
        "{'a': 1}",
        '{"a": 1,}',
        "nothing",
        '{"a": NaN}',
        '{"a": Infinity}',
        '{"a": -Infinity}',
        '{"a": 1e999}',
        '{"a": ' + "9" * 5000 + "}",
        b"\xff\xfe",
        b'{"a": "\xff"}',
        '{"a": "\\ud800"}',
        '{"a": "\\udc00\\ud800"}',
        '{"\\ud800": 1}',
        '{"a": "\\u0000"}',
        '{"a": "x\\\\\\u0000"}',
        '{"\\u0000": 1}',
        b'{"a": "\x00"}',
        b'{"a": 1}\x00',
    ],
)
def test_what_is_not_json_or_can_not_be_stored_is_refused(raw: bytes | str) -> None:
    assert refused(raw)


@pytest.mark.parametrize("depth", [100, 200, 300, 400, 500, 700, 900, 1000, 5000, 100_000])
@pytest.mark.parametrize(("begin", "end"), [("[", "]"), ('{"a":', "}")])
def test_deep_nesting_is_read_or_refused(depth: int, begin: str, end: str) -> None:
    raw = begin * depth + "1" + end * depth
    assert refused(raw) or parse(raw)


def test_very_deep_nesting_is_refused() -> None:
    assert refused("[" * 100_000 + "]" * 100_000)


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ('{"recipientId": "fan_1"}', {"recipient_id": "fan_1"}),
        ('{"a": "\\ud83d\\ude00"}', {"a": "😀"}),
        ('{"a": "😀"}', {"a": "😀"}),
        ('{"a": "\\\\u0000"}', {"a": "\\u0000"}),  # six harmless characters
        ('[1, {"aB": 2}]', [1, {"a_b": 2}]),
        ('{"price": 12.50}', {"price": 12.5}),
    ],
)
def test_proper_json_is_read(raw: str, value: Any) -> None:
    assert parse(raw) == value


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    assert refused(raw) or parse(raw) is not NotImplemented
