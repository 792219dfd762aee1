"""docs/security.md says what the code does: figures, ways in, fields, hosts."""

import re
from datetime import timedelta
from decimal import Decimal
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings

from accounts.rules import capabilities, passwords, second_factor
from accounts.services import factors, proof, signin
from accounts.services.passwords import _common
from huntaze.kernel.fields import EncryptedTextField
from messaging.rules import campaigns, content
from messaging.types import SendCommand
from tests.architecture.routes import routes
from tests.architecture.source import APPS, modules
from tests.architecture.test_source import WAYS_IN
from tests.house.documents import ROOT, quoted, rows, text

DOCUMENT = "security.md"


def value_of(path: str) -> Any:
    """What stands at `module.NAME` or `settings.NAME`."""
    module, _, name = path.rpartition(".")
    return getattr(settings if module == "settings" else import_module(module), name)


def plain(value: Any) -> int:
    return int(value.total_seconds()) if isinstance(value, timedelta) else int(value)


def figures(under: str) -> list[tuple[list[int], str]]:
    """The numbers of each row of the tables under a heading, and the constant that it names."""
    found = []
    for row in rows(DOCUMENT, under=under):
        names = [name for name in quoted(row[-1]) if name.rpartition(".")[2].isupper() and "." in name]
        if names:
            found.append(([int(cell) for cell in row[1:-1] if re.fullmatch(r"\d+", cell)], names[0]))
    return found


@pytest.mark.parametrize(
    ("under", "count"),
    [("## Input", 19), ("### How much, and how often", 11), ("### Guessing", 6), ("## Sessions", 16)],
)
def test_each_figure_is_the_codes(under: str, count: int) -> None:
    found = figures(under)
    wrong = [
        (name, plain(value_of(name)), numbers)
        for numbers, name in found
        if plain(value_of(name)) not in numbers
    ]
    assert wrong == []
    assert len(found) == count


def test_bounds_and_windows_that_stand_in_pairs_are_the_codes() -> None:
    cells = {row[0]: row for row in rows(DOCUMENT)}
    assert cells["password, characters"][1:3] == [str(passwords.LEAST), str(passwords.MOST)]
    assert cells["price of a message, dollars"][1:3] == [
        str(content.LOWEST_PRICE),
        str(content.HIGHEST_PRICE),
    ]
    windows = {
        "failures for one mail from one address": signin.FAILURE_WINDOW,
        "failures from one address (IPv6: /64)": signin.ADDRESS_WINDOW,
        "failures for one mail from everywhere": signin.MAIL_WINDOW,
        "codes of a second factor": factors.WINDOW,
        "passwords of somebody signed in": proof.WINDOW,
    }
    assert {name: int(cells[name][2]) for name in windows} == {
        name: int(wait) for name, wait in windows.items()
    }


def test_what_has_to_fit_together_is_told_with_the_code_s_bounds() -> None:
    told = {row[0]: row[1] for row in rows(DOCUMENT, under="### What has to fit together")}
    assert len(told) == 7
    bounds = (
        f"above {campaigns.ALONE_MOST} recipients or {campaigns.ALONE_PRICE} dollars somebody else approves"
    )
    assert told["audience, price and approval"].startswith(bounds)
    assert told["price and media"].startswith("a price needs media")
    priced = SendCommand(recipient_id="fan_x", content="Hello", price=Decimal(5))
    assert [fault.field for fault in content.faults(priced)] == ["mediaIds"]


def test_the_words_that_no_password_holds_are_listed() -> None:
    (listed,) = re.findall(r"Words that may not stand in one: ([a-z, ]+)\.", text(DOCUMENT))
    assert tuple(listed.split(", ")) == passwords.CONTEXT_WORDS
    assert f"the {len(_common()):,} commonest" in text(DOCUMENT)


def test_the_second_factor_is_as_it_is_told() -> None:
    told = text(DOCUMENT)
    assert f"owners and managers {second_factor.NOTICE.days} days after" in told
    assert (
        f"Recovery codes have {second_factor.CODE_LENGTH} characters of {len(second_factor.ALPHABET)}" in told
    )
    assert f"lives for {second_factor.STEP} seconds" in told
    assert second_factor.TOLERANCE == 1


def test_every_way_in_stands_in_the_document() -> None:
    """Sessions begin in five places (`test_source`), and each is behind an address of the table."""
    doors = {
        "accounts/services/signin.py": {"/signin", "POST /api/auth/signin"},
        "accounts/services/signup.py": {"/signup", "POST /api/auth/signup"},
        "accounts/views/invitations.py": {"/invitation/<token>", "POST /api/invitations/accept"},
        "accounts/views/signin.py": {"/signin", "/signin/code", "/signin/passkey"},
        "accounts/views/signup.py": {"/signup"},
    }
    assert set(doors) == set(WAYS_IN)
    listed = {name for row in rows(DOCUMENT, under="## Ways in")[:8] for name in quoted(row[1])}
    assert set().union(*doors.values()) <= listed
    addresses = {route.path for route in routes()} | {route.name for route in routes()}
    assert {name for name in listed if "/" in name} - addresses == set()


def test_every_host_that_the_code_names_is_listed() -> None:
    pattern = re.compile(r"https://([a-z0-9.-]+\.[a-z]{2,})")
    named = {
        host
        for path, _ in modules()
        for host in pattern.findall((ROOT / path).read_text(encoding="utf-8"))
        if not host.endswith((".example.com", ".example", ".test"))
    }
    listed = {name for row in rows(DOCUMENT, under="## Who speaks to whom") for name in quoted(row[1])}
    assert "huntaze/kernel/guard.py" in text(DOCUMENT)
    assert named - listed <= {"docs.onlyfansapi.com", "example.com"}


def test_rights_are_those_of_the_one_table() -> None:
    named = {name for row in rows(DOCUMENT, under="## Rights") for cell in row for name in quoted(cell)}
    assert {name for name in named if "." in name} <= set(capabilities.CAPABILITIES)
    assert "accounts/rules/capabilities.py" in text(DOCUMENT)
    fields = rows(DOCUMENT, under="## Rights")
    assert [row for row in fields if len(row) != 3 or not all(row)] == []
    assert {row[0] for row in fields} >= {
        "role and reach of a member",
        "state of a row (queued, sent, approved …)",
    }


#: Columns that hold a secret in a form that opens nothing by itself.
_SECRET = re.compile(r"^(password|digest|wrapped|credential|token_hash|secret_hash)$")


def test_data_has_its_level() -> None:
    """What is sealed and what is secret stands in the document column by column; personal data in the data map."""
    fields = [
        (f"{model._meta.db_table}.{field.column}", field)
        for model in apps.get_models()
        if model.__module__.split(".")[0] in APPS
        for field in model._meta.local_concrete_fields
    ]
    listed = {row[0]: set(quoted(row[1])) for row in rows(DOCUMENT, under="### Column by column")}
    sealed = {name for name, field in fields if isinstance(field, EncryptedTextField)}
    assert listed["sealed"] == sealed
    assert listed["secret"] == {
        name for name, field in fields if _SECRET.match(field.column) and name not in sealed
    }
    levels = {row[0]: row for row in rows(DOCUMENT, under="## What data needs") if len(row) == 6}
    assert set(levels) == {"secret", "sealed", "personal", "inner", "open"}
    assert [name for name, row in levels.items() if not all(row[1:])] == []


def test_times_for_mending_components_are_said() -> None:
    told = {row[0]: row[1] for row in rows(DOCUMENT, under="## Components")}
    assert [told[level] for level in ("critical, and reachable from outside", "high", "medium")] == [
        "2 days",
        "7 days",
        "30 days",
    ]
    assert len(told) == 5


def test_what_takes_long_has_its_bounds() -> None:
    assert "statement_timeout=10000" in settings.DATABASES["default"]["OPTIONS"]["options"]
    from huntaze import gunicorn

    assert (gunicorn.timeout, settings.DATA_UPLOAD_MAX_MEMORY_SIZE) == (30, 1_048_576)
    assert len(rows(DOCUMENT, under="## What takes long")) == 9
