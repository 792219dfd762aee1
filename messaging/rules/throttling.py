"""Whose limit a refusal for too many calls is about, where the platform does not say."""

from dataclasses import dataclass


@dataclass(slots=True)
class Refusals:
    """Remembers who was refused last. Moments and waits are seconds on any clock that only goes forwards."""

    account: int | None = None
    until: float = 0.0

    def note(self, account: int, wait: float, now: float) -> float | None:
        """Seconds for which everybody shall wait, or None while it may be the account's own limit.

        Two accounts refused within the wait of the first are a limit that they share; then the shorter of both waits
        holds for all.
        """
        is_shared = self.account not in (None, account) and now < self.until
        shared = min(wait, self.until - now) if is_shared else None
        self.account, self.until = account, now + wait
        return shared
