"""Where a setting's value comes from: the process environment, then a file, then `.env`."""

from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from huntaze import env

NAME = "HUNTAZE_TEST_VALUE"


@pytest.fixture
def dotenv(monkeypatch: Any) -> dict[str, str]:
    values: dict[str, str] = {}
    monkeypatch.setattr(env, "_dotenv", values)
    return values


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "value"
    path.write_text("7\n")
    return path


def test_the_process_environment_wins_over_a_file(
    monkeypatch: Any, file: Path, dotenv: dict[str, str]
) -> None:
    monkeypatch.setenv(NAME, "1")
    monkeypatch.setenv(f"{NAME}_FILE", str(file))
    assert env.text(NAME) == "1"


def test_a_file_wins_over_dotenv(monkeypatch: Any, file: Path, dotenv: dict[str, str]) -> None:
    dotenv[NAME] = "1"
    assert env.text(NAME) == "1"
    monkeypatch.setenv(f"{NAME}_FILE", str(file))
    assert env.text(NAME) == "7"


def test_dotenv_may_name_the_file(file: Path, dotenv: dict[str, str]) -> None:
    dotenv[f"{NAME}_FILE"] = str(file)
    assert env.text(NAME, "other") == "7"


def test_every_kind_of_value_comes_from_a_file(monkeypatch: Any, file: Path, dotenv: dict[str, str]) -> None:
    monkeypatch.setenv(f"{NAME}_FILE", str(file))
    assert (env.number(NAME, 1), env.decimal_number(NAME, 1.0), env.words(NAME)) == (7, 7.0, ["7"])
    file.write_text("yes\n")
    assert env.flag(NAME) is True
    file.write_text("postgresql://me:s3cr%2Ft@db.example:6543/shop\n")
    found = env.database(NAME, "an.engine")
    assert found["ENGINE"] == "an.engine"
    assert [found[key] for key in ("USER", "PASSWORD", "HOST", "PORT", "NAME")] == [
        "me", "s3cr/t", "db.example", 6543, "shop",
    ]  # fmt: skip


def test_defaults_hold_where_nothing_is_said(dotenv: dict[str, str]) -> None:
    assert (env.text(NAME, "x"), env.number(NAME, 3), env.decimal_number(NAME, 2.5)) == ("x", 3, 2.5)
    assert (env.flag(NAME), env.flag(NAME, True), env.words(NAME)) == (False, True, [])


def test_what_is_missing_or_unreadable_is_named(monkeypatch: Any, dotenv: dict[str, str]) -> None:
    with pytest.raises(ImproperlyConfigured, match=NAME):
        env.text(NAME)
    monkeypatch.setenv(f"{NAME}_FILE", "/nowhere/at/all")
    with pytest.raises(ImproperlyConfigured, match=f"{NAME}_FILE"):
        env.text(NAME)


def test_a_number_that_is_none_is_named(monkeypatch: Any, dotenv: dict[str, str]) -> None:
    monkeypatch.setenv(NAME, "many")
    with pytest.raises(ImproperlyConfigured, match=f"{NAME} must be a number"):
        env.number(NAME, 1)


def test_periods_are_changed_by_name(monkeypatch: Any) -> None:
    monkeypatch.setenv(NAME, "mails=14, audit=1096")
    found = env.periods(NAME, {"mails": 30, "audit": 731, "answers": 25 / 24})
    assert {name: period.total_seconds() / 3600 for name, period in found.items()} == {
        "mails": 14 * 24,
        "audit": 1096 * 24,
        "answers": 25,
    }


@pytest.mark.parametrize("text", ["mails", "mails=soon", "mail=3", "mails=-1"])
def test_a_period_that_is_none_is_refused(monkeypatch: Any, text: str) -> None:
    monkeypatch.setenv(NAME, text)
    with pytest.raises(ImproperlyConfigured, match="name=days"):
        env.periods(NAME, {"mails": 30})
