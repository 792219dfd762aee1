"""Owns the list of imitated operations: method, path, handler."""

from . import accounts, banned, chats, connect, endpoints, lists, mass, media, money, posts, send, subscribers
from .routing import Handler, Router

_CHAT = "/api/{account}/chats/{chat_id}"
_MESSAGE = _CHAT + "/messages/{message_id}"
_FANS = "/api/{account}/fans"
_LIST = "/api/{account}/user-lists/{userListId}"
_MASS = "/api/{account}/mass-messaging"
_MEDIA = "/api/{account}/media"
_USER = "/api/{account}/users/{user_id}"

ROUTES: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "/api/whoami", accounts.whoami),
    ("GET", "/api/accounts", accounts.listing),
    ("DELETE", "/api/accounts/{id}", accounts.disconnect),
    ("GET", "/api/{account}/me", accounts.me),
    ("GET", "/api/{account}/chats", chats.listing),
    ("POST", "/api/{account}/chats/mark-as-read", chats.read_all),
    ("DELETE", _CHAT, chats.delete),
    ("POST", _CHAT + "/hide", chats.hide),
    ("GET", _CHAT + "/media", chats.media),
    ("POST", _CHAT + "/mark-as-read", chats.read),
    ("POST", _CHAT + "/mark-as-unread", chats.unread),
    ("POST", _CHAT + "/mute", chats.mute),
    ("DELETE", _CHAT + "/unmute", chats.unmute),
    ("POST", _CHAT + "/typing", chats.typing),
    ("GET", _CHAT + "/messages", chats.messages),
    ("POST", _CHAT + "/messages", send.send),
    ("GET", _CHAT + "/messages/search", chats.search),
    ("GET", _MESSAGE, chats.message),
    ("DELETE", _MESSAGE, send.unsend),
    ("POST", _MESSAGE + "/like", chats.like),
    ("DELETE", _MESSAGE + "/unlike", chats.unlike),
    ("POST", _MESSAGE + "/pin", chats.pin),
    ("DELETE", _MESSAGE + "/unpin", chats.unpin),
    ("GET", _FANS + "/active", subscribers.active),
    ("GET", _FANS + "/all", subscribers.everyone),
    ("GET", _FANS + "/expired", subscribers.expired),
    ("GET", _FANS + "/latest", subscribers.latest),
    ("GET", _FANS + "/top", subscribers.top),
    ("GET", _FANS + "/{user_id}/subscriptions-history", subscribers.history),
    ("PUT", _FANS + "/{fan_id}/custom-name", subscribers.set_custom_name),
    ("GET", _FANS + "/{fan_id}/notes", subscribers.get_notes),
    ("PUT", _FANS + "/{fan_id}/notes", subscribers.set_notes),
    ("DELETE", _FANS + "/{fan_id}/notes", subscribers.clear_notes),
    ("GET", "/api/{account}/users/list", subscribers.many),
    ("GET", "/api/{account}/users/{username}", subscribers.one),
    ("POST", _USER + "/restrict", subscribers.restrict),
    ("DELETE", _USER + "/restrict", subscribers.unrestrict),
    ("POST", _USER + "/block", subscribers.block),
    ("DELETE", _USER + "/block", subscribers.unblock),
    ("GET", "/api/{account}/user-lists", lists.listing),
    ("POST", "/api/{account}/user-lists", lists.create),
    ("GET", _LIST, lists.retrieve),
    ("PUT", _LIST, lists.update),
    ("DELETE", _LIST, lists.delete),
    ("GET", _LIST + "/users", lists.members),
    ("POST", _LIST + "/users", lists.add),
    ("DELETE", _LIST + "/users", lists.clear),
    ("GET", _LIST + "/users/pinned", lists.pinned),
    ("POST", _LIST + "/users/{userId}/pin", lists.pin),
    ("DELETE", _LIST + "/users/{userId}", lists.remove),
    ("POST", "/api/client-sessions", connect.create_session),
    ("POST", "/api/authenticate/{account_id}/reauthenticate", connect.reauthenticate),
    ("GET", "/api/authenticate/{attempt_id}", connect.poll),
    ("PUT", "/api/authenticate/{attempt_id}", connect.submit),
    ("POST", "/api/authenticate/{attempt_id}/send-email-to-creator", connect.send_email),
    ("POST", _MASS, mass.create),
    ("GET", _MASS, mass.listing),
    ("GET", _MASS + "/overview", mass.overview),
    ("GET", _MASS + "/{id}", mass.retrieve),
    ("PUT", _MASS + "/{id}", mass.update),
    ("DELETE", _MASS + "/{id}", mass.delete),
    ("GET", "/api/{account}/engagement/messages/mass-messages", mass.overview),
    ("POST", _MEDIA + "/upload", media.upload),
    ("GET", _MEDIA + "/uploads/{upload}/status", media.upload_status),
    ("POST", _MEDIA + "/vault", media.upload_to_vault),
    ("GET", _MEDIA + "/vault", media.vault),
    ("GET", _MEDIA + "/vault/{media_id}", media.retrieve),
    ("DELETE", _MEDIA + "/vault/delete-media", media.delete),
    ("GET", "/api/{account}/transactions", money.transactions),
    ("GET", "/api/{account}/statistics/statements/earnings", money.earnings),
    ("GET", "/api/{account}/statistics/total-transactions", money.total_transactions),
    ("GET", "/api/{account}/chargebacks", money.chargebacks),
    ("GET", "/api/{account}/chargebacks/ratio", money.chargeback_ratio),
    ("GET", "/api/{account}/chargebacks/statistics", money.chargeback_statistics),
    ("POST", "/api/{account}/posts", posts.create),
    ("GET", "/api/{account}/posts", posts.listing),
    ("GET", "/api/{account}/posts/{post_id}", posts.retrieve),
    ("PUT", "/api/{account}/posts/{post_id}", posts.update),
    ("DELETE", "/api/{account}/posts/{post_id}", posts.delete),
    ("GET", "/api/banned-words", banned.listing),
    ("POST", "/api/webhooks", endpoints.create),
    ("GET", "/api/webhooks", endpoints.listing),
    ("GET", "/api/webhooks/events", endpoints.events),
    ("GET", "/api/webhooks/{webhook_id}", endpoints.retrieve),
    ("PUT", "/api/webhooks/{webhook_id}", endpoints.update),
    ("DELETE", "/api/webhooks/{webhook_id}", endpoints.delete),
    ("GET", "/api/webhooks/{event}/example-payload", endpoints.example_payload),
    ("GET", "/api/webhooks/{webhook_id}/deliveries", endpoints.deliveries),
    ("POST", "/api/webhooks/{webhook_id}/deliveries/{delivery_id}/redeliver", endpoints.redeliver),
)


def build() -> Router:
    router = Router()
    for method, path, handler in ROUTES:
        router.add(method, path, handler)
    router.add_known()
    return router
