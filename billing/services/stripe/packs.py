"""What packs cost: the operator's to say."""

from collections.abc import Mapping

from django.db import transaction

from billing.models import MessagePack
from huntaze.kernel.errors import FieldError, Invalid


def set_prices(amounts: Mapping[str, int]) -> None:
    """Minor units by pack. All or nothing; raises Invalid for a pack that does not exist."""
    with transaction.atomic():
        for key, amount in amounts.items():
            if not MessagePack.objects.filter(key=key).update(amount_minor=amount):
                raise Invalid(FieldError("pack", f"There is no pack {key}."))
