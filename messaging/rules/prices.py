"""In which money a platform takes prices. What a creator likes to read is another matter (`Creator.currency`)."""

from accounts.types import Platform

_CURRENCIES = {Platform.ONLYFANS: "USD"}


def currency_of(platform: str) -> str:
    """The currency of every price that is sent to this platform or told by it."""
    return _CURRENCIES[Platform(platform)]
