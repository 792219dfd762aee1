"""An export: rows of every app in sealed chunks, and the zip that is made of them while it is downloaded.

The zip holds each file twice, as JSON and as CSV, and a list of files. Nothing of it ever lies on a disk in the clear.
"""

import base64
import csv
import io
import json
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder

from accounts.errors import ExportGone
from accounts.models import ExportChunk, PrivacyRequest
from accounts.services.privacy import registry
from accounts.services.privacy.registry import Dataset, Subject
from accounts.types import PrivacyScope
from huntaze.kernel.crypto import DecryptionFailed, Sealed
from huntaze.kernel.outbox import State
from huntaze.kernel.tenancy import workspace_scope

PIECE = 64 * 1024
#: A cell of a CSV that begins with one of these would be run as a formula by a spreadsheet.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows, ready to be stored, and where the next ones begin."""

    body: ExportChunk
    rows: int
    position: dict[str, Any]


def count(subject: Subject) -> int:
    """Rows of all files together."""
    total = 0
    for dataset in registry.datasets_of(subject.scope):
        with registry.wall(dataset, subject):
            total += dataset.rows(subject).count()
    return total


def next_chunk(request: PrivacyRequest, subject: Subject, limit: int) -> Chunk | None:
    """The next rows, or None when everything has been written."""
    datasets = registry.datasets_of(subject.scope)
    index, after, seq = (int(request.position.get(name, 0)) for name in ("dataset", "after", "seq"))
    while index < len(datasets):
        dataset = datasets[index]
        with registry.wall(dataset, subject):
            rows = list(dataset.rows(subject).filter(pk__gt=after).order_by("pk")[:limit])
            packed = _packed(dataset, rows)
        if rows:
            body = ExportChunk(request=request, dataset=dataset.name, seq=seq, body=packed)
            body.workspace_id = request.workspace_id
            return Chunk(body, len(rows), {"dataset": index, "after": rows[-1].pk, "seq": seq + 1})
        index, after, seq = index + 1, 0, 0
    return None


def open_request(*, request: PrivacyRequest, now: datetime) -> PrivacyRequest:
    """The request when its files are there; raises ExportGone."""
    if request.kind != "export" or request.state != State.DONE or request.ended_at is None:
        raise ExportGone
    if now >= files_until(request):
        raise ExportGone
    return request


def files_until(request: PrivacyRequest) -> datetime:
    """When the files of a finished export are deleted."""
    assert request.ended_at is not None
    return request.ended_at + settings.RETENTION["exports"]


def zipped(request: PrivacyRequest) -> Iterator[bytes]:
    """The zip, piece by piece. A scope is open only while a piece is read."""
    stream = _Stream()
    datasets = registry.datasets_of(PrivacyScope(request.scope))
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:  # type: ignore[call-overload]
        for dataset in datasets:
            for ending, pieces in (("json", _json), ("csv", _csv)):
                with archive.open(_entry(request, f"{dataset.name}.{ending}"), "w") as file:
                    for piece in pieces(dataset, _chunks(request, dataset.name)):
                        file.write(piece)
                        if stream.is_full:
                            yield stream.take()
        archive.writestr(_entry(request, "request.json"), _about(request, datasets))
    yield stream.take()


def _packed(dataset: Dataset, rows: list[Any]) -> str:
    """Rows as JSON, packed; a text that can't be opened any more says so instead of stopping the export."""
    values = [{name: _value(read, row) for name, read in dataset.columns.items()} for row in rows]
    text = json.dumps(values, cls=DjangoJSONEncoder, ensure_ascii=False, separators=(",", ":"))
    return base64.b64encode(zlib.compress(text.encode())).decode()


def _value(read: Callable[[Any], Any], row: Any) -> Any:
    value = read(row)
    if not isinstance(value, Sealed):
        return value
    try:
        return value.reveal()
    except DecryptionFailed:
        return None


def _chunks(request: PrivacyRequest, dataset: str) -> Iterator[list[dict[str, Any]]]:
    seq = 0
    while True:
        with workspace_scope(request.workspace_id):
            chunk = ExportChunk.objects.filter(request=request, dataset=dataset, seq=seq).first()
            if chunk is None:
                return
            rows = json.loads(zlib.decompress(base64.b64decode(chunk.body.reveal())))
        yield rows
        seq += 1


def _json(dataset: Dataset, chunks: Iterator[list[dict[str, Any]]]) -> Iterator[bytes]:
    lead = "["
    for rows in chunks:
        for row in rows:
            yield f"{lead}\n{json.dumps(row, ensure_ascii=False)}".encode()
            lead = ","
    yield b"[]\n" if lead == "[" else b"\n]\n"


def _csv(dataset: Dataset, chunks: Iterator[list[dict[str, Any]]]) -> Iterator[bytes]:
    """With a byte order mark, by which spreadsheets know that it is UTF-8."""
    yield "\ufeff".encode()
    yield _line(list(dataset.columns))
    for rows in chunks:
        for row in rows:
            yield _line([row.get(name) for name in dataset.columns])


def _line(values: list[Any]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerow([_cell(value) for value in values])
    return out.getvalue().encode()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"'{text}" if isinstance(value, str) and text.startswith(_FORMULA) else text


def _entry(request: PrivacyRequest, name: str) -> zipfile.ZipInfo:
    assert request.ended_at is not None
    entry = zipfile.ZipInfo(name, request.ended_at.timetuple()[:6])
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry


def _about(request: PrivacyRequest, datasets: list[Dataset]) -> str:
    about = {
        "request": request.public_id,
        "scope": request.scope,
        "of": request.target_id,
        "askedAt": request.asked_at,
        "readyAt": request.ended_at,
        "rows": request.done_count,
        "files": [f"{dataset.name}.{ending}" for dataset in datasets for ending in ("json", "csv")],
    }
    return json.dumps(about, cls=DjangoJSONEncoder, indent=1)


class _Stream:
    """Where the zip is written to; what was taken is gone."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._size = 0

    def write(self, piece: bytes) -> int:
        self._pieces.append(bytes(piece))
        self._size += len(piece)
        return len(piece)

    @property
    def is_full(self) -> bool:
        return self._size > PIECE

    def flush(self) -> None:
        """Nothing is held back."""

    def take(self) -> bytes:
        found = b"".join(self._pieces)
        self._pieces.clear()
        self._size = 0
        return found
