"""Writing fans and their conversations, from whatever the platform tells us about them."""

import unicodedata
from datetime import datetime

import structlog
from django.db.models import Q

from accounts.models import PlatformAccount
from accounts.services.privacy.own_rows import erased_id
from huntaze.kernel import crypto
from huntaze.kernel.crypto import DecryptionFailed, Sealed
from messaging.models import Conversation, Fan
from messaging.rules.content import storable

log = structlog.get_logger(__name__)

NAME_LENGTH, HANDLE_LENGTH = 120, 100


def handle_digest(handle: str) -> bytes:
    """Keyed digest by which a fan is found under an exact handle."""
    return crypto.blind_index(handle.casefold().lstrip("@"), purpose="fan-handle")


def name_digest(name: str) -> bytes:
    """Keyed digest by which staff find a fan under an exact name, however it was spaced or capitalised."""
    plain = " ".join(unicodedata.normalize("NFKC", name).casefold().split())
    return crypto.blind_index(plain, purpose="fan-name")


def upsert_fan(
    *,
    account: PlatformAccount,
    platform_user_id: str,
    name: str,
    handle: str,
    now: datetime,
    can_receive: bool | None = None,
) -> Fan:
    """The fan with this platform id; empty values never overwrite known ones. An erased person stays erased: their
    tombstone comes back as it is."""
    name, handle = storable(name[:NAME_LENGTH]), storable(handle[:HANDLE_LENGTH])
    known, made = _known(account, platform_user_id), False
    if known is not None and known.erased_at is not None:
        return known
    if known is None:
        known, made = Fan.objects.get_or_create(
            account=account,
            platform_user_id=platform_user_id,
            defaults={
                "name": name,
                "handle": handle,
                "handle_digest": handle_digest(handle) if handle else None,
                "name_digest": name_digest(name) if name else None,
                "first_seen_at": now,
                "can_receive": True if can_receive is None else can_receive,
            },
        )
    if not made:
        _freshen(known, name, handle, can_receive)
    return known


def _known(account: PlatformAccount, platform_user_id: str) -> Fan | None:
    """The fan with this id, or the tombstone of whoever had it."""
    stone = erased_id(platform_user_id, f"fan:{account.pk}")
    found = list(Fan.objects.filter(account=account, platform_user_id__in=[platform_user_id, stone])[:2])
    return min(found, key=lambda fan: fan.erased_at is None, default=None)


def _freshen(fan: Fan, name: str, handle: str, can_receive: bool | None) -> None:
    changed = []
    if name and (fan.name_digest is None or _differs(fan.name, name)):
        fan.name, fan.name_digest = name, name_digest(name)
        changed += ["name", "name_digest"]
    if handle and _differs(fan.handle, handle):
        fan.handle, fan.handle_digest = handle, handle_digest(handle)
        changed += ["handle", "handle_digest"]
    if can_receive is not None and fan.can_receive != can_receive:
        fan.can_receive = can_receive
        changed.append("can_receive")
    if changed:
        fan.save(update_fields=changed)


def _differs(known: Sealed | None, told: str) -> bool:
    """What can't be opened any more is replaced by what the platform says now."""
    try:
        return known is None or known.reveal() != told
    except DecryptionFailed:
        log.warning("messaging.fan.unreadable")
        return True


def conversation_of(fan: Fan) -> Conversation:
    conversation, _ = Conversation.objects.get_or_create(fan=fan, defaults={"account": fan.account})
    return conversation


def touch(conversation_pk: int, at: datetime) -> None:
    """Something was said at this time; a late message does not pull the conversation back."""
    rows = Conversation.objects.filter(pk=conversation_pk)
    rows.filter(Q(last_message_at=None) | Q(last_message_at__lt=at)).update(last_message_at=at)


def note_activity(fan: Fan, at: datetime) -> None:
    """The fan did something at this time; late news does not make them look idle again."""
    rows = Fan.objects.filter(pk=fan.pk)
    rows.filter(Q(last_active_at=None) | Q(last_active_at__lt=at)).update(last_active_at=at)
