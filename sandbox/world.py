"""Owns what exists on the imitated platform: accounts, fans, chats, messages, media, money.

Knows nothing of HTTP or of any vendor's JSON. Accounts and fans are made from the seed when they
are first looked at, so that ten thousand accounts start at once and cost little memory.
"""

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from . import names
from .clock import Clock
from .draws import digest, stream

RING = 100_000
CREATOR_BASE = 100_000_000
FAN_BASE = 1_000_000_000
FANS_PER_ACCOUNT = 10_000
MESSAGE_BASE = 7_000_000_000_000
MESSAGES_PER_ACCOUNT = 100_000_000
DAY = 86_400.0


@dataclass(slots=True)
class Message:
    """One message in one chat; `price` and `tip` in cents."""

    id: int
    account_id: str
    fan_id: int
    text: str
    from_creator: bool
    created: float
    changed: float
    price: int = 0
    media: list[int] = field(default_factory=list)
    previews: list[int] = field(default_factory=list)
    tip: int = 0
    opened: bool = False
    liked: bool = False
    pinned: bool = False
    locked_text: bool = False
    giphy_id: str | None = None
    reply_to: int | None = None
    queue_id: int | None = None
    deleted: bool = False


@dataclass(slots=True)
class Chat:
    fan_id: int
    messages: deque[Message] = field(default_factory=deque)
    unread: int = 0
    last_read_id: int = 0
    unread_tips: bool = False
    muted: bool = False
    hidden: bool = False


@dataclass(slots=True)
class Fan:
    """A subscriber of one account; money in cents."""

    id: int
    name: str
    username: str
    language: str
    price: int
    subscribed_at: float
    expires_at: float
    last_seen: float
    spent: dict[str, int]
    months: int = 1
    auto_renew: bool = True
    renewed_at: float | None = None
    custom_name: str = ""
    notes: str = ""
    restricted: bool = False
    blocked: bool = False

    @property
    def total(self) -> int:
        return sum(self.spent.values())


@dataclass(slots=True)
class Media:
    """A vault item, or a fresh upload (`upload_id`) that may be used once."""

    id: int
    type: str
    created: float
    name: str
    upload_id: str = ""
    used: bool = False
    ready_at: float = 0.0
    in_vault: bool = True
    error: str = ""


@dataclass(slots=True)
class Transaction:
    """Money that moved; cents. `type` is the word of the transactions list."""

    id: str
    type: str
    cents: int
    created: float
    fan_id: int
    first: bool = True
    status: str = "loading"
    message_id: int | None = None


@dataclass(slots=True)
class UserList:
    id: int
    name: str
    members: list[int] = field(default_factory=list)
    pinned: list[int] = field(default_factory=list)
    pinned_to_feed: bool = False


@dataclass(slots=True)
class Account:
    """A creator's account as the vendor holds it."""

    index: int
    id: str
    display_name: str
    onlyfans_id: int
    name: str
    username: str
    fan_count: int
    created: float
    state: str = "connected"
    client_reference_id: str | None = None
    fans: dict[int, Fan] = field(default_factory=dict)
    chats: dict[int, Chat] = field(default_factory=dict)
    messages: dict[int, Message] = field(default_factory=dict)
    media: dict[int, Media] = field(default_factory=dict)
    uploads: dict[str, Media] = field(default_factory=dict)
    lists: dict[int, UserList] = field(default_factory=dict)
    vault_lists: dict[int, UserList] = field(default_factory=dict)
    transactions: list[Transaction] = field(default_factory=list)
    chargebacks: list[tuple[int, float, Transaction]] = field(default_factory=list)
    mass: dict[int, dict[str, Any]] = field(default_factory=dict)
    posts: dict[int, dict[str, Any]] = field(default_factory=dict)
    counters: dict[str, int] = field(default_factory=dict)
    all_fans_made: bool = False

    @property
    def email(self) -> str:
        return f"{self.username}@example.com"

    def count(self, what: str) -> int:
        """The next number of a series that belongs to this account, from 1."""
        number = self.counters[what] = self.counters.get(what, 0) + 1
        return number


class World:
    """Everything that exists, and the few ways in which it changes."""

    def __init__(self, seed: int, clock: Clock, accounts: int, fans: int) -> None:
        self.seed = seed
        self.clock = clock
        self.started = clock.now()
        self.accounts: dict[str, Account] = {}
        self.ring: deque[Message] = deque()
        for index in range(accounts):
            self.add_account(fan_count=fans, index=index)

    # accounts and fans ---------------------------------------------------------------------------

    def add_account(self, *, fan_count: int, index: int | None = None, display_name: str = "") -> Account:
        index = len(self.accounts) if index is None else index
        name, username = names.creator(index)
        account = Account(
            index=index,
            id=f"acct_{digest(self.seed, 'account', index)}",
            display_name=display_name or name,
            onlyfans_id=CREATOR_BASE + index,
            name=name,
            username=username,
            fan_count=fan_count,
            created=self.started - 400 * DAY,
        )
        self.accounts[account.id] = account
        return account

    def fan(self, account: Account, fan_id: int) -> Fan | None:
        found = account.fans.get(fan_id)
        if found is None:
            place = fan_id - FAN_BASE - account.index * FANS_PER_ACCOUNT
            if 0 <= place < account.fan_count:
                found = account.fans[fan_id] = self._make_fan(account, fan_id)
        return found

    def fans(self, account: Account) -> list[Fan]:
        """All fans of the account in the order of their ids."""
        if not account.all_fans_made:
            first = FAN_BASE + account.index * FANS_PER_ACCOUNT
            for fan_id in range(first, first + account.fan_count):
                self.fan(account, fan_id)
            account.fans = dict(sorted(account.fans.items()))
            account.all_fans_made = True
        return list(account.fans.values())

    def add_fan(self, account: Account, fan_id: int | None = None, name: str = "", username: str = "") -> Fan:
        """A fan of now: subscribed this second, nothing spent."""
        if fan_id is None:
            fan_id = FAN_BASE * 5 + account.index * FANS_PER_ACCOUNT + account.count("created fan")
        fan = self._make_fan(account, fan_id)
        now = self.clock.now()
        fan.name, fan.username = name or fan.name, username or fan.username
        fan.subscribed_at, fan.expires_at, fan.last_seen, fan.months = now, now + 30 * DAY, now, 1
        fan.spent = dict.fromkeys(fan.spent, 0)
        account.fans[fan_id] = fan
        return fan

    def _make_fan(self, account: Account, fan_id: int) -> Fan:
        draw = stream(self.seed, account.index, fan_id, "fan")
        name = names.fan_name(draw)
        months = min(1 + int(draw.expovariate(0.35)), 36)
        since = self.started - (months - draw.random()) * 30 * DAY
        lapsed = draw.random() < 0.22
        wealth = draw.lognormvariate(2.6, 1.5) if draw.random() < 0.7 else 0.0
        price = draw.choice((499, 799, 999, 999, 1499))
        spent = {
            "subscribes": price * months,
            "tips": int(wealth * draw.random() * 40) // 100 * 100,
            "messages": int(wealth * 100 * draw.random()) // 50 * 50,
            "posts": 0,
            "streams": 0,
        }
        end = self.started - draw.random() * 20 * DAY if lapsed else self.started + draw.random() * 30 * DAY
        return Fan(
            id=fan_id,
            name=name,
            username=names.fan_username(draw, name, fan_id),
            language="fr" if draw.random() < 0.4 else "en",
            price=price,
            subscribed_at=since,
            expires_at=end,
            last_seen=self.started - draw.expovariate(1 / (6 * 3600)),
            spent=spent,
            months=months,
            auto_renew=not lapsed and draw.random() < 0.8,
        )

    # messages ------------------------------------------------------------------------------------

    def chat(self, account: Account, fan_id: int) -> Chat:
        found = account.chats.get(fan_id)
        if found is None:
            found = account.chats[fan_id] = Chat(fan_id)
        return found

    def add_message(
        self,
        account: Account,
        fan_id: int,
        text: str,
        *,
        from_creator: bool,
        created: float | None = None,
        **more: Any,
    ) -> Message:
        """Puts a message at the end of its chat; the oldest of all goes when the ring is full."""
        at = self.clock.now() if created is None else created
        number = MESSAGE_BASE + account.index * MESSAGES_PER_ACCOUNT + account.count("message")
        message = Message(number, account.id, fan_id, text, from_creator, at, at, **more)
        chat = self.chat(account, fan_id)
        chat.messages.append(message)
        chat.hidden = False
        account.messages[number] = message
        if not from_creator:
            chat.unread += 1
            chat.unread_tips = chat.unread_tips or message.tip > 0
        self.ring.append(message)
        if len(self.ring) > RING:
            self._forget(self.ring.popleft())
        return message

    def newest(self, account: Account, count: int) -> list[Message]:
        """The account's last `count` messages that are still there, oldest first."""
        last = MESSAGE_BASE + account.index * MESSAGES_PER_ACCOUNT + account.counters.get("message", 0)
        found = (account.messages.get(number) for number in range(last - count + 1, last + 1))
        return [message for message in found if message is not None]

    def remove_message(self, account: Account, message: Message) -> None:
        message.deleted = True
        account.messages.pop(message.id, None)

    def _forget(self, message: Message) -> None:
        account = self.accounts[message.account_id]
        account.messages.pop(message.id, None)
        chat = account.chats[message.fan_id]
        if chat.messages and chat.messages[0] is message:
            chat.messages.popleft()

    # money ---------------------------------------------------------------------------------------

    def add_transaction(
        self,
        account: Account,
        fan: Fan,
        kind: str,
        cents: int,
        *,
        first: bool = True,
        message_id: int | None = None,
    ) -> Transaction:
        """Money from a fan: `kind` is subscribes, tips, post, chat_messages or stream."""
        number = account.count("transaction")
        row = Transaction(
            id=f"tx_{digest(self.seed, account.index, 'transaction', number)[:24]}",
            type=kind,
            cents=cents,
            created=self.clock.now(),
            fan_id=fan.id,
            first=first,
            message_id=message_id,
        )
        account.transactions.append(row)
        bucket = {"chat_messages": "messages", "post": "posts", "stream": "streams"}.get(kind, kind)
        fan.spent[bucket] += cents
        return row

    # media ---------------------------------------------------------------------------------------

    def add_media(
        self, account: Account, kind: str, name: str, *, vault: bool, ready_in: float = 0.0
    ) -> Media:
        number = account.count("media")
        now = self.clock.now()
        media = Media(
            id=3_000_000_000 + account.index * 100_000 + number,
            type=kind,
            created=now,
            name=name,
            upload_id=f"ofapi_media_{digest(self.seed, account.index, 'media', number)}",
            ready_at=now + ready_in,
            in_vault=vault,
        )
        account.media[media.id] = media
        account.uploads[media.upload_id] = media
        return media
