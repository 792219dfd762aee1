"""Placeholders: refused when saved, filled once, never looked at again."""

from datetime import UTC, datetime

import pytest

from messaging.rules import placeholders
from messaging.rules.placeholders import Values

EVENING = datetime(2026, 11, 27, 20, 0, tzinfo=UTC)


def fill(template: str, name: str = "Sam Smith", language: str = "en", at: datetime = EVENING) -> str:
    return placeholders.fill(template, Values(name, "Luna", at), language).text


@pytest.mark.parametrize(
    ("template", "name", "text"),
    [
        ("Hey {name}!", "Sam Smith", "Hey Sam Smith!"),
        ("Hey {displayName}!", "Sam Smith", "Hey Sam Smith!"),
        ("Hey {firstName}!", "Sam Smith", "Hey Sam!"),
        ("Hey {firstName|my friend}!", "u12345", "Hey my friend!"),
        ("Hey {firstName}!", "u12345", "Hey you!"),
        ("Hey {firstName}!", "X", "Hey you!"),
        ("Hey {firstName}!", "Jean-Luc P.", "Hey Jean-Luc!"),
        ("Hey {firstName}!", "Zoé", "Hey Zoé!"),
        ("Hey {displayName|my friend}!", "", "Hey my friend!"),
        ("It is {creatorName}, good {timeOfDay}", "Sam", "It is Luna, good evening"),
        ("a \\{brace} and {name}", "Sam", "a {brace} and Sam"),
        ("Hey {name}", "{creatorName}", "Hey {creatorName}"),
        ("Hey {name}", "{name|x} \\{", "Hey {name|x} \\{"),
        ("Hey {name}", "<b>Sam</b>\x07\n\u200bSmith", "Hey Sam Smith"),
        ("Hey {name}", "S" * 80, f"Hey {'S' * 60}"),
        ("No placeholder", "Sam", "No placeholder"),
    ],
)
def test_it_fills(template: str, name: str, text: str) -> None:
    assert list(placeholders.faults(template, "content.en")) == []
    assert fill(template, name) == text


@pytest.mark.parametrize(
    "text",
    [
        "{{7*7}}",
        "{% debug %}",
        "{0.__class__}",
        "{name.__class__}",
        "{name!r}",
        "{name:>99999999}",
        "${7*7}",
        "%(name)s",
    ],
)
def test_no_other_template_language_is_spoken(text: str) -> None:
    """It is refused, or goes out as it stands; nothing is worked out."""
    if list(placeholders.faults(text, "content.en")):
        return
    assert fill(text) == text


def test_fallbacks_follow_the_language() -> None:
    assert fill("Coucou {name}", "", "fr") == "Coucou toi"
    hours = {4: "soir", 5: "matin", 11: "matin", 12: "après-midi", 17: "après-midi", 18: "soir"}
    found = {hour: fill("{timeOfDay}", "", "fr", EVENING.replace(hour=hour)) for hour in hours}
    assert found == hours


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("Hey {firstname}", "Unknown placeholder at position 5. Did you mean {firstName}?"),
        ("Hey {subscription}", "Unknown placeholder at position 5. Known are name, firstName, displayName, "
         "creatorName, timeOfDay."),
        ("Hey {}", "Unknown placeholder at position 5. Known are name, firstName, displayName, creatorName, "
         "timeOfDay."),
        ("Hey {name", "The brace at position 5 is not closed; write \\{ for a brace."),
        ("Hey {name|}", "The fallback at position 5 is empty."),
        (f"Hey {{name|{'x' * 61}}}", "The fallback at position 5 is longer than 60 characters."),
        ("word " * 201, "Use at most 200 words."),
    ],
)  # fmt: skip
def test_a_bad_template_is_refused_with_its_place(template: str, message: str) -> None:
    assert [(fault.field, fault.message) for fault in placeholders.faults(template, "content.en")] == [
        ("content.en", message)
    ]


def test_old_templates_are_rewritten_and_lengths_are_the_longest_possible() -> None:
    assert placeholders.rewritten("Hey {{ fanName }} and {{fanName}}") == "Hey {name} and {name}"
    assert placeholders.longest("Hey {name}") == 64
    assert placeholders.longest("\\{ {firstName|" + "x" * 30 + "}") == 32
    assert placeholders.is_personal("Hey {name}") is True
    assert placeholders.is_personal("Hey \\{name") is False


@pytest.mark.parametrize(
    ("template", "name", "fallbacks"),
    [
        ("Hi {name}", "Sam", ()),
        ("Hi {firstName|you}, {displayName}! {firstName}", "", ("firstName", "displayName")),
        ("Hi {firstName|you}, {name}", "4711 x", ("firstName",)),
        ("{creatorName} \\{ {timeOfDay}", "", ()),
    ],
)
def test_it_tells_which_placeholders_had_no_value(
    template: str, name: str, fallbacks: tuple[str, ...]
) -> None:
    assert placeholders.fill(template, Values(name, "Luna", EVENING), "en").fallbacks == fallbacks
