"""Starts the sandbox: `python -m sandbox --port 8099 --seed 7 --profile demo|test|bench`.

Options
  --host 127.0.0.1     loopback only; anything else is refused
  --port 8099          0 picks a free port
  --seed 7             every name, id and draw follows from it
  --profile demo       demo: 3 creators x 400 fans, history, simulated fans living 20 times faster
                       test: 2 accounts x 20 fans, nothing happens unless told
                       bench: 50 accounts x 2,000 fans, no simulator, no history
  --accounts N         another number of accounts (10,000 start in seconds)
  --fans N             another number of fans an account, at most 10,000
  --state FILE         load the world from FILE, write it every 30 s and on exit

When it listens it prints one line: `sandbox listening on http://127.0.0.1:PORT`. SIGTERM ends it.
The OnlyFansAPI dialect lives under /onlyfansapi (base URL http://127.0.0.1:PORT/onlyfansapi) and accepts
the key in SANDBOX_ONLYFANSAPI_KEY, by default ofapi_sandbox_0123456789. Instagram, TikTok and WhatsApp live under
/instagram/{www,api,graph}, /tiktok/{www,open} and /whatsapp; they know one application each, SANDBOX_<VENDOR>_ID and
_SECRET, by default <vendor>_sandbox and <vendor>_secret_0123456789. Account ids depend on the seed
only; fan j of account i (both from 0) has the id 1_000_000_000 + i * 10_000 + j. GET / is a page to look
at the fans' phones; the control API is described in control.py.
"""

import argparse
import gc
import ipaddress
import socket
import sys
from pathlib import Path

import uvicorn

from .app import App
from .http import CLOSING
from .seeding import PROFILES
from .state import Sandbox
from .world import FANS_PER_ACCOUNT


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox", description="A local imitation of the outside vendors."
    )
    parser.add_argument("--host", default="127.0.0.1", type=loopback)
    parser.add_argument("--port", default=8099, type=int)
    parser.add_argument("--seed", default=7, type=int)
    parser.add_argument("--profile", default="demo", choices=sorted(PROFILES))
    parser.add_argument("--accounts", type=int)
    parser.add_argument("--fans", type=int, choices=range(1, FANS_PER_ACCOUNT + 1), metavar="N")
    parser.add_argument("--state", type=Path, metavar="FILE")
    return parser.parse_args(arguments)


def loopback(host: str) -> str:
    name = "127.0.0.1" if host == "localhost" else host
    try:
        if ipaddress.ip_address(name).is_loopback:
            return name
    except ValueError:
        pass
    raise argparse.ArgumentTypeError(
        f"{host} is not a loopback address; the sandbox serves this machine only"
    )


def listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind((host, port))
    bound.listen(2048)
    return bound


class Server(uvicorn.Server):
    """Says where it listens once it does; lets go of requests that a fault holds when it ends."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started and sockets:
            host, port = sockets[0].getsockname()[:2]
            print(f"sandbox listening on http://{f'[{host}]' if ':' in host else host}:{port}", flush=True)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        CLOSING.set()
        await super().shutdown(sockets)


def main() -> int:
    options = parse()
    sandbox = Sandbox(
        seed=options.seed, profile=options.profile, accounts=options.accounts, fans=options.fans
    )
    config = uvicorn.Config(
        App(sandbox, options.state),
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=1,
    )
    try:
        bound = listen(options.host, options.port)
    except OSError as error:
        print(f"cannot listen on {options.host}:{options.port}: {error}", file=sys.stderr)
        return 1
    if options.profile == "bench":
        # It keeps every message: the collector's walks over all of them would be pauses of up to a second.
        gc.disable()
    Server(config).run(sockets=[bound])
    return 0


if __name__ == "__main__":
    sys.exit(main())
