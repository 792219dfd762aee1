"""Staff pages over messaging."""

from messaging.admin import dead_letters, reveal, tables  # noqa: F401  (they register their pages)
