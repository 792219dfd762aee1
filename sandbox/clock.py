"""Owns time inside the sandbox: the real clock, or a frozen one that a test moves by hand."""

import time
from datetime import UTC, datetime


class Clock:
    """Real time by default. `speed` hurries only the simulated fans, never limits or windows."""

    def __init__(self, speed: float = 1.0) -> None:
        self.speed = speed
        self._frozen: float | None = None

    def now(self) -> float:
        """Epoch seconds."""
        return time.time() if self._frozen is None else self._frozen

    @property
    def frozen(self) -> bool:
        return self._frozen is not None

    def freeze(self, at: float | None = None) -> None:
        self._frozen = self.now() if at is None else at

    def unfreeze(self) -> None:
        self._frozen = None

    def advance(self, seconds: float) -> None:
        """Moves the frozen clock; freezes first if it was running."""
        self._frozen = self.now() + seconds


_cache: dict[int, str] = {}


def iso(epoch: float) -> str:
    """Whole seconds in UTC, the way the vendor writes times: 2026-11-20T12:00:00+00:00."""
    second = int(epoch)
    text = _cache.get(second)
    if text is None:
        if len(_cache) > 4096:
            _cache.clear()
        text = _cache[second] = datetime.fromtimestamp(second, UTC).isoformat()
    return text


def parse_time(text: str) -> float | None:
    """Epoch seconds of an ISO date or date-time (UTC if no zone is given); None if unreadable."""
    try:
        moment = datetime.fromisoformat(text.strip().replace(" ", "T", 1))
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
