"""Sign-ins that failed: noted for every mail alike, told to the audit log of whoever it belongs to a few seconds later.

A row that was written for people only would tell by its time that somebody is there.
"""

from datetime import datetime

from django.db import transaction

from accounts.models import FailedSignIn, User
from accounts.services.notes import note
from huntaze.kernel import context

BATCH = 500


def note_failure(*, email: str, now: datetime) -> None:
    """Somebody gave a wrong password for this mail, or one that nobody has."""
    ip, user_agent = context.origin()
    FailedSignIn.objects.create(
        email=email.lower()[:254],
        ip=ip,
        user_agent=user_agent.replace("\0", "")[:200],
        trace_id=context.trace_id(),
        at=now,
    )


def tell_failures() -> int:
    """Move what was noted into the audit logs; returns how many rows were looked at. A mail that nobody has leaves no
    trace."""
    seen = 0
    while count := _tell_some():
        seen += count
    return seen


def _tell_some() -> int:
    with transaction.atomic():
        rows = list(FailedSignIn.objects.select_for_update(skip_locked=True).order_by("pk")[:BATCH])
        people = {user.email: user for user in User.objects.filter(email__in={row.email for row in rows})}
        for row in rows:
            user = people.get(row.email)
            if user is not None:
                _tell(user, row)
        FailedSignIn.objects.filter(pk__in=[row.pk for row in rows]).delete()
    return len(rows)


def _tell(user: User, row: FailedSignIn) -> None:
    """As if it were written then: when, from where and in which request."""
    where = (row.ip, row.user_agent)
    with context.bind(trace_id=row.trace_id), context.from_origin(lambda: where):
        note(user, "auth.sign_in_failed", now=row.at, is_theirs=False)
