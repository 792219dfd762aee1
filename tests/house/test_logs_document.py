"""docs/logs.md lists every event that the code writes, with its fields, and nothing is written elsewhere."""

import ast
import re

from huntaze.kernel import logs
from tests.architecture.source import calls, imports
from tests.house.documents import quoted, rows, text

DOCUMENT = "logs.md"


def written() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for _, name, node in calls():
        if re.fullmatch(r"log\.(debug|info|warning|error|exception|critical)", name):
            event = node.args[0]
            assert isinstance(event, ast.Constant)
            fields = found.setdefault(str(event.value), set())
            fields |= {word.arg for word in node.keywords if word.arg and word.arg != "exc_info"}
    return found


def test_every_event_is_listed_with_its_fields() -> None:
    listed = {quoted(row[0])[0]: set(quoted(row[1])) for row in rows(DOCUMENT, under="## Events")}
    assert listed == written()


def test_events_are_named_alike() -> None:
    assert [event for event in written() if not re.fullmatch(r"[a-z_]+(\.[a-z_]+){1,2}", event)] == []


def test_everything_goes_to_standard_output_and_nowhere_else() -> None:
    config = logs.logging_dict()
    assert list(config["handlers"]) == ["stdout"]
    assert config["handlers"]["stdout"]["stream"] == "ext://sys.stdout"
    assert config["root"]["handlers"] == ["stdout"]
    assert [
        name for name, logger in config["loggers"].items() if logger["handlers"] or not logger["propagate"]
    ] == []
    shipped = ("logging.handlers", "syslog", "sentry_sdk", "logstash", "watchtower")
    assert [name for _, name in imports() if name.startswith(shipped)] == []
    assert "Nothing is written anywhere else." in text(DOCUMENT)


def test_no_event_has_a_field_for_what_must_not_be_logged() -> None:
    barred = {"password", "token", "email", "text", "content", "name", "handle", "key", "body", "url", "ip"}
    assert {event: fields & barred for event, fields in written().items() if fields & barred} == {}
