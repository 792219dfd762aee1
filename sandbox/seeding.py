"""Owns the three profiles and the furniture that a fresh world starts with."""

from dataclasses import dataclass

from .draws import stream
from .phrases import CREATOR_LINES, FAN_LINES
from .world import Account, Fan, World


@dataclass(frozen=True, slots=True)
class Profile:
    """`rate_per_minute` 0 means no limit; `speed` is that of the simulated fans."""

    accounts: int
    fans: int
    rate_per_minute: int
    speed: float
    simulator: bool


PROFILES = {
    "demo": Profile(accounts=3, fans=400, rate_per_minute=1000, speed=20.0, simulator=True),
    "test": Profile(accounts=2, fans=20, rate_per_minute=0, speed=1.0, simulator=False),
    "bench": Profile(accounts=50, fans=2000, rate_per_minute=0, speed=1.0, simulator=False),
}
VAULT = (("photo", 8), ("video", 3), ("audio", 1))
HISTORY_CHATS = 60


def furnish(world: World, profile: str) -> None:
    """Vault items everywhere but in the benchmark; past chats and money only in the demo."""
    if profile == "bench":
        return
    for account in world.accounts.values():
        furnish_vault(world, account)
        if profile == "demo":
            _history(world, account)


def furnish_vault(world: World, account: Account) -> None:
    for kind, count in VAULT:
        for number in range(1, count + 1):
            world.add_media(account, kind, f"{kind}-{number}", vault=True).used = True


def _history(world: World, account: Account) -> None:
    """Sixty past chats, oldest first so that ids and times grow together; a third end unread."""
    picks = stream(world.seed, account.index, "history").sample(world.fans(account), HISTORY_CHATS)
    lines: list[tuple[float, int, bool, str, int]] = []
    for fan in picks:
        lines += _conversation(world, account, fan)
    for at, fan_id, from_creator, text, price in sorted(lines):
        media = [next(iter(account.media))] if price else []
        message = world.add_message(
            account, fan_id, text, from_creator=from_creator, created=at, price=price, media=media
        )
        if from_creator:
            chat = world.chat(account, fan_id)
            chat.unread, chat.last_read_id = 0, message.id
    _past_money(world, account)


def _conversation(world: World, account: Account, fan: Fan) -> list[tuple[float, int, bool, str, int]]:
    draw = stream(world.seed, account.index, fan.id, "history")
    turns = draw.randint(2, 9)
    at = world.started - draw.random() * 6 * 86_400 - turns * 5400 - 600
    lines = []
    for turn in range(turns):
        from_creator = turn % 2 == 0
        pool = CREATOR_LINES if from_creator else FAN_LINES
        price = draw.choice((500, 900, 1200)) if from_creator and draw.random() < 0.12 else 0
        lines.append((at, fan.id, from_creator, draw.choice(pool[fan.language]), price))
        at = at + min(draw.expovariate(1 / 2400), 5400)
    return lines


def _past_money(world: World, account: Account) -> None:
    """The last 30 days of payments, so that ledgers and charts have something true to read."""
    draw = stream(world.seed, account.index, "past money")
    for fan in world.fans(account):
        if draw.random() > 0.55:
            continue
        before = dict(fan.spent)
        kind = draw.choice(("subscribes", "subscribes", "tips", "chat_messages"))
        cents = fan.price if kind == "subscribes" else draw.choice((500, 700, 1000, 1500, 2500))
        row = world.add_transaction(account, fan, kind, cents, first=fan.months == 1)
        row.created = world.started - draw.random() * 30 * 86_400
        row.status = "done" if world.started - row.created > 7 * 86_400 else "loading"
        bucket = {"chat_messages": "messages"}.get(kind, kind)
        fan.spent = before if before[bucket] >= cents else fan.spent
    account.transactions.sort(key=lambda row: row.created)
