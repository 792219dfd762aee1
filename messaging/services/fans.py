"""Writing fans and their conversations, from whatever the platform tells us about them."""
from datetime import datetime

from accounts.models import PlatformAccount
from huntaze.kernel import crypto
from messaging.models import Conversation, Fan

NAME_LENGTH, HANDLE_LENGTH = 120, 100


def handle_digest(handle: str) -> bytes:
    """Keyed digest by which a fan is found under an exact handle."""
    return crypto.blind_index(handle.casefold().lstrip("@"), purpose="fan-handle")


def upsert_fan(
    *,
    account: PlatformAccount,
    platform_user_id: str,
    name: str,
    handle: str,
    now: datetime,
    can_receive: bool | None = None,
) -> Fan:
    """The fan with this platform id; empty values never overwrite known ones."""
    fan, made = Fan.objects.get_or_create(
        account=account,
        platform_user_id=platform_user_id,
        defaults={
            "name": name[:NAME_LENGTH],
            "handle": handle[:HANDLE_LENGTH],
            "handle_digest": handle_digest(handle) if handle else None,
            "first_seen_at": now,
            "can_receive": True if can_receive is None else can_receive,
        },
    )
    if not made:
        _freshen(fan, name[:NAME_LENGTH], handle[:HANDLE_LENGTH], can_receive)
    return fan


def _freshen(fan: Fan, name: str, handle: str, can_receive: bool | None) -> None:
    changed = []
    if name and (fan.name is None or fan.name.reveal() != name):
        fan.name = name
        changed.append("name")
    if handle and (fan.handle is None or fan.handle.reveal() != handle):
        fan.handle, fan.handle_digest = handle, handle_digest(handle)
        changed += ["handle", "handle_digest"]
    if can_receive is not None and fan.can_receive != can_receive:
        fan.can_receive = can_receive
        changed.append("can_receive")
    if changed:
        fan.save(update_fields=changed)


def conversation_of(fan: Fan) -> Conversation:
    conversation, _ = Conversation.objects.get_or_create(fan=fan, defaults={"account": fan.account})
    return conversation
