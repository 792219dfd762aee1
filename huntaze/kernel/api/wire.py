"""The wire format: camelCase JSON outside, snake_case inside, in one renderer and one parser."""

import json
import re
from typing import Any

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser
from rest_framework.renderers import JSONRenderer

_UPPER = re.compile(r"(?<=[A-Za-z0-9])([A-Z])")
_LOWER = re.compile(r"_([a-z0-9])")
#: The escape of U+0000, and not an escaped backslash before the letters u0000.
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


def camel(name: str) -> str:
    return _LOWER.sub(lambda match: match[1].upper(), name)


def snake(name: str) -> str:
    return _UPPER.sub(lambda match: "_" + match[1].lower(), name)


def camelize(data: Any) -> Any:
    """Keys of every object turned to camelCase; values untouched."""
    if isinstance(data, dict):
        return {camel(key) if isinstance(key, str) else key: camelize(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [camelize(item) for item in data]
    return data


def snakize(data: Any) -> Any:
    if isinstance(data, dict):
        return {snake(key): snakize(value) for key, value in data.items()}
    if isinstance(data, list):
        return [snakize(item) for item in data]
    return data


class CamelCaseJSONRenderer(JSONRenderer):
    def render(self, data: Any, *args: Any, **kwargs: Any) -> bytes:
        return bytes(super().render(camelize(data), *args, **kwargs))


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


class CamelCaseJSONParser(JSONParser):
    """Strict JSON; text that PostgreSQL can't hold (U+0000, lone surrogates) is refused here, once for all."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        try:
            raw = stream.read()
            data = json.loads(raw.decode("utf-8"), parse_constant=_refuse_constant)
            json.dumps(data, ensure_ascii=False, allow_nan=False).encode("utf-8")
            data = snakize(data)
        except (ValueError, RecursionError) as error:
            raise ParseError("Invalid request body") from error
        if _NUL.search(raw):
            raise ParseError("Invalid request body")
        return data
