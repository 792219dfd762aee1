"""What this process asks of Redis; the server's own counters also count its other users."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from huntaze.kernel import redis


@contextmanager
def scripts() -> Iterator[list[str]]:
    """The hashes of the scripts that are run inside the block, in order."""
    client, ran = redis.client(), []
    execute = client.execute_command

    def noted(*arguments: Any, **options: Any) -> Any:
        if arguments[0] == "EVALSHA":
            ran.append(str(arguments[1]))
        return execute(*arguments, **options)

    client.execute_command = noted  # type: ignore[method-assign]
    try:
        yield ran
    finally:
        del client.execute_command
