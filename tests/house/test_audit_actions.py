"""docs/audit.md, the words of the audit page and the code name the same actions."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import translation

from accounts.templatetags.audit_words import ACTIONS, deed

ROOT = Path(settings.BASE_DIR)
APPS = ("accounts", "billing", "messaging")
ACTION = re.compile(r"[a-z]+(\.[a-z_]+){1,2}")
#: Billing's log events and jobs have the same form as its actions.
PREFIXES = {name.partition(".")[0] for name in ACTIONS} - {"billing"}
RECORDING = {"_noted", "record", "_record", "record_of", "signed_row", "note", "_note"}
#: Actions that are put together: the file, and what stands before the word.
COMPOSED = {
    "messaging/services/campaigns": ("campaign.",),
    "accounts/services/privacy/requests.py": ("export.", "erasure."),
}


def constants(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def of_services(tree: ast.Module) -> set[str]:
    """Every constant that looks like a known kind of action: services speak of nothing else in this form."""
    kinds = {text for text in constants(tree) if text.partition(".")[0] in PREFIXES}
    return {text for text in kinds if ACTION.fullmatch(text)} | of_calls(tree)


def of_calls(tree: ast.Module) -> set[str]:
    """What is given to a function that records."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    named: list[ast.AST] = [word.value for call in calls for word in call.keywords if word.arg == "action"]
    named += [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "action"
    ]
    for call in calls:
        if getattr(call.func, "attr", getattr(call.func, "id", "")) in RECORDING:
            named += call.args
    return {text for value in named for text in constants(value) if ACTION.fullmatch(text)}


def composed(tree: ast.Module, prefixes: tuple[str, ...]) -> set[str]:
    """`record(campaign, actor, "paused", …)`, `_end(campaign, CampaignState.DONE, …)`, `_record("asked", …)`."""
    words = set()
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        called = getattr(call.func, "id", "")
        if called == "record" and len(call.args) > 2 and isinstance(call.args[2], ast.Constant):
            words.add(str(call.args[2].value))
        if called == "_record" and call.args and isinstance(call.args[0], ast.Constant):
            words.add(str(call.args[0].value))
        if called == "_end" and len(call.args) > 1 and isinstance(call.args[1], ast.Attribute):
            words.add(call.args[1].attr.lower())
    return {prefix + word for word in words for prefix in prefixes}


def recorded() -> set[str]:
    found: set[str] = set()
    for app in APPS:
        for path in sorted((ROOT / app).rglob("*.py")):
            name, tree = path.relative_to(ROOT).as_posix(), ast.parse(path.read_text())
            if f"{app}/services" in name:
                found |= of_services(tree)
            elif "/migrations/" not in name and "/templatetags/" not in name:
                found |= of_calls(tree)
            for place, prefixes in COMPOSED.items():
                if name.startswith(place):
                    found |= composed(tree, prefixes)
    return found


def test_the_code_records_what_the_words_name() -> None:
    assert recorded() ^ set(ACTIONS) == set()


def test_the_document_lists_them_all() -> None:
    text = (ROOT / "docs" / "audit.md").read_text()
    rows = "\n".join(line for line in text.splitlines() if line.startswith("| "))
    assert set(re.findall(r"`([a-z]+(?:\.[a-z_]+){1,2})`", rows)) ^ set(ACTIONS) == set()


@pytest.mark.parametrize("locale", ["en", "fr"])
def test_every_action_has_words_of_its_own(locale: str) -> None:
    with translation.override(locale):
        words = [str(text) for text in ACTIONS.values()]
    assert len(set(words)) == len(words)
    assert "" not in words


def test_words_are_french_in_french() -> None:
    with translation.override("en"):
        english = {name: deed(name) for name in ACTIONS}
    with translation.override("fr"):
        same = {name for name in ACTIONS if deed(name) == english[name]}
    assert same == set()


def test_an_action_of_an_older_version_stands_as_it_is() -> None:
    assert deed("thing.done") == "thing.done"
