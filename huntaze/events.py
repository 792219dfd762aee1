"""The process of the event streams: `python -m huntaze.events`. Listens on HOST and EVENTS_PORT."""

import os

import uvicorn

#: After SIGTERM open streams are cut after so many seconds; browsers come back by themselves.
GRACE_S = 2


def main() -> None:
    os.environ.setdefault("HUNTAZE_PROCESS", "events")
    uvicorn.run(
        "huntaze.asgi:application",
        host=os.environ.get("HOST", "0.0.0.0"),
        port=int(os.environ.get("EVENTS_PORT", "8001")),
        log_config=None,
        access_log=False,  # the streams and Django's middleware write the access lines
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_S,
    )


if __name__ == "__main__":
    main()
