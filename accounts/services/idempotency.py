"""The table behind `Idempotency-Key`."""

from typing import Any

from django.db import connection

from accounts.models import IdempotencyRecord
from huntaze.kernel.api.idempotency import Answer
from huntaze.kernel.api.principal import Principal

_CLAIM = """
INSERT INTO accounts_idempotencyrecord (workspace_id, membership_id, key, fingerprint, created_at)
VALUES (%s, %s, %s, %s, now())
ON CONFLICT (membership_id, key) DO UPDATE
   SET fingerprint = excluded.fingerprint, status = NULL, body = NULL, created_at = now()
 WHERE accounts_idempotencyrecord.created_at < now() - interval '24 hours'
RETURNING id
"""


class IdempotencyStore:
    """Keys live in the member's own name space, for 24 hours."""

    def find(self, principal: Principal, key: str) -> Answer | None:
        row = self._row(principal, key)
        return Answer(bytes(row.fingerprint), row.status, row.body) if row else None

    def claim(self, principal: Principal, key: str, fingerprint: bytes) -> bool:
        """True when the key is ours to answer; waits for a request with the same key that is under way."""
        with connection.cursor() as cursor:
            cursor.execute(_CLAIM, [principal.workspace_pk, principal.member_pk, key, fingerprint])
            return cursor.fetchone() is not None

    def complete(self, principal: Principal, key: str, status: int, body: Any) -> None:
        rows = IdempotencyRecord.objects.filter(membership_id=principal.member_pk, key=key)
        rows.update(status=status, body=body)

    def _row(self, principal: Principal, key: str) -> IdempotencyRecord | None:
        rows = IdempotencyRecord.objects.extra(where=["created_at >= now() - interval '24 hours'"])
        return rows.filter(membership_id=principal.member_pk, key=key).first()
