"""Bringing fans in from the platform, page by page."""

import asyncio
from datetime import datetime

import structlog
from django.conf import settings

from accounts.models import PlatformAccount
from huntaze.kernel import live, sql
from huntaze.kernel.outbox import assert_no_transaction
from huntaze.kernel.tenancy import cross_workspace, workspace_scope
from huntaze.platforms.errors import PlatformError
from huntaze.platforms.onlyfansapi import Account, FanProfile, OnlyFansApi, Webhook
from messaging.services.fans import conversation_of, upsert_fan

log = structlog.get_logger(__name__)
#: After so many fans at once the planner is told how large the tables are now.
MANY_FANS = 1000
#: What we ask the vendor to tell us; presence is not asked for until a page shows it.
EVENTS = (
    "accounts.connected",
    "accounts.reconnected",
    "accounts.disconnected",
    "accounts.session_expired",
    "accounts.authentication_failed",
    "accounts.otp_code_required",
    "accounts.face_otp_required",
    "messages.received",
    "messages.sent",
    "messages.deleted",
    "messages.ppv.unlocked",
    "tips.received",
)


def _client() -> OnlyFansApi:
    return OnlyFansApi(settings.ONLYFANSAPI_BASE_URL, settings.ONLYFANSAPI_API_KEY)


def platform_accounts() -> list[Account]:
    """Accounts that our key reaches."""

    async def read() -> list[Account]:
        async with _client() as client:
            return await client.accounts()

    return asyncio.run(read())


def sync_fans(*, account: PlatformAccount, now: datetime, most: int | None = None) -> int:
    """Read the account's active fans and write them; returns how many were seen."""
    assert_no_transaction()

    async def read() -> list[FanProfile]:
        found = []
        async with _client() as client:
            async for profile in client.fans(account.external_id):
                found.append(profile)
                if most is not None and len(found) >= most:
                    break
        return found

    profiles = asyncio.run(read())
    for profile in profiles:
        fan = upsert_fan(
            account=account,
            platform_user_id=profile.id,
            name=profile.name,
            handle=profile.username,
            can_receive=profile.can_receive,
            now=now,
        )
        conversation_of(fan)
    PlatformAccount.objects.filter(pk=account.pk).update(last_synced_at=now)
    live.tell(live.Event(account.workspace_id, "jobs", creator_pk=account.creator_id))
    if len(profiles) >= MANY_FANS:
        sql.analyze("messaging_fan", "messaging_conversation")
    return len(profiles)


def bring_in(*, now: datetime, most_accounts: int = 5) -> int:
    """Read the fans of accounts that were connected and never read; returns how many accounts were.

    A platform in trouble is asked again by the next run.
    """
    with cross_workspace("first sync"):
        rows = PlatformAccount.objects.sending().filter(platform="onlyfans", last_synced_at=None)
        waiting = list(rows.order_by("pk")[:most_accounts])
    done = 0
    for account in waiting:
        try:
            with workspace_scope(account.workspace_id):
                sync_fans(account=account, now=now)
            done += 1
        except PlatformError as error:
            log.warning("messaging.first_sync.failed", code=error.code, account=account.public_id)
    return done


def register_webhook(*, url: str) -> tuple[Webhook, bool]:
    """Make sure that the vendor sends our events to `url`; returns the registration and whether it was made now."""
    secret = settings.ONLYFANSAPI_WEBHOOK_SECRETS[0]

    async def ensure() -> tuple[Webhook, bool]:
        async with _client() as client:
            for webhook in await client.webhooks():
                if webhook.url == url:
                    fresh = await client.update_webhook(webhook.id, url=url, events=EVENTS, secret=secret)
                    return fresh, False
            return await client.create_webhook(url=url, events=EVENTS, secret=secret), True

    return asyncio.run(ensure())
