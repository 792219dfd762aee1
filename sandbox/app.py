"""Owns the ASGI application: a path prefix picks the dialect, the control API or the page."""

import asyncio
from pathlib import Path
from typing import Any

from . import control, page
from .dialects import onlyfansapi, stripe
from .dialects.oauth import instagram, tiktok, whatsapp
from .fans import Simulator
from .http import Receive, Scope, Send, answer_json
from .snapshot import Keeper
from .state import Sandbox

DIALECTS: dict[str, Any] = {
    "/onlyfansapi": onlyfansapi.Dialect,
    "/stripe": stripe.Dialect,
    "/instagram": instagram.Dialect,
    "/tiktok": tiktok.Dialect,
    "/whatsapp": whatsapp.Dialect,
}


class App:
    def __init__(self, sandbox: Sandbox, state_file: Path | None = None) -> None:
        self.sandbox = sandbox
        self.simulator = Simulator(sandbox)
        self.keeper = Keeper(sandbox, state_file)
        self._tasks: list[asyncio.Task[None]] = []
        self.mount()
        self.keeper.load()

    def mount(self) -> None:
        """New dialects for a new world."""
        self.sandbox.dialects = {prefix.strip("/"): kind(self.sandbox) for prefix, kind in DIALECTS.items()}

    def reset(self, seed: int, profile: str) -> None:
        self.sandbox.reset(seed, profile)
        self.simulator.forget()
        self.mount()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._route(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._lifespan(receive, send)

    async def _route(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        dialect = self.sandbox.dialects.get(path.split("/", 2)[1])
        if dialect is not None:
            await dialect(scope, receive, send)
        elif path.startswith("/_control/"):
            await control.handle(self, scope, receive, send)
        elif not await page.handle(self.sandbox, scope, receive, send):
            await answer_json(send, 404, {"error": "Not found."})

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                self._tasks = [
                    asyncio.create_task(self.simulator.run()),
                    asyncio.create_task(self.keeper.run()),
                ]
                await send({"type": "lifespan.startup.complete"})
            else:
                for task in self._tasks:
                    task.cancel()
                self.sandbox.hooks.stop()
                self.keeper.save()
                await send({"type": "lifespan.shutdown.complete"})
                return
