"""Following a connection: the vendor's word alone moves it, never what a browser says."""

from datetime import datetime

import structlog
from django.db import transaction
from django.db.models import Q

from accounts.errors import AccountTaken, ConnectionEnded, NotYourAccount
from accounts.models import Connection, OAuthState, PlatformAccount
from accounts.rules import connections as rules
from accounts.services import audit
from accounts.services.connections import ending, vendor
from accounts.services.connections.oauth.finish import give_up_offer
from accounts.types import ConnectionState, Platform
from huntaze.kernel import ids
from huntaze.kernel.errors import FieldError, Invalid
from huntaze.kernel.tenancy import cross_workspace, workspace_scope
from huntaze.platforms.errors import Permanent, PlatformError
from huntaze.platforms.onlyfansapi import Account
from huntaze.platforms.onlyfansapi_connect import Attempt

log = structlog.get_logger(__name__)
#: Attempts that one run of the job follows.
MOST = 100


def check(*, connection: Connection, claimed_id: str = "", actor: audit.Actor, now: datetime) -> Connection:
    """Ask the vendor how the attempt stands. `claimed_id` is what the vendor's page told the browser.

    Raises NotYourAccount (audited) for an account that this attempt did not connect, Unavailable.
    """
    if connection.finished_at is not None or connection.platform != Platform.ONLYFANS:
        return connection
    if connection.attempt:
        attempt_id = connection.attempt
        _apply_attempt(connection, vendor.asked(lambda client: client.attempt(attempt_id)), now)
    elif connection.account_id is None:
        listed = vendor.asked(lambda client: client.accounts())
        _refuse_foreign(connection, claimed_id, listed, actor, now)
        _apply_listed(connection, listed, now)
    return connection


def refuse_taken(connection: Connection) -> None:
    """Raises AccountTaken for an attempt that ended so; where the account is connected is not said."""
    if connection.state == ConnectionState.FAILED and connection.reason == "taken":
        raise AccountTaken


def submit_code(*, connection: Connection, code: str, actor: audit.Actor, now: datetime) -> Connection:
    """Pass on a code; it is stored and logged nowhere. Raises Invalid, ConnectionEnded, Unavailable."""
    if not rules.is_code(code):
        raise Invalid(FieldError("code", "The code is the letters and digits that the creator was sent."))
    attempt_id = _asked_for(connection)
    vendor.asked(lambda client: client.submit_code(attempt_id, code))
    return check(connection=connection, actor=actor, now=now)


def mail_face_link(*, connection: Connection) -> None:
    """Have the vendor mail the creator a link for the face check."""
    attempt_id = _asked_for(connection)
    vendor.asked(lambda client: client.mail_face_link(attempt_id))


def confirm_face(*, connection: Connection, actor: audit.Actor, now: datetime) -> Connection:
    """The creator has shown their face; the vendor says whether that was enough."""
    attempt_id = _asked_for(connection)
    vendor.asked(lambda client: client.confirm_face(attempt_id))
    return check(connection=connection, actor=actor, now=now)


def follow_due(*, now: datetime) -> int:
    """What is open is asked after, so that a closed browser loses nothing; returns how many ended."""
    with cross_workspace("connections"):
        due = Connection.objects.filter(finished_at=None).order_by("expires_at", "pk")
        asked = due.filter(Q(platform=Platform.ONLYFANS) | Q(expires_at__lte=now))
        rows = list(asked.select_related("account", "creator")[:MOST])
    first = [row for row in rows if row.account_id is None and row.expires_at > now]
    again = [row for row in rows if row.attempt and row.expires_at > now]
    ended = sum(_expire(row, now) for row in rows if row.expires_at <= now)
    _give_up_abandoned(now)
    return ended + _follow_first(first, now) + sum(_follow_again(row, now) for row in again)


def _give_up_abandoned(now: datetime) -> None:
    """What was offered to an attempt that a newer one replaced."""
    with cross_workspace("connections"):
        left = OAuthState.objects.filter(offer__isnull=False, connection__finished_at__isnull=False)
        rows = list(left.select_related("connection")[:MOST])
    for row in rows:
        with workspace_scope(row.workspace_id):
            give_up_offer(row.connection, now)


def _follow_first(rows: list[Connection], now: datetime) -> int:
    """One list answers for all."""
    if not rows:
        return 0
    try:
        listed = vendor.ask(lambda client: client.accounts())
    except PlatformError as error:
        log.warning("accounts.connections.unfollowed", code=error.code, count=len(rows))
        return 0
    for row in rows:
        with workspace_scope(row.workspace_id):
            _apply_listed(row, listed, now)
    return sum(row.finished_at is not None for row in rows)


def _follow_again(row: Connection, now: datetime) -> bool:
    try:
        found = vendor.ask(lambda client: client.attempt(row.attempt))
    except PlatformError as error:
        log.warning("accounts.connections.unfollowed", code=error.code, count=1)
        is_over = isinstance(error, Permanent) and error.code == "not_found"
        with workspace_scope(row.workspace_id):
            return is_over and ending.end(
                connection=row, state=ConnectionState.FAILED, reason="gone", now=now
            )
    with workspace_scope(row.workspace_id):
        _apply_attempt(row, found, now)
    return row.finished_at is not None


def _expire(row: Connection, now: datetime) -> bool:
    with workspace_scope(row.workspace_id):
        give_up_offer(row, now)
        return ending.end(connection=row, state=ConnectionState.EXPIRED, reason="", now=now)


def _asked_for(connection: Connection) -> str:
    """The vendor's attempt, while it is open; a first connection asks on the vendor's own page."""
    if connection.finished_at is not None or not connection.attempt:
        raise ConnectionEnded
    return connection.attempt


def _apply_attempt(connection: Connection, found: Attempt, now: datetime) -> None:
    state, reason = rules.state_of_attempt(
        state=found.state,
        is_success=found.is_success,
        needs_code=found.needs_code,
        error_code=found.error_code,
    )
    if state is ConnectionState.CONNECTED:
        ending.recover(connection=connection, now=now)
    else:
        _note(connection, state, reason)


def _apply_listed(connection: Connection, listed: list[Account], now: datetime) -> None:
    reference = ids.encode(PlatformAccount.PREFIX, connection.account_uid)
    found = next((row for row in listed if rules.is_ours(row.display_name, reference)), None)
    if found is None:
        return
    state, reason = rules.state_of_listed(progress=found.progress, is_authenticated=found.is_authenticated)
    if state is ConnectionState.CONNECTED:
        ending.bind(connection=connection, found=found, now=now)
    else:
        _note(connection, state, reason)


def _note(connection: Connection, state: ConnectionState, reason: str) -> None:
    """A step on the way; what has ended meanwhile stays ended."""
    if Connection.objects.filter(pk=connection.pk, finished_at=None).update(state=state, reason=reason):
        connection.state, connection.reason = state, reason


def _refuse_foreign(
    connection: Connection, claimed_id: str, listed: list[Account], actor: audit.Actor, now: datetime
) -> None:
    """All workspaces share one key at the vendor: without this, naming another's account would be enough to get it."""
    reference = ids.encode(PlatformAccount.PREFIX, connection.account_uid)
    claimed = next((row for row in listed if row.id == claimed_id), None)
    if claimed is None or rules.is_ours(claimed.display_name, reference):
        return
    with transaction.atomic():
        audit.record(
            workspace_id=connection.workspace_id,
            actor=actor,
            action="connection.claim_refused",
            now=now,
            target=connection.public_id,
        )
    raise NotYourAccount
