"""Where a person belongs: the one read of a member's that looks over the walls, at nothing but their own places."""

from dataclasses import dataclass

from accounts.models import Membership
from huntaze.kernel.tenancy import cross_workspace

#: Places shown of one person.
MOST_PLACES = 50


@dataclass(frozen=True, slots=True)
class Place:
    """A workspace that a person is a member of."""

    id: str
    name: str
    role: str
    is_current: bool


def places_of(*, user_pk: int, current_pk: int, only: int | None = None) -> list[Place]:
    """A person's living places, oldest first; `only` cuts them to one workspace, for a key that knows no other."""
    with cross_workspace("own places"):
        rows = Membership.objects.living().filter(user_id=user_pk).select_related("workspace")
        if only is not None:
            rows = rows.filter(workspace_id=only)
        return [
            Place(row.workspace.public_id, row.workspace.name, row.role, row.workspace_id == current_pk)
            for row in rows.order_by("pk")[:MOST_PLACES]
        ]


def chosen_place(places: list[Membership], workspace_id: str | None) -> Membership | None:
    """The place that a session chose, or the person's first."""
    chosen = (place for place in places if place.workspace.public_id == workspace_id)
    return next(chosen, places[0] if places else None)
