"""The search that proves erasures finds a word wherever one may lie."""

import gzip
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from accounts.models import BrowserSession, Mail, User
from accounts.services.mail import mail_to
from huntaze.kernel import clock, redis
from tests.privacy.canaries import folders, found

pytestmark = pytest.mark.django_db
WORD = "Kanarienvogel42"


def places() -> set[str]:
    return found([WORD]).get(WORD, set())


def test_a_word_that_lies_nowhere_is_not_found(world: Any) -> None:
    assert places() == set()


def test_in_columns_plain_binary_and_sealed(world: Any) -> None:
    User.objects.filter(pk=world.owner.user_id).update(name=f"x{WORD.upper()}x")
    mail_to(world.owner.user, "welcome", now=clock.now(), note=WORD)
    assert "accounts_user.name" in places()
    assert "accounts_mail.params (opened)" in places()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE accounts_apikey SET digest = %s", [WORD.encode()])
        cursor.execute("CREATE TABLE no_model (raw bytea)")
        cursor.execute("INSERT INTO no_model VALUES (%s)", [WORD.lower().encode()])
    assert "no_model.raw" in places()
    assert Mail.objects.count() == 1


def test_in_what_a_session_remembers(world: Any) -> None:
    client = Client()
    client.force_login(world.owner.user)
    session = client.session
    session["note"] = WORD * 20  # packed, because it is long
    session.save()
    assert BrowserSession.objects.filter(session_data__contains=WORD).count() == 0
    assert "accounts_browsersession.session_data (opened)" in places()


@pytest.mark.parametrize("kind", ["name", "string", "hash", "list", "set", "zset", "stream"])
def test_in_redis(kind: str) -> None:
    client = redis.client()
    deeds: dict[str, Any] = {
        "name": lambda: client.set(f"a:{WORD}", "1"),
        "string": lambda: client.set("a", f"b{WORD}"),
        "hash": lambda: client.hset("a", "field", WORD),
        "list": lambda: client.rpush("a", "1", WORD),
        "set": lambda: client.sadd("a", WORD),
        "zset": lambda: client.zadd("a", {WORD: 1}),
        "stream": lambda: client.xadd("a", {"field": WORD}),
    }
    deeds[kind]()
    assert places() == {"redis"}


@pytest.mark.parametrize("kind", ["name", "plain", "mail", "gz", "zip"])
def test_in_files(settings: Any, tmp_path: Path, kind: str) -> None:
    settings.MEDIA_ROOT = str(tmp_path)
    folder = tmp_path / "deep"
    folder.mkdir()
    if kind == "name":
        (folder / f"{WORD}.jpg").write_bytes(b"")
    elif kind == "plain":
        (folder / "x.jpg").write_bytes(b"\xff" + WORD.encode())
    elif kind == "mail":
        head = b"To: x@example.test\nContent-Transfer-Encoding: base64\n\n"
        (folder / "x.log").write_bytes(head + b"S2FuYXJpZW52b2dlbDQy\n")
    elif kind == "gz":
        (folder / "x.gz").write_bytes(gzip.compress(WORD.encode()))
    else:
        with zipfile.ZipFile(folder / "x.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("x.json", WORD * 20)
    assert places() == {"file"}


def test_every_folder_is_looked_into(settings: Any, tmp_path: Path) -> None:
    names = ("MEDIA_ROOT", "STATIC_ROOT", "EMAIL_FILE_PATH")
    for name in names:
        setattr(settings, name, str(tmp_path / name.lower()))
    assert {tmp_path / name.lower() for name in names} | set(settings.STATICFILES_DIRS) == set(folders())
