"""aiohttp and nothing else: `python -m bench.peers.http_client URL MESSAGES ACCOUNTS`. Waits when done, to be ended."""

import asyncio
import itertools
import json
import signal
import sys
import uuid
from urllib.request import urlopen

import aiohttp

from bench.kit.house import KEY, Sandbox

CONNECTIONS = 400
TEXT = "hey new set tonight just for you a little surprise tell me what you like best thank you for yesterday hey you"


def account_ids(url: str) -> list[str]:
    with urlopen(f"{url}/_control/accounts") as answer:
        return [row["id"] for row in sorted(json.load(answer), key=lambda row: row["index"])]


async def main(url: str, messages: int, ids: list[str]) -> None:
    numbers, run = iter(range(messages)), uuid.uuid4().hex[:12]
    headers = {"Authorization": f"Bearer {KEY}"}
    connector = aiohttp.TCPConnector(limit=CONNECTIONS)
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:

        async def lane() -> None:
            for number in numbers:
                index = number % len(ids)
                fan = Sandbox.fan(index, number // len(ids) % 10)
                path = f"{url}/onlyfansapi/api/{ids[index]}/chats/{fan}/messages"
                body = {"text": f"{TEXT} {run}.{number}"}
                async with session.post(
                    path, json=body, headers={"Idempotency-Key": f"{run}-{number}"}
                ) as answer:
                    await answer.read()
                    assert answer.status == 200, await answer.text()

        await asyncio.gather(*(lane() for _ in itertools.repeat(None, CONNECTIONS)))
    signal.pause()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), account_ids(sys.argv[1])[: int(sys.argv[3])]))
