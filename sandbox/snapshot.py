"""Owns the snapshot of a demo: the world and what the dialects remember, in one file.

The file is a pickle that only this program writes and reads, under the person's own name; it is
replaced whole, so a crash leaves the previous one.
"""

import asyncio
import pickle
from pathlib import Path
from typing import Any

from .controls.oauth import VENDORS
from .state import Sandbox

EVERY_SECONDS = 30.0
VERSION = 1


class Keeper:
    def __init__(self, sandbox: Sandbox, path: Path | None) -> None:
        self.sandbox = sandbox
        self.path = path

    def save(self) -> None:
        if self.path is None:
            return
        part = self.path.with_suffix(self.path.suffix + ".part")
        part.write_bytes(pickle.dumps(self._contents()))
        part.chmod(0o600)
        part.replace(self.path)

    def _contents(self) -> dict[str, Any]:
        sandbox = self.sandbox
        dialect = sandbox.dialects["onlyfansapi"]
        hooks = [
            (row.id, row.url, row.events, row.scope, row.account_ids, row.secret, row.created, row.enabled)
            for row in sandbox.hooks.endpoints.values()
            if row.sign is None
        ]
        world = sandbox.world
        return {
            "version": VERSION,
            "seed": sandbox.seed,
            "profile": sandbox.profile,
            "settings": sandbox.settings,
            "started": world.started,
            "accounts": world.accounts,
            "ring": world.ring,
            "ledger": sandbox.ledger,
            "store": dialect.store,
            "stripe": sandbox.dialects["stripe"].kept_state(),
            "hooks": hooks,
            "oauth": {name: sandbox.dialects[name].provider for name in VENDORS},
        }

    def load(self) -> bool:
        """Takes up the saved world if the file is there and was written for the same seed and profile."""
        if self.path is None or not self.path.exists():
            return False
        saved = pickle.loads(self.path.read_bytes())
        sandbox = self.sandbox
        if (saved["version"], saved["seed"], saved["profile"]) != (VERSION, sandbox.seed, sandbox.profile):
            return False
        sandbox.settings, sandbox.ledger = saved["settings"], saved["ledger"]
        sandbox.world.started = saved["started"]
        sandbox.world.accounts, sandbox.world.ring = saved["accounts"], saved["ring"]
        sandbox.dialects["onlyfansapi"].store = saved["store"]
        for name, provider in saved.get("oauth", {}).items():
            sandbox.dialects[name].provider = provider
        if "stripe" in saved:
            sandbox.dialects["stripe"].take_up(saved["stripe"])
        for name, url, events, scope, account_ids, secret, created, enabled in saved["hooks"]:
            endpoint = sandbox.hooks.register(
                url=url, events=events, scope=scope, account_ids=account_ids, secret=secret
            )
            del sandbox.hooks.endpoints[endpoint.id]
            endpoint.id, endpoint.created, endpoint.enabled = name, created, enabled
            sandbox.hooks.endpoints[name] = endpoint
        return True

    async def run(self) -> None:
        while self.path is not None:
            await asyncio.sleep(EVERY_SECONDS)
            self.save()
