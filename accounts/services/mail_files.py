"""Mails that are written as files (the default without a mail server): they are forgotten like the rows of mails."""

from collections.abc import Iterator
from datetime import datetime
from email import message_from_binary_file
from email.utils import getaddresses
from pathlib import Path

from django.conf import settings

FILES = "django.core.mail.backends.filebased.EmailBackend"


def forget_old(now: datetime) -> Iterator[int]:
    """Delete files whose time is over; yields 1 for each."""
    for path in _old(now):
        path.unlink(missing_ok=True)
        yield 1


def count_old(now: datetime) -> int:
    return sum(1 for _ in _old(now))


def forget_of(addresses: list[str]) -> int:
    """Delete every file with a mail to one of these addresses; returns how many."""
    wanted, forgotten = {address.lower() for address in addresses}, 0
    for path in _files():
        if wanted & _readers(path):
            path.unlink(missing_ok=True)
            forgotten += 1
    return forgotten


def _old(now: datetime) -> Iterator[Path]:
    before = (now - settings.RETENTION["mail_files"]).timestamp()
    return (path for path in _files() if path.stat().st_mtime < before)


def _files() -> Iterator[Path]:
    folder = Path(str(settings.EMAIL_FILE_PATH)) if settings.EMAIL_BACKEND == FILES else None
    return folder.glob("*.log") if folder is not None and folder.is_dir() else iter(())


def _readers(path: Path) -> set[str]:
    with path.open("rb") as file:
        message = message_from_binary_file(file)
    return {address.lower() for _, address in getaddresses(message.get_all("To", []))}
