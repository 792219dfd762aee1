"""Stripe does not allow what some of our customers sell; what it shows of ours is software and credits."""

import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from django.conf import settings

from billing.models import MessagePack
from billing.services.stripe import catalogue

#: In both languages; parts of words, so that endings count too.
FORBIDDEN = re.compile(
    r"onlyfans|adult|porn|sex|nude|naked|explicit|erotic|fetish|escort|cam ?girl|nsfw|xxx|\bfans?\b|\bppv\b|"
    r"adulte|érotique|erotique|\bnue?s?\b|explicite|fétich|charnel",
    re.IGNORECASE,
)


def test_names_of_what_is_sold_are_neutral(db: None) -> None:
    MessagePack.objects.update(amount_minor=100)
    items = catalogue.items()
    assert len(items) == 7
    assert [item for item in items if FORBIDDEN.search(f"{item.name} {item.lookup_key}")] == []


def _sentences() -> list[tuple[str, str]]:
    folders = ["templates/billing", "templates/emails"]
    found = []
    for folder in folders:
        for path in Path(settings.BASE_DIR, folder).rglob("*"):
            if path.is_file() and (folder.endswith("billing") or path.name.startswith("billing_")):
                found += [(path.name, line) for line in path.read_text().splitlines()]
    return found


def test_pages_near_the_payment_are_neutral() -> None:
    lines = _sentences()
    assert len(lines) > 50
    assert [row for row in lines if FORBIDDEN.search(row[1])] == []


def test_their_french_is_neutral() -> None:
    with Path(settings.BASE_DIR, "locale/fr/LC_MESSAGES/django.po").open("rb") as file:
        messages = list(read_po(file))
    ours = [
        str(message.string)
        for message in messages
        if message.id and any("billing/" in place for place, _ in message.locations)
    ]
    assert [text for text in ours if FORBIDDEN.search(text)] == []


@pytest.mark.parametrize("text", ["Contenu adulte", "PPV bundle", "photos of a fan", "Nude"])
def test_the_list_would_find_them(text: str) -> None:
    assert FORBIDDEN.search(text)
