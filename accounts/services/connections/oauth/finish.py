"""Back from the platform's page: the answer is taken once, from the person, session and platform it was made for.

Nothing of it is believed: whose account it is, the platform itself says for the tokens that its code gave.
"""

from dataclasses import dataclass
from datetime import datetime

import structlog
from django.db import transaction
from django.utils.crypto import constant_time_compare

from accounts.errors import CallbackRefused, ConnectionEnded
from accounts.models import Connection, OAuthState
from accounts.rules import oauth as rules
from accounts.services import audit
from accounts.services.connections import ending, leave
from accounts.services.connections.oauth import keeping, talk
from accounts.types import ConnectionState, Platform, Profile, Tokens
from huntaze.kernel.errors import FieldError, Invalid
from huntaze.platforms.errors import Permanent, PlatformError

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Callback:
    """What a browser brought back, and in which session ("" for the API)."""

    platform: Platform
    state: str
    code: str
    error: str
    session: str


def finish(
    *, callback: Callback, creator_ids: frozenset[int] | None, actor: audit.Actor, now: datetime
) -> Connection:
    """Connect what the person agreed to; the connection's state and reason say what came of it.

    Raises CallbackRefused (audited) for an answer that fits no open attempt of this member, in this session and at
    this platform; a state that turned up in the wrong place is worth nothing afterwards.
    """
    row = _taken(callback, creator_ids, actor, now)
    connection = _finished(callback, row, now)
    connection.refresh_from_db(fields=["state", "reason", "finished_at", "expires_at", "account"])
    return connection


def _finished(callback: Callback, row: OAuthState, now: datetime) -> Connection:
    connection: Connection = row.connection
    if callback.error or not callback.code:
        reason = "denied" if callback.error in {"access_denied", "user_cancelled"} else "refused"
        return _failed(connection, reason, now)
    code, uri, verifier = callback.code[: rules.MOST_CODE], row.redirect_uri, row.verifier.reveal()
    try:
        tokens = talk.talk(
            callback.platform, lambda g: g.exchange(code=code, redirect_uri=uri, verifier=verifier)
        )
    except PlatformError as error:
        return _failed(connection, _reason_of(error), now)
    return _identified(connection, row, tokens, now)


def choose(*, connection: Connection, external_id: str, now: datetime) -> Connection:
    """Connect one of the accounts that were shared. Raises Invalid for any other, ConnectionEnded."""
    offer = offered(connection)
    if offer is None:
        raise ConnectionEnded
    tokens, profiles = offer
    chosen = next((row for row in profiles if row.external_id == external_id), None)
    if chosen is None:
        raise Invalid(FieldError("choice", "Choose one of the accounts that were shared."))
    keeping.keep(connection=connection, tokens=tokens, profile=chosen, now=now)
    connection.refresh_from_db(fields=["state", "reason", "finished_at", "account"])
    return connection


def offered(connection: Connection) -> tuple[Tokens, list[Profile]] | None:
    """The accounts among which somebody has to choose, with what opens them; None where there is nothing to choose."""
    if connection.finished_at is not None or connection.state != ConnectionState.CHOOSING:
        return None
    return _offer_of(connection)


def give_up_offer(connection: Connection, now: datetime) -> None:
    """Nobody chose: what was shared is given back."""
    offer = _offer_of(connection)
    if offer is None:
        return
    tokens, profiles = offer
    open_ = OAuthState.objects.filter(connection=connection, offer__isnull=False)
    with transaction.atomic():
        if open_.update(offer=None):
            _give_back(connection, tokens, profiles[0], now)


def _offer_of(connection: Connection) -> tuple[Tokens, list[Profile]] | None:
    row = OAuthState.objects.filter(connection=connection).first()
    return None if row is None or row.offer is None else rules.unpacked_offer(row.offer.reveal())


def _taken(
    callback: Callback, creator_ids: frozenset[int] | None, actor: audit.Actor, now: datetime
) -> OAuthState:
    rows = OAuthState.objects.filter(digest=rules.digest(callback.state)).select_related(
        "connection__creator", "connection__account", "connection__started_by"
    )
    row = rows.first()
    if row is None:
        raise _refused(callback, None, "unknown", actor, now)
    if why := _stranger(row, callback, creator_ids, actor):
        OAuthState.objects.filter(pk=row.pk, used_at=None).update(used_at=now)
        ending.end(connection=row.connection, state=ConnectionState.FAILED, reason="state", now=now)
        raise _refused(callback, row, why, actor, now)
    if row.expires_at <= now:
        ending.end(connection=row.connection, state=ConnectionState.EXPIRED, reason="", now=now)
        raise _refused(callback, row, "expired", actor, now)
    if not OAuthState.objects.filter(pk=row.pk, used_at=None).update(used_at=now):
        raise _refused(callback, row, "replayed", actor, now)
    if row.connection.finished_at is not None:
        raise _refused(callback, row, "ended", actor, now)
    return row


def _stranger(
    row: OAuthState, callback: Callback, creator_ids: frozenset[int] | None, actor: audit.Actor
) -> str:
    """Why the answer is in the wrong hands, empty when it is not."""
    connection = row.connection
    if connection.platform != callback.platform:
        return "other_platform"
    if connection.started_by_id != actor.member_pk:
        return "other_person"
    if creator_ids is not None and connection.creator_id not in creator_ids:
        return "other_creator"
    session = rules.digest(callback.session) if callback.session else b""
    if row.session_digest is not None and not constant_time_compare(bytes(row.session_digest), session):
        return "other_session"
    return ""


def _refused(
    callback: Callback, row: OAuthState | None, why: str, actor: audit.Actor, now: datetime
) -> CallbackRefused:
    with transaction.atomic():
        member = row.connection.started_by if row else keeping.member_of(actor)
        audit.record(
            workspace_id=member.workspace_id,
            actor=actor,
            action="connection.callback_refused",
            now=now,
            target=row.connection.public_id if row else "",
            changes={"platform": str(callback.platform), "why": why},
        )
    log.info("accounts.oauth.callback_refused", platform=str(callback.platform), why=why)
    return CallbackRefused()


def _identified(connection: Connection, row: OAuthState, tokens: Tokens, now: datetime) -> Connection:
    """The platform says whose the tokens are."""
    platform = Platform(connection.platform)
    needed = talk.scopes_of(platform)[0]
    if tokens.scopes is not None and needed not in tokens.scopes:
        _give_back(connection, tokens, Profile(tokens.subject, ""), now)
        return _failed(connection, "scopes", now)
    try:
        profiles = talk.talk(platform, lambda g: g.profiles(tokens))
    except PlatformError as error:
        _give_back(connection, tokens, Profile(tokens.subject, ""), now)
        return _failed(connection, _reason_of(error), now)
    profiles = [profile for profile in profiles if profile.external_id]
    wanted = connection.account.external_id if connection.account else None
    if wanted is not None and profiles:
        mine = [profile for profile in profiles if profile.external_id == wanted]
        if not mine:
            _give_back(connection, tokens, profiles[0], now)
            return _failed(connection, "other_account", now)
        profiles = mine
    if not profiles:
        _give_back(connection, tokens, Profile(tokens.subject, ""), now)
        return _failed(connection, "no_account", now)
    if len(profiles) > 1:
        return _to_choose(connection, row, tokens, profiles, now)
    keeping.keep(connection=connection, tokens=tokens, profile=profiles[0], now=now)
    return connection


def _to_choose(
    connection: Connection, row: OAuthState, tokens: Tokens, profiles: list[Profile], now: datetime
) -> Connection:
    with transaction.atomic():
        open_ = Connection.objects.filter(pk=connection.pk, finished_at=None)
        until = now + rules.ANSWER_LASTS
        if open_.update(state=ConnectionState.CHOOSING, reason="", expires_at=until):
            row.offer = rules.packed_offer(tokens, profiles)
            row.save(update_fields=["offer"])
            connection.state, connection.reason, connection.expires_at = ConnectionState.CHOOSING, "", until
        else:
            _give_back(connection, tokens, profiles[0], now)
    return connection


def _give_back(connection: Connection, tokens: Tokens, profile: Profile, now: datetime) -> None:
    """Access that is not kept is not left open at the platform."""
    leave.queue_revocation(
        platform=connection.platform,
        external_id=profile.external_id,
        tokens=rules.packed(tokens, profile),
        now=now,
    )


def _failed(connection: Connection, reason: str, now: datetime) -> Connection:
    ending.end(connection=connection, state=ConnectionState.FAILED, reason=reason, now=now)
    return connection


def _reason_of(error: PlatformError) -> str:
    log.warning("accounts.oauth.platform_refused", code=error.code, kind=type(error).__name__)
    return "refused" if isinstance(error, Permanent) else "unreachable"
