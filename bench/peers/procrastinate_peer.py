"""procrastinate: `python procrastinate_peer.py MODE COUNT URL` with DATABASE_URL. Prints one JSON line.

`enqueue` defers COUNT jobs in batches; `process` then works them off, each posts to URL, 200 at once in one process.
"""

import asyncio
import json
import os
import sys
import time
import uuid
from typing import Any

import aiohttp
import procrastinate

app = procrastinate.App(
    connector=procrastinate.PsycopgConnector(conninfo=os.environ["DATABASE_URL"], max_size=12)
)
shared: dict[str, Any] = {}


@app.task(name="send", queue="bench")
async def send(url: str, key: str, text: str) -> None:
    async with shared["session"].post(url, json={"text": text}, headers={"Idempotency-Key": key}) as answer:
        await answer.read()
        answer.raise_for_status()


async def main(mode: str, count: int, url: str) -> dict[str, float]:
    mark = uuid.uuid4().hex[:12]
    async with app.open_async():
        if not await app.check_connection_async():
            await app.schema_manager.apply_schema_async()
        started = time.perf_counter()
        for first in range(0, count, 1000):
            numbers = range(first, min(count, first + 1000))
            jobs = [{"url": url, "key": f"{mark}-{n}", "text": f"New set {mark}.{n}"} for n in numbers]
            await send.batch_defer_async(*jobs)
        if mode == "process":
            headers = {"Authorization": f"Bearer {os.environ['PLATFORM_KEY']}"}
            async with aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=400), headers=headers
            ) as session:
                shared["session"] = session
                started = time.perf_counter()
                await app.run_worker_async(
                    queues=["bench"], concurrency=200, wait=False, delete_jobs="successful"
                )
        seconds = time.perf_counter() - started
        await app.connector.execute_query_async("TRUNCATE procrastinate_jobs CASCADE")
    return {"seconds": seconds}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(sys.argv[1], int(sys.argv[2]), (sys.argv[3:] or [""])[0]))))
