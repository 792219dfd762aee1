"""What exists now and is limited: creators, seats, connected accounts. Counted, never kept as a number.

The app that owns the things says how they are counted.
"""

from collections.abc import Callable

from billing.types import Feature

Count = Callable[[int], int]

_counts: dict[Feature, Count] = {}


def register(feature: Feature, count: Count) -> None:
    """Called by an app when it is ready: how many there are of a feature in the workspace with this key."""
    _counts[feature] = count


def counted(workspace_id: int, feature: Feature) -> int:
    """How many there are now; 0 for a feature that nothing makes yet."""
    count = _counts.get(feature)
    return count(workspace_id) if count else 0
