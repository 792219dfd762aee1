"""The table behind `Idempotency-Key`."""

import json
from typing import Any

from huntaze.kernel import sql
from huntaze.kernel.api.idempotency import Answer
from huntaze.kernel.api.principal import Principal

_CLAIM = """
INSERT INTO accounts_idempotencyrecord (workspace_id, membership_id, key, fingerprint, created_at)
VALUES (%(workspace)s, %(member)s, %(key)s, %(fingerprint)s, now())
ON CONFLICT (membership_id, key) DO UPDATE
   SET fingerprint = excluded.fingerprint, status = NULL, body = NULL, created_at = now()
 WHERE accounts_idempotencyrecord.created_at < now() - interval '24 hours'
RETURNING id
"""


_FIND = """
SELECT fingerprint, status, body::text FROM accounts_idempotencyrecord
 WHERE membership_id = %(member)s AND key = %(key)s AND created_at >= now() - interval '24 hours'
"""
_COMPLETE = """
UPDATE accounts_idempotencyrecord SET status = %(status)s, body = %(body)s::jsonb
 WHERE membership_id = %(member)s AND key = %(key)s
"""


class IdempotencyStore:
    """Keys live in the member's own name space, for 24 hours."""

    def find(self, principal: Principal, key: str) -> Answer | None:
        row = sql.row(_FIND, {"member": principal.member_pk, "key": key})
        if row is None:
            return None
        fingerprint, status, body = row
        return Answer(bytes(fingerprint), status, None if body is None else json.loads(body))

    def claim(self, principal: Principal, key: str, fingerprint: bytes) -> bool:
        """True when the key is ours to answer; waits for a request with the same key that is under way."""
        values = {"workspace": principal.workspace_pk, "member": principal.member_pk, "key": key}
        return sql.row(_CLAIM, values | {"fingerprint": fingerprint}) is not None

    def complete(self, principal: Principal, key: str, status: int, body: Any) -> None:
        values = {"member": principal.member_pk, "key": key, "status": status, "body": json.dumps(body)}
        sql.execute(_COMPLETE, values)
