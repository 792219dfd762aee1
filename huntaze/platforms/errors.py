"""How every call to a platform ends, if not with a result: three errors, and what each allows us to do."""

from typing import Any


class PlatformError(Exception):
    """`code` is a constant; no message carries a fan's name or a text."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


class Transient(PlatformError):
    """Nothing happened; trying again may work. `retry_after` is seconds, if the platform said."""

    def __init__(self, code: str, *, retry_after: float | None = None, is_on_wire: bool = True) -> None:
        super().__init__(code)
        self.retry_after = retry_after
        self.is_on_wire = is_on_wire


class Permanent(PlatformError):
    """Nothing happened, and trying the same again is pointless. `data` says why (fields, words)."""

    def __init__(self, code: str, **data: Any) -> None:
        super().__init__(code)
        self.data = data


class Uncertain(PlatformError):
    """A write that may or may not have happened. Reads are never uncertain."""
