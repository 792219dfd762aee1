"""Time zones that people choose from: the tz database's places, by region."""

import re
from functools import cache

from huntaze.kernel import zones

_PLACE = re.compile(r"(Africa|America|Antarctica|Arctic|Asia|Atlantic|Australia|Europe|Indian|Pacific)/")
UTC = "UTC"


def is_zone(name: str) -> bool:
    """Whether the machine knows a zone of this name, as in `Europe/Paris`."""
    return name in zones.names()


@cache
def by_region() -> dict[str, tuple[str, ...]]:
    """The places a person would look for, region by region; abbreviations and offsets are left out."""
    found: dict[str, list[str]] = {}
    for name in sorted(filter(_PLACE.match, zones.names())):
        found.setdefault(name.partition("/")[0], []).append(name)
    return {region: tuple(names) for region, names in found.items()}


def city(name: str) -> str:
    """The place of a zone's name without its region: `America/New_York` is New York."""
    return name.partition("/")[2].replace("_", " ") or name
