"""Owns the running sandbox: settings, profile, and the parts that a reset makes anew."""

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from .clock import Clock
from .faults import Faults
from .hooks import Hooks
from .ledger import Ledger
from .seeding import PROFILES, furnish
from .world import RING, World


@dataclass(slots=True)
class Settings:
    """What `POST /_control/settings` may change; camelCase there, see control.py."""

    rate_per_minute: int = 0
    credits: int = 1_000_000
    enforce_limit: int = 0
    window_seconds: float = 60.0
    latency_ms: Any = 0
    idempotency: bool = True
    simulator: bool = False
    webhooks: bool = True
    webhook_backoff: list[float] = field(default_factory=lambda: [0.2, 1.0])
    webhook_timeout: float = 10.0
    pause_after: int = 10
    pause_seconds: float = 60.0
    upload_seconds: float = 0.3
    awkward_rate: float = 0.04
    rotation_grace: bool = False


class Sandbox:
    """One imitated outside world. `reset` replaces everything but the keys and the options."""

    def __init__(
        self, *, seed: int, profile: str, accounts: int | None = None, fans: int | None = None
    ) -> None:
        self.clock = Clock()
        self.options = (accounts, fans)
        self.hooks = Hooks(self)
        self.reset(seed, profile)

    def reset(self, seed: int, profile: str) -> None:
        shape = PROFILES[profile]
        accounts, fans = self.options
        self.seed, self.profile = seed, profile
        self.clock.unfreeze()
        self.clock.speed = shape.speed
        self.settings = Settings(rate_per_minute=shape.rate_per_minute, simulator=shape.simulator)
        self.world = World(seed, self.clock, accounts or shape.accounts, fans or shape.fans)
        self.ledger = Ledger()
        self.faults = Faults(seed, self.clock)
        self.hooks.stop()
        self.hooks = Hooks(self)
        self.log: deque[tuple[Any, ...]] = deque(maxlen=RING)
        self.dialects: dict[str, Any] = {}
        furnish(self.world, profile)
