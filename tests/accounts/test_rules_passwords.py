"""Which passwords are accepted."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.rules.passwords import problems
from accounts.services.passwords import _common, faults_of


def found(password: str, *, email: str = "luna.martel@example.test", name: str = "Luna Martel") -> list[str]:
    return problems(password, email=email, name=name, is_common=False)


@pytest.mark.parametrize(
    ("password", "codes"),
    [
        ("Correct-horse-7", []),
        ("Été à Nice 2026", []),
        ("  Spaces count 1  ", []),
        ("Ab1-efg", ["short"]),
        ("Aa1" + "x" * 125, []),
        ("Aa1" + "x" * 126, ["long"]),
        ("correct-horse-7", ["upper"]),
        ("CORRECT-HORSE-7", ["lower"]),
        ("Correct-horse", ["digit"]),
        ("", ["short", "lower", "upper", "digit"]),
        ("Xx7-LUNA.martel", ["personal"]),
        ("My-HuntAze-2026", ["context"]),
        ("OnlyFans4me!", ["context"]),
        ("Xx7-tiktokers", ["context"]),
        ("Passwort-Ins7agram", []),
        ("Correct-horse-7" * 4 + "abcd", []),
        ("Xx7-lunamartel", ["personal"]),
        ("Xx7-my-martel", ["personal"]),
    ],
)
def test_what_is_wrong_is_named(password: str, codes: list[str]) -> None:
    assert found(password) == codes


def test_two_letters_are_in_too_many_words_to_be_personal() -> None:
    assert found("Balanced-77x", email="al@example.test", name="Al Ba") == []


def test_classes_can_be_switched_off() -> None:
    assert problems("correct horse battery", email="", name="", is_common=False, needs_classes=False) == []


@given(st.text(max_size=200), st.text(max_size=20), st.text(max_size=20))
def test_any_text_gets_an_answer(password: str, email: str, name: str) -> None:
    assert set(problems(password, email=email, name=name, is_common=False)) <= {
        "short", "long", "lower", "upper", "digit", "context", "personal",
    }  # fmt: skip


@pytest.mark.parametrize("password", ["Password1", "PASSWORD1", "Qwerty123", "Iloveyou1", " Passw0rd "])
def test_the_commonest_are_refused_however_they_are_written(password: str) -> None:
    assert "This password is among the commonest ones and would be guessed first." in faults_of(
        password, email="", name=""
    )


def test_the_list_is_long_and_holds_no_short_ones() -> None:
    assert len(_common()) == 46_620
    assert min(map(len, _common())) == 8


def test_any_composition_is_taken_where_the_switch_says_so(settings: Any) -> None:
    settings.PASSWORD_REQUIRE_CLASSES = False
    for password in ("correct horse battery", "CORRECT HORSE", "4829103756", "ünïcödé ÜÜ", "!?%&/()=+"):
        assert faults_of(password, email="", name="") == []
