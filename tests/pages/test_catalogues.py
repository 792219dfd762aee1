"""The French catalogue is complete, its variables are those of the source, and the tool tells when it is not."""

import re
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from huntaze.kernel import i18n

PLACEHOLDER = re.compile(r"%\(\w+\)[sd]")


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    for folder in i18n.SOURCES:
        (tmp_path / folder).mkdir()
    (tmp_path / "accounts" / "words.py").write_text('from x import gettext as _\n_("One (of two)")\n')
    counted = "{% blocktranslate count n=n %}a {{ n }}{% plural %}b {{ n }}{% endblocktranslate %}"
    template = '{% load i18n %}<p>text (\n{% translate "Two" %} ' + counted
    (tmp_path / "templates" / "page.html").write_text(template)
    return tmp_path


def test_the_french_catalogue_is_complete() -> None:
    assert i18n.check(settings.BASE_DIR, "fr") == i18n.Findings([], [], [])


def test_translations_keep_the_variables_of_their_source() -> None:
    for message in i18n.read(settings.BASE_DIR, "fr"):
        if not message.id:
            continue
        ids = [message.id] if isinstance(message.id, str) else list(message.id)
        texts = [message.string] if isinstance(message.string, str) else list(message.string or [])
        wanted = {name for text in ids for name in PLACEHOLDER.findall(text)}
        assert all(set(PLACEHOLDER.findall(text)) == wanted for text in texts), ids


def test_it_finds_sentences_in_python_and_templates(sources: Path) -> None:
    assert i18n.check(sources, "fr").missing == ["One (of two)", "Two", "a %(n)s"]


def test_update_adds_and_drops_but_keeps_translations(sources: Path) -> None:
    i18n.update(sources, "fr")
    path = i18n.po_path(sources, "fr")
    path.write_text(path.read_text().replace('msgid "Two"\nmsgstr ""', 'msgid "Two"\nmsgstr "Deux"'))
    (sources / "accounts" / "words.py").write_text("")
    assert i18n.check(sources, "fr").obsolete == ["One (of two)"]
    assert i18n.update(sources, "fr") == i18n.Findings(["a %(n)s"], [], [])
    assert 'msgstr "Deux"' in path.read_text()


def test_compile_writes_once(sources: Path) -> None:
    i18n.update(sources, "fr")
    assert i18n.compile_catalogue(sources, "fr") is True
    assert i18n.compile_catalogue(sources, "fr") is False


def test_check_fails_and_lists_what_is_missing(sources: Path, settings: pytest.FixtureRequest) -> None:
    settings.BASE_DIR = sources  # type: ignore[attr-defined]
    out = StringIO()
    with pytest.raises(CommandError) as failure:
        call_command("messages", "check", stdout=out)
    assert failure.value.returncode == 1
    assert "fr: missing: Two" in out.getvalue()


def test_french_signs_stand_after_a_space_that_does_not_break() -> None:
    """U+202F before `; ! ? »` and after `«`, U+00A0 before a colon; a plain space would let the sign begin a line."""
    wrong = [
        text
        for message in i18n.read(settings.BASE_DIR, "fr")
        for text in ([message.string] if isinstance(message.string, str) else message.string or [])
        if message.id and re.search(r"[ \u00a0][;!?»]|[ \u202f]:(?!\w)|«(?!\u202f)", text)
    ]
    assert wrong == []
