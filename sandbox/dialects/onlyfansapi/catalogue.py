"""Owns the vendor's 32 webhook events and one example body of each durable kind."""

from ...http import Json

EVENTS = {
    "accounts.connected": "An account was connected.",
    "accounts.reconnected": "An account was connected again.",
    "accounts.disconnected": "An account was removed.",
    "accounts.session_expired": "The session of an account expired.",
    "accounts.authentication_failed": "Signing in to an account failed.",
    "accounts.otp_code_required": "OnlyFans asks for a code.",
    "accounts.face_otp_required": "OnlyFans asks for a face check.",
    "messages.received": "A fan wrote to the creator.",
    "messages.sent": "The creator wrote to a fan.",
    "messages.deleted": "A message was unsent.",
    "messages.ppv.unlocked": "A fan bought a paid message.",
    "tips.received": "A fan tipped.",
    "subscriptions.new": "A fan subscribed.",
    "subscriptions.renewed": "A subscription was renewed.",
    "subscriptions.expired": "A subscription ended.",
    "transactions.new": "Money moved.",
    "chat_queue.updated": "A mass message made progress.",
    "chat_queue.finished": "A mass message is done.",
    "users.typing": "A fan is typing.",
    "users.online": "A fan came online.",
    "users.offline": "A fan went offline.",
    "media_uploads.completed": "An upload is ready.",
    "media_uploads.failed": "An upload failed.",
    "posts.liked": "A fan liked a post.",
    "fan_summary.completed": "A fan summary is ready.",
    "data_exports.created": "A data export was created.",
    "data_exports.started": "A data export started.",
    "data_exports.progress": "A data export made progress.",
    "data_exports.completed": "A data export is ready.",
    "data_exports.failed": "A data export failed.",
    "data_exports.cancelled": "A data export was cancelled.",
    "data_exports.expired": "A data export expired.",
}
EPHEMERAL = frozenset({"users.typing", "users.online", "users.offline"})

_EXAMPLES: dict[str, Json] = {
    "messages.deleted": {"id": 7_388_012_345},
    "subscriptions.expired": {
        "id": "55:2026-06-01",
        "user": {"id": 4711},
        "expiredAt": "2026-06-01T00:00:00+00:00",
    },
    "users.typing": {"id": 4711},
}


def example(event: str) -> Json:
    """The body of a delivery with a payload of the right outline (empty where only fields vary)."""
    return {
        "event": event,
        "account_id": "acct_00000000000000000000000000000000",
        "payload": _EXAMPLES.get(event, {}),
    }
