"""How long a workspace may choose to keep things; the installation's own periods stand in the settings."""

#: Classes that a workspace chooses about, with the least number of days. The most is the installation's period.
CHOOSABLE = {"message_texts": 90}
#: What the page offers, in days.
OFFERED = (90, 180, 365, 731)


def offered(name: str, most: int) -> list[int]:
    """The periods to choose from, the longest first; `most` is the installation's."""
    least = CHOOSABLE[name]
    return sorted({days for days in OFFERED if least <= days < most} | {most}, reverse=True)


def is_choosable(name: str, days: int, most: int) -> bool:
    return name in CHOOSABLE and CHOOSABLE[name] <= days <= most
