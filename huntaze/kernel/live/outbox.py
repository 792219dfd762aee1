"""What one open stream has still to say: each name once, at a pace that a page can follow."""

from huntaze.kernel.live.hub import Position

#: Seconds between two batches of one stream, and between two tellings of one name.
BATCH_EVERY_S, NAME_EVERY_S = 0.3, 1.0
#: More names than this at once: everything is asked for again instead.
MOST_NAMES = 500
_MOST_SEQUENCE = 2**63 - 1


class Outbox:
    """Names wait here with the position at which they were first heard. Times are on one clock, in seconds."""

    def __init__(self) -> None:
        self._waiting: dict[str, Position] = {}
        self._told_at: dict[str, float] = {}
        self._batch_at = float("-inf")
        self._heard: Position = (0, 0)

    def add(self, name: str, at: Position) -> None:
        self._waiting.setdefault(name, at)
        self._heard = max(self._heard, at)

    def pass_by(self, at: Position) -> None:
        """Something happened that this listener is not told."""
        self._heard = max(self._heard, at)

    @property
    def is_too_full(self) -> bool:
        return len(self._waiting) > MOST_NAMES

    def empty(self) -> None:
        """Forget what waits: the listener asks for everything again."""
        self._waiting.clear()

    def due_in(self, now: float) -> float | None:
        """Seconds until something may be told; None while nothing waits."""
        if not self._waiting:
            return None
        return max(0.0, min(self._due(name) for name in self._waiting) - now)

    def _due(self, name: str) -> float:
        return max(self._batch_at + BATCH_EVERY_S, self._told_at.get(name, float("-inf")) + NAME_EVERY_S)

    def take(self, now: float) -> list[str]:
        """The names that may be told now, as they were heard."""
        names = sorted(
            (name for name in self._waiting if self._due(name) <= now), key=self._waiting.__getitem__
        )
        if names:
            self._batch_at = now
            self._told_at = {name: at for name, at in self._told_at.items() if at > now - NAME_EVERY_S}
            self._told_at |= dict.fromkeys(names, now)
            for name in names:
                del self._waiting[name]
        return names

    @property
    def position(self) -> str:
        """Up to where everything has been told: what still waits comes again after a reconnect from here."""
        if not self._waiting:
            return f"{self._heard[0]}-{self._heard[1]}"
        milliseconds, sequence = min(self._waiting.values())
        if sequence:
            return f"{milliseconds}-{sequence - 1}"
        return f"{milliseconds - 1}-{_MOST_SEQUENCE}" if milliseconds else "0-0"
