"""The `.env` file: secrets made once, a person's lines never touched."""

import base64
import stat
from pathlib import Path

import pytest
from ground import envfile


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / ".env"


def test_it_is_private_and_holds_every_key(path: Path) -> None:
    wanted = envfile.defaults(8000, 8099)
    assert envfile.complete(path, wanted) == list(wanted)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(envfile.read(path)) == list(wanted)


def test_secrets_are_long_and_differ_from_clone_to_clone(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    for each in (one, other):
        envfile.complete(each, envfile.defaults(8000, 8099))
    mine, theirs = envfile.read(one), envfile.read(other)
    for key in (
        "SECRET_KEY",
        "JWT_SIGNING_KEY",
        "REFRESH_KEY",
        "BLIND_INDEX_KEY",
        "OPS_TOKEN",
        "CRYPTO_KEKS",
    ):
        assert mine[key] != theirs[key]
        assert len(mine[key]) >= 43


def test_the_content_key_is_an_id_and_thirty_two_bytes(path: Path) -> None:
    envfile.complete(path, envfile.defaults(8000, 8099))
    name, _, encoded = envfile.read(path)["CRYPTO_KEKS"].partition(":")
    assert name == "k1"
    assert len(base64.b64decode(encoded, validate=True)) == 32


def test_what_a_person_wrote_stays_byte_for_byte(path: Path) -> None:
    theirs = "# mine\nSECRET_KEY='chosen by hand'\n\nexport DEBUG=1\nLAST=no newline"
    path.write_text(theirs)
    added = envfile.complete(path, envfile.defaults(8000, 8099))
    assert path.read_text().startswith(theirs + "\n")
    assert "SECRET_KEY" not in added
    assert "DEBUG" not in added
    assert envfile.read(path)["SECRET_KEY"] == "chosen by hand"
    assert envfile.read(path)["DEBUG"] == "1"


def test_a_complete_file_is_not_written_again(path: Path) -> None:
    envfile.complete(path, envfile.defaults(8000, 8099))
    before = path.stat()
    assert envfile.complete(path, envfile.defaults(9000, 9099)) == []
    assert path.stat().st_ino == before.st_ino
    assert path.stat().st_mtime_ns == before.st_mtime_ns


def test_a_key_that_is_set_to_nothing_counts_as_set(path: Path) -> None:
    path.write_text("OPS_TOKEN=\n")
    assert "OPS_TOKEN" not in envfile.complete(path, envfile.defaults(8000, 8099))
