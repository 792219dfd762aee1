"""The OpenAPI document: names as on the wire, and the errors that each endpoint may give."""

import re
from typing import Any

import pytest
from drf_spectacular.generators import SchemaGenerator

from huntaze.kernel.api.schema import EXAMPLES

CAMEL = re.compile(r"[a-z][A-Za-z0-9]*")


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return dict(SchemaGenerator().get_schema(request=None, public=True))


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method, item) for path, found in document["paths"].items() for method, item in found.items()
    ]


def test_it_needs_no_workspace_to_be_made(document: dict[str, Any]) -> None:
    assert "/api/onlyfans/messaging/send" in document["paths"]
    assert "/api/auth/signin" in document["paths"]


def test_properties_are_named_as_on_the_wire(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    names = {name for schema in schemas.values() for name in schema.get("properties", {})}
    assert {name for name in names if not CAMEL.fullmatch(name)} == set()
    assert {"recipientId", "rememberMe", "accessToken", "estimatedSendTime"} <= names
    for schema in schemas.values():
        assert set(schema.get("required", [])) <= set(schema.get("properties", {}))


def test_guarded_endpoints_tell_their_refusals(document: dict[str, Any]) -> None:
    for path, _, item in operations(document):
        if item.get("security"):
            assert {"401", "403", "429"} <= set(item["responses"]), path
        if item.get("requestBody"):
            assert "400" in item["responses"], path
        if "{" in path:
            assert "404" in item["responses"], path


def test_every_error_answer_is_the_one_error_object(document: dict[str, Any]) -> None:
    error = {"$ref": "#/components/schemas/Error"}
    found = {
        answer["content"]["application/json"]["schema"]["$ref"]
        for _, _, item in operations(document)
        for status, answer in item["responses"].items()
        if status in EXAMPLES and answer.get("content") and item["tags"] != ["Operations"]
    }
    assert found == {error["$ref"]}
    assert document["components"]["schemas"]["Error"]["required"] == ["error", "requestId"]
