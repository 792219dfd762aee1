"""Mails that are written as files (the default without a mail server): they are forgotten like the rows of mails."""

from collections.abc import Iterator
from datetime import datetime
from email import message_from_bytes
from email.utils import getaddresses
from pathlib import Path

from django.conf import settings

#: Django names a file by its second and an address in memory: mails of one second may share a file.
_BETWEEN = b"\n" + b"-" * 79 + b"\n"
FILES = "django.core.mail.backends.filebased.EmailBackend"


def forget_old(now: datetime) -> Iterator[int]:
    """Delete files whose time is over; yields 1 for each."""
    for path in _old(now):
        path.unlink(missing_ok=True)
        yield 1


def count_old(now: datetime) -> int:
    return sum(1 for _ in _old(now))


def forget_of(addresses: list[str]) -> int:
    """Take every mail to one of these addresses out of its file; returns how many. A file without a mail goes."""
    wanted, forgotten = {address.lower() for address in addresses}, 0
    for path in _files():
        letters = [letter for letter in path.read_bytes().split(_BETWEEN) if letter.strip()]
        kept = [letter for letter in letters if not wanted & _readers(letter)]
        if len(kept) == len(letters):
            continue
        forgotten += len(letters) - len(kept)
        if kept:
            path.write_bytes(b"".join(letter + _BETWEEN for letter in kept))
        else:
            path.unlink(missing_ok=True)
    return forgotten


def _old(now: datetime) -> Iterator[Path]:
    before = (now - settings.RETENTION["mail_files"]).timestamp()
    return (path for path in _files() if path.stat().st_mtime < before)


def _files() -> Iterator[Path]:
    folder = Path(str(settings.EMAIL_FILE_PATH)) if settings.EMAIL_BACKEND == FILES else None
    return folder.glob("*.log") if folder is not None and folder.is_dir() else iter(())


def _readers(letter: bytes) -> set[str]:
    message = message_from_bytes(letter)
    return {address.lower() for _, address in getaddresses(message.get_all("To", []))}
