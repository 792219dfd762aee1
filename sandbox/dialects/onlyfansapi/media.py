"""Owns uploads (used once) and the vault (reusable)."""

import asyncio
from typing import Any

from ...http import Json
from ...world import Media
from .core import OK, PREFIX, Refused, Reply, Request, invalid, not_found
from .shapes import vault_object

MAX_FILE = 100 * 1024 * 1024
MAX_SYNC = 20 * 1024 * 1024
ENDINGS = {
    "video": (".mp4", ".mov", ".webm", ".m4v"),
    "audio": (".mp3", ".wav", ".m4a"),
    "gif": (".gif",),
    "photo": (".jpg", ".jpeg", ".png", ".webp", ".heic"),
}


def _incoming(request: Request) -> tuple[str, int]:
    """Name and size of the file that was sent, or of the one that a URL names."""
    form = request.form()
    files = form.get("_files", {}).get("file")
    if files:
        name, content = files[0]
        if len(content) > MAX_FILE:
            raise Refused(413, {"message": "The file field must not be greater than 102400 kilobytes."})
        if not content:
            raise invalid(file="The file field must not be empty.")
        return name, len(content)
    url = form.get("file_url")
    if not isinstance(url, str) or not url.startswith(("http://", "https://")):
        raise invalid(file="The file field is required when file url is not present.")
    return url.split("?")[0].rsplit("/", 1)[-1] or "file", 0


def _kind(name: str) -> str:
    return next((kind for kind, ends in ENDINGS.items() if name.lower().endswith(ends)), "")


def _store(request: Request, *, vault: bool) -> tuple[Media, bool]:
    """The new item, and whether the answer comes later. An unknown file type fails at OnlyFans."""
    name, size = _incoming(request)
    later = request.form().get("async") in (True, 1, "1", "true") or size > MAX_SYNC
    kind = _kind(name)
    if not kind and not later:
        raise invalid(file="OnlyFans rejected the file: unsupported file type.")
    wait = request.sandbox.settings.upload_seconds if later else 0.0
    media = request.sandbox.world.add_media(request.acct, kind or "photo", name, vault=vault, ready_in=wait)
    if not kind:
        media.error, media.in_vault = "unsupported file type", False
    if later:
        _tell_later(request, media, wait)
    return media, later


def _tell_later(request: Request, media: Media, wait: float) -> None:
    sandbox, world, account = request.sandbox, request.sandbox.world, request.acct

    def fire() -> None:
        if sandbox.world is world:
            status = _status(media, max(media.ready_at, sandbox.clock.now()))
            sandbox.dialects["onlyfansapi"].events.upload(account, status, failed=bool(media.error))

    asyncio.get_running_loop().call_later(wait, fire)


def _accepted(request: Request, media: Media) -> Reply:
    host = request.header(b"host")
    url = f"http://{host}{PREFIX}/api/{request.acct.id}/media/uploads/{media.upload_id}/status"
    return Reply(
        {"prefixed_id": media.upload_id, "status": "pending", "polling_url": url}, status=202, bare=True
    )


def upload(request: Request) -> Reply:
    """POST …/media/upload: an id for one use."""
    media, later = _store(request, vault=False)
    return _accepted(request, media) if later else Reply(_fresh(media), bare=True)


def upload_to_vault(request: Request) -> Reply:
    """POST …/media/vault: kept for good under a number."""
    media, later = _store(request, vault=True)
    media.used = True
    return _accepted(request, media) if later else Reply(vault_object(media, request.at))


def _fresh(media: Media) -> Json:
    return {
        "prefixed_id": media.upload_id,
        "file_name": media.name,
        "processId": str(media.id),
        "host": "cdn.sandbox.invalid",
        "sourceUrl": f"https://cdn.sandbox.invalid/upload/{media.id}",
        "extra": "",
        "additional": {"user": ""},
        "thumbs": [],
        "note": "Use this id once, within the hour.",
    }


def _status(media: Media, now: float) -> Json:
    """`media` is there only when the upload is done; the words for the rest are the sandbox's."""
    base: dict[str, Any] = {"prefixed_id": media.upload_id}
    if media.ready_at > now:
        return {**base, "status": "processing"}
    if media.error:
        return {**base, "status": "failed", "error": media.error}
    shape = vault_object(media, now) if media.in_vault else _fresh(media)
    shape.pop("note", None)
    return {**base, "status": "completed", "media": shape, "credits_used": 1}


def upload_status(request: Request) -> Reply:
    media = request.acct.uploads.get(request.params[1])
    if media is None:
        raise not_found("Upload")
    return Reply(_status(media, request.at), bare=True, credits=0)


def _listed(request: Request, media: Media) -> Json:
    states = [
        {"id": row.id, "type": "custom", "name": row.name, "hasMedia": True, "canAddMedia": True}
        for row in request.acct.vault_lists.values()
        if media.id in row.members
    ]
    extra = {"counters": {"likesCount": 0, "tipsSumm": 0}, "hasPosts": False, "listStates": states}
    return {**vault_object(media, request.at), **extra}


def vault(request: Request) -> Reply:
    limit = request.integer("limit", 24, 10, 100)
    offset = request.integer("offset", 0, 0, 10**6)
    kind = request.choice("type", ("", "photo", "gif", "video", "audio"), "")
    order = request.choice("sort", ("desc", "asc"), "desc")
    request.choice("field", ("recent", "most-liked", "highest-tips"), "recent")
    words = request.query("query").lower()
    chosen = request.integer("list", 0, 0, 10**12)
    category = request.acct.vault_lists.get(chosen)
    rows = [
        media
        for media in request.acct.media.values()
        if media.in_vault and kind in ("", media.type) and words in media.name.lower()
        if not chosen or (category is not None and media.id in category.members)
    ]
    if order == "desc":
        rows.reverse()
    page = [_listed(request, media) for media in rows[offset : offset + limit]]
    return Reply({"list": page, "hasMore": len(rows) > offset + limit})


def retrieve(request: Request) -> Reply:
    media = request.acct.media.get(request.number(1, "Media"))
    if media is None or not media.in_vault:
        raise not_found("Media")
    shape = _listed(request, media)
    del shape["counters"], shape["releaseForms"]
    return Reply(shape)


def delete(request: Request) -> Reply:
    ids = request.form().get("mediaIds")
    if not isinstance(ids, list) or not ids:
        raise invalid(mediaIds="The media ids field is required.")
    for item in ids:
        media = request.acct.media.get(int(item)) if str(item).isdigit() else None
        if media is None or not media.in_vault:
            raise not_found(f"Media {item}")
        media.in_vault = False
    return Reply(OK)
