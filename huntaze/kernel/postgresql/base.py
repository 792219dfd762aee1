"""Django's PostgreSQL backend, with a cheaper answer to "is the connection still there?"."""

import select

from django_prometheus.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):  # type: ignore[misc]
    def is_usable(self) -> bool:
        """Asked before the first query of each request, which a `SELECT 1` would cost as much as a real one.

        A server that was stopped or restarted has closed its end: the socket has something to read although nothing was
        asked. One that vanished without a word is noticed by the next query, as it would be by a `SELECT 1`.
        """
        if self.connection is None or self.connection.closed:
            return False
        watch = select.poll()
        watch.register(self.connection.fileno(), select.POLLIN)
        return not watch.poll(0)
