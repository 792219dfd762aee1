"""What the wire needs of a delivery: its ids, its text in clear, its price."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from huntaze.kernel import ids, sql
from huntaze.kernel.crypto import Sealed
from huntaze.kernel.money import Money
from messaging.models import Delivery, Message
from messaging.types import Outgoing

# One row of what the wire needs; the text stays sealed until it is opened for its place.
_LOAD = """
SELECT d.id, d.uid, d.attempts, d.available_at, d.first_attempt_at, d.trace_id, d.workspace_id,
       a.platform, a.external_id, f.platform_user_id,
       m.uid, m.text, m.price_minor, m.currency, m.is_locked_text, m.media_ids
  FROM unnest(%(ids)s::bigint[]) AS w(id)
  JOIN messaging_delivery d ON d.id = w.id
  JOIN messaging_message m ON m.id = d.message_id
  JOIN messaging_fan f ON f.id = d.fan_id
  JOIN accounts_platformaccount a ON a.id = d.account_id
 ORDER BY d.priority, d.id
"""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A claimed row with its message, as plain columns."""

    id: int
    uid: UUID
    attempts: int
    available_at: datetime
    first_attempt_at: datetime | None
    trace_id: str
    workspace_id: int
    platform: str
    account_external_id: str
    fan_external_id: str
    message_uid: UUID
    text: str
    price_minor: int
    currency: str
    is_locked_text: bool
    media_ids: str

    def outgoing(self) -> Outgoing:
        """What a gateway needs; raises DecryptionFailed when the text can't be opened."""
        price = Money(self.price_minor, self.currency).amount if self.price_minor else Decimal(0)
        return Outgoing(
            key=ids.encode(Delivery.PREFIX, self.uid),
            account_external_id=self.account_external_id,
            fan_external_id=self.fan_external_id,
            text=message_text(self.text, workspace_id=self.workspace_id, uid=self.message_uid).reveal(),
            price=price,
            is_locked_text=self.is_locked_text,
            media_ids=tuple(json.loads(self.media_ids)),
            trace_id=self.trace_id,
            first_attempt_at=self.first_attempt_at,
        )


def message_text(stored: str, *, workspace_id: int, uid: UUID) -> Sealed:
    """A message's sealed text that was read without its model."""
    return Sealed.of_stored(stored, workspace_id=workspace_id, aad=f"{Message._meta.db_table}:text:{uid}")


def load(pks: Sequence[int]) -> list[Loaded]:
    """Claimed rows in the order in which they shall leave: plain columns, because models cost a third of a sender."""
    with sql.cursor() as cursor:
        cursor.execute(_LOAD, {"ids": list(pks)})
        return [Loaded(*row) for row in cursor.fetchall()]


def outgoing_of(delivery: Delivery) -> Outgoing:
    """What a gateway needs to know of a delivery."""
    message = delivery.written
    return Outgoing(
        key=delivery.public_id,
        account_external_id=delivery.account.external_id,
        fan_external_id=delivery.fan.platform_user_id,
        text=message.text.reveal(),
        price=Money(message.price_minor, message.currency).amount if message.price_minor else Decimal(0),
        is_locked_text=message.is_locked_text,
        media_ids=tuple(message.media_ids),
        trace_id=delivery.trace_id,
        first_attempt_at=delivery.first_attempt_at,
    )
