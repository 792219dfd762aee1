"""Starting a connection, for the first time or again: the consent is written before anybody is asked anything."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts.errors import ConnectionEnded
from accounts.models import Connection, Consent, Creator, PlatformAccount
from accounts.rules import connections as rules
from accounts.rules import oauth
from accounts.services import allowances, audit
from accounts.services.connections import ending, vendor
from accounts.services.connections.oauth import talk
from accounts.services.connections.oauth.begin import page_address
from accounts.services.creators import lock_creator
from accounts.services.outside import keep_demo_inside
from accounts.services.team import acting_member
from accounts.types import AccountState, ConnectionState, CreatorStatus, Platform
from huntaze.kernel import ids
from huntaze.kernel.errors import Conflict, FieldError, Invalid
from huntaze.platforms.errors import Permanent, PlatformError


@dataclass(frozen=True, slots=True)
class Started:
    """`address` is the vendor's page, for this one answer and kept nowhere; empty where none is needed."""

    connection: Connection
    address: str = ""


def start(
    *,
    creator: Creator,
    platform: Platform,
    consent: str,
    session: str = "",
    actor: audit.Actor,
    now: datetime,
) -> Started:
    """The page on which the creator signs in, or agrees. An attempt that was open ends.

    `session` is the key of the browser session, whose answer alone will be taken; empty for the API. Raises Invalid
    without consent to the current text, UsageLimitExceeded, NotConfigured, DemoStaysInside, Conflict for a creator
    who left, Unavailable.
    """
    vendor.require(platform)
    keep_demo_inside(workspace_pk=creator.workspace_id, platform=platform)
    row = _written(
        creator=creator,
        platform=platform,
        account=None,
        account_uid=ids.uuid7(),
        consent=consent,
        actor=actor,
        now=now,
    )
    if platform in talk.PLATFORMS:
        return Started(row, page_address(connection=row, session=session, now=now))
    reference = ids.encode(PlatformAccount.PREFIX, row.account_uid)
    name = rules.display_name(reference, creator.stage_name)
    try:
        token = vendor.ask(
            lambda client: client.create_client_session(reference=reference, display_name=name)
        )
    except PlatformError as error:
        ending.end(connection=row, state=ConnectionState.FAILED, reason="vendor", now=now)
        raise vendor.unavailable(error) from error
    return Started(row, vendor.page_address(token))


def reconnect(
    *, account: PlatformAccount, consent: str, session: str = "", actor: audit.Actor, now: datetime
) -> Started:
    """Sign the account in again, or have its person agree again, to what is missing for one. Raises as `start` does,
    and Conflict for one that is connected and misses nothing."""
    platform = Platform(account.platform)
    vendor.require(platform)
    if account.state == AccountState.CONNECTED and not talk.missing_scopes(account):
        raise Conflict("This account is connected")
    keep_demo_inside(workspace_pk=account.workspace_id, platform=platform)
    row = _written(
        creator=account.creator,
        platform=platform,
        account=account,
        account_uid=account.uid,
        consent=consent,
        actor=actor,
        now=now,
    )
    if platform in talk.PLATFORMS:
        return Started(row, page_address(connection=row, session=session, now=now))
    try:
        attempt = vendor.ask(lambda client: client.reauthenticate(account.external_id))
    except PlatformError as error:
        is_gone = isinstance(error, Permanent) and error.code in {"account_gone", "not_found"}
        reason = "gone" if is_gone else "vendor"
        ending.end(connection=row, state=ConnectionState.FAILED, reason=reason, now=now)
        if is_gone:
            raise Conflict("The platform does not know this account any more: connect it anew") from error
        raise vendor.unavailable(error) from error
    if not Connection.objects.filter(pk=row.pk, finished_at=None).update(attempt=attempt):
        raise ConnectionEnded
    row.attempt = attempt
    return Started(row)


def _written(
    *,
    creator: Creator,
    platform: Platform,
    account: PlatformAccount | None,
    account_uid: UUID,
    consent: str,
    actor: audit.Actor,
    now: datetime,
) -> Connection:
    """Consent and attempt in one transaction; the creator's lock keeps two starts from each other's way."""
    if consent != rules.CONSENT_VERSION:
        raise Invalid(FieldError("consent", "Agree to the current text to connect an account."))
    lasts = oauth.STATE_LASTS + oauth.ANSWER_LASTS if platform in talk.PLATFORMS else rules.LASTS
    with transaction.atomic():
        member, living = acting_member(actor), lock_creator(creator)
        if living.status == CreatorStatus.OFFBOARDED:
            raise Conflict("This creator has left the workspace")
        ending.replace_open(creator=living, platform=platform, now=now)
        if account is None:
            allowances.take(workspace_id=living.workspace_id, feature="platform_accounts", now=now)
        agreed = Consent.objects.create(
            creator=living,
            platform=platform,
            text_version=consent,
            given_by=member,
            given_at=now,
        )
        row = Connection.objects.create(
            creator=living,
            platform=platform,
            account=account,
            account_uid=account_uid,
            consent=agreed,
            started_by=member,
            started_at=now,
            expires_at=now + lasts,
        )
        for action, target, changes in (
            ("consent.given", agreed.public_id, {"text_version": consent, "creator": living.public_id}),
            ("connection.started", row.public_id, {"platform": str(platform), "again": account is not None}),
        ):
            audit.record(
                workspace_id=row.workspace_id,
                actor=actor,
                action=action,
                now=now,
                target=target,
                changes=changes,
            )
    return row
