"""What accounts itself holds, as the parties of exports and erasures."""

from accounts.models import Creator
from accounts.services.privacy.own_erase import doors, rest
from accounts.services.privacy.own_export import datasets
from accounts.services.privacy.registry import Known, Party
from accounts.types import PrivacyScope
from huntaze.kernel import ids


def _find(scope: PrivacyScope, public_id: str, creator_pks: frozenset[int] | None) -> int | None:
    uid = ids.decode("crt", public_id) if scope is PrivacyScope.CREATOR else None
    if uid is None:
        return None
    rows = Creator.objects.filter(uid=uid)
    if creator_pks is not None:
        rows = rows.filter(pk__in=creator_pks)
    return rows.values_list("pk", flat=True).first()


def _look(scope: PrivacyScope, text: str, creator_pks: frozenset[int] | None) -> list[Known]:
    pk = _find(scope, text, creator_pks)
    rows = Creator.objects.filter(pk=pk) if pk is not None else Creator.objects.none()
    return [Known(row.public_id, row.stage_name) for row in rows]


DOORS = Party("accounts-doors", 0, lambda scope: [], doors)
OWN = Party("accounts", 9, datasets, rest, _find, _look)
