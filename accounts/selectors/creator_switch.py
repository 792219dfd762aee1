"""Which creator a page is about: one of those whom the reader reaches, or all of them. It stands in the address."""

from collections.abc import Iterable
from dataclasses import dataclass

from accounts.models import Creator
from huntaze.kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class Choice:
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class CreatorSwitch:
    """What the top bar offers; `chosen` is None for all."""

    rows: tuple[Choice, ...]
    chosen: Choice | None

    def holds(self, creator: Creator) -> bool:
        return self.chosen is None or self.chosen.id == creator.public_id


def creator_switch(creators: Iterable[Creator], wanted: str | None) -> CreatorSwitch:
    """The creators by name, each once. Raises NotFound where the wanted one is none of them."""
    found = {creator.public_id: Choice(creator.public_id, creator.stage_name) for creator in creators}
    if wanted and wanted not in found:
        raise NotFound
    rows = sorted(found.values(), key=lambda row: (row.name.casefold(), row.id))
    return CreatorSwitch(tuple(rows), found[wanted] if wanted else None)
