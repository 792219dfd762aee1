"""docs/keys.md names every key that there is."""

import re

from huntaze.kernel import crypto
from messaging.rules import content
from tests.house.documents import ROOT, quoted, rows, text

DOCUMENT = "keys.md"
_READ = re.compile(r'env\.(?:secret|wrapping_keys|text|words|database|mail)\(\s*"([A-Z_]+)"')
#: What is read from the environment and opens something.
_KIND = re.compile(r"KEY|KEKS|SECRET|TOKEN|(?:DATABASE|REDIS|BROKER|EMAIL)_URL$")
#: Names of a public half.
PLAIN = {"TIKTOK_CLIENT_KEY"}


def test_every_secret_of_the_environment_has_its_row() -> None:
    settings = (ROOT / "huntaze" / "settings.py").read_text(encoding="utf-8")
    read = {name for name in _READ.findall(settings) if _KIND.search(name)} - PLAIN
    listed = {name for row in rows(DOCUMENT) for cell in (row[0], row[-1]) for name in quoted(cell)}
    assert {"SECRET_KEY", "CRYPTO_KEKS", "DATABASE_URL", "EMAIL_URL"} <= read
    assert read - listed == set()


def test_every_row_says_what_for_where_how_and_when_it_changes() -> None:
    table = rows(DOCUMENT)
    assert len(table) > 15
    assert [row[0] for row in table if len(row) != 6 or not all((row[1], row[3], row[4], row[5]))] == []


def test_tables_that_hold_keys_are_named() -> None:
    for table in ("workspacekey", "webhooksubscription", "totpdevice", "securitykey"):
        assert f"accounts_{table}" in text(DOCUMENT)


def test_keys_have_their_length() -> None:
    assert crypto.NONCE_BYTES == 12
    assert crypto.KEY_BYTES == 32
    assert content.MOST_CHARACTERS == 5000
