"""What staff look for, beside messages: names to find, creators to find them among, and a long audit log."""

from django.db import connection

from accounts.models import Membership
from bench.kit import rows
from bench.kit.rows import Desk
from huntaze.kernel.tenancy import cross_workspace
from messaging.services.fans import name_digest

_NAMES = """
UPDATE messaging_fan SET name_digest = CASE WHEN id = %(fan)s THEN %(digest)s ELSE sha256(id::text::bytea) END
 WHERE workspace_id = %(workspace)s
"""
_ERRORS = """
UPDATE messaging_delivery SET last_error = (ARRAY['timeout', 'forbidden', 'not_found'])[1 + id %% 3]
 WHERE workspace_id = %(workspace)s AND state = 'failed'
"""
_CREATORS = """
INSERT INTO accounts_creator (uid, workspace_id, stage_name, timezone, currency, languages, status, created_at)
SELECT huntaze_uuid7(), %(workspace)s, CASE WHEN k = 1 THEN 'Amaranthe ' ELSE '' END || md5(k::text),
       'UTC', 'USD', '[]', 'active', now()
  FROM generate_series(1, %(creators)s) AS k
"""
_EVENTS = """
INSERT INTO accounts_auditevent (uid, workspace_id, actor_kind, action, target, changes, reason, trace_id, at)
SELECT huntaze_uuid7(), %(workspace)s, 'system', 'message.queued', 'msg_' || md5(k::text), '{}', '', md5(k::text),
       now() - k * interval '1 second'
  FROM generate_series(1, %(events)s) AS k
"""


def furnish(desk: Desk, *, creators: int, events: int, name: str) -> None:
    """One of the desk's fans has the name, the others names of their own; creators and a log are made beside them."""
    values = {
        "workspace": desk.workspace,
        "fan": desk.fans[0],
        "digest": name_digest(name),
        "creators": creators,
        "events": events,
    }
    with rows.unchecked(), connection.cursor() as cursor:
        for statement in (_NAMES, _ERRORS, _CREATORS, _EVENTS):
            cursor.execute(statement, values)
    rows.analyze("messaging_fan", "messaging_delivery", "accounts_creator", "accounts_auditevent")


def mail_of(member_pk: int) -> str:
    with cross_workspace("demo"):
        return str(Membership.objects.select_related("user").get(pk=member_pk).user.email)
