"""A workspace with a canary in every place that takes one."""

import json
import secrets
from typing import Any

from accounts.models import (
    Connection,
    Consent,
    Creator,
    Invitation,
    OAuthState,
    PlatformAccount,
    RefreshSession,
    TokenRefresh,
    User,
    Workspace,
)
from accounts.services import audit
from accounts.services.api_keys import issue_api_key
from accounts.services.mail import mail_to
from huntaze.kernel import clock, context, redis
from huntaze.kernel.tenancy import workspace_scope
from messaging.models import (
    CampaignExclusion,
    FanList,
    FanListEntry,
    FanSignal,
    InboundEvent,
    Message,
    Segment,
)
from messaging.services.fans import handle_digest
from messaging.services.send import text_digest
from tests.factories.campaigns import campaign
from tests.factories.messaging import delivery
from tests.factories.webhooks import webhook_endpoint


class Planted:
    """The canaries by name of their place."""

    def __init__(self) -> None:
        self.words: dict[str, str] = {}

    def __call__(self, name: str) -> str:
        return self.words.setdefault(name, f"canary{name.replace('_', '')}{secrets.token_hex(6)}")

    def number(self, name: str) -> str:
        """A canary where only digits will do."""
        return self.words.setdefault(name, str(secrets.randbelow(10**15) + 10**15))


def plant(world: Any) -> Planted:
    """Thirty and more, over people, workspace, creator, account and fan."""
    put, now, member = Planted(), clock.now(), world.owner
    _accounts(world, put)
    with (
        workspace_scope(member.workspace_id),
        context.from_origin(lambda: ("2001:db8:cafe::7", put("agent"))),
    ):
        fan, account = world.fan, world.account
        fan.platform_user_id = put.number("fan_platform_id")
        fan.name, fan.handle = put("fan_name"), put("fan_handle")
        fan.handle_digest = handle_digest(put("fan_handle"))
        fan.save()
    row = delivery(fan, member, text=put("text_out"), state="queued")
    with workspace_scope(member.workspace_id):
        said = Message.objects.create(
            account=account, conversation=row.message.conversation, direction="in", author_kind="platform",
            text=put("text_in"), text_digest=text_digest(put("text_in")), media_ids=[put("media_in")],
            platform_message_id=put.number("message_platform_id"), created_at=now, sent_at=now,
        )  # fmt: skip
        FanSignal.objects.create(
            account=account, conversation=said.conversation, message=said, kind="tip", amount_minor=500,
            platform_event_id=put("payment_id"), occurred_at=now,
        )  # fmt: skip
        listed = FanList.objects.create(account=account, name=put("list_name"), created_at=now)
        FanListEntry.objects.create(fan_list=listed, fan=fan, added_at=now)
        Segment.objects.create(
            account=account, name=put("segment_name"), conditions={"said": put("segment_words")},
            created_at=now, updated_at=now,
        )  # fmt: skip
    row = campaign(account, member, [], text=put("campaign_text"), name=put("campaign_name"))
    with workspace_scope(member.workspace_id):
        CampaignExclusion.objects.create(campaign=row, fan=fan, reason="opted_out")
    _webhooks(world, put)
    with workspace_scope(member.workspace_id):
        webhook_endpoint(member.workspace, put("endpoint"))
    redis.client().set("session:demo", "nobody")
    return put


def _accounts(world: Any, put: Planted) -> None:
    now, member = clock.now(), world.owner
    Workspace.objects.filter(pk=member.workspace_id).update(
        name=put("workspace_name"), billing_email=f"{put('billing')}@example.test"
    )
    User.objects.filter(pk=member.user_id).update(
        email=f"{put('owner_email')}@example.test", name=put("owner_name"),
        avatar=f"https://example.test/{put('avatar')}",
    )  # fmt: skip
    User.objects.filter(pk=world.chatter.user_id).update(
        email=f"{put('chatter_email')}@example.test", name=put("chatter_name")
    )
    member.refresh_from_db()
    with (
        workspace_scope(member.workspace_id),
        context.from_origin(lambda: ("2001:db8:cafe::7", put("agent"))),
    ):
        Creator.objects.filter(pk=world.creator.pk).update(
            stage_name=put("stage_name"), languages=[put("language")]
        )
        account = world.account
        account.handle, account.external_id = put("account_handle"), put("account_id")
        account.owner_external_id, account.credentials = put("account_owner"), put("credentials")
        account.save()
        agreed = Consent.objects.create(
            creator=world.creator, platform="onlyfans", text_version="2026-11", given_by=member, given_at=now
        )
        attempt = Connection.objects.create(
            creator=world.creator, platform="onlyfans", account=account, account_uid=account.uid,
            consent=agreed, started_by=member, attempt=put("attempt"), started_at=now, expires_at=now,
        )  # fmt: skip
        OAuthState.objects.create(
            connection=attempt, digest=secrets.token_bytes(32), redirect_uri="https://example.test/callback",
            verifier=put("verifier"), offer=put("offer"), expires_at=now,
        )  # fmt: skip
        social = PlatformAccount.objects.create(
            creator=world.creator, platform="instagram", external_id=put("social_id"), handle=put("social_handle"),
            owner_external_id=put("social_owner"), state="connected", state_changed_at=now, connected_at=now,
            credentials=json.dumps({"access": put("social_token"), "refresh": "", "parent": ""}),
        )  # fmt: skip
        TokenRefresh.objects.create(account=social, available_at=now)
        key, _ = issue_api_key(
            member=member, name=put("key_name"), scopes=["read"], allowed_ips=["2001:db8:cafe::/48"],
            actor=audit.Actor.member(member.user_id, member.pk), now=now,
        )  # fmt: skip
        Invitation.objects.create(
            email=f"{put('invited')}@example.test", role="chatter", digest=secrets.token_bytes(32),
            invited_by=member, created_at=now, sent_at=now, expires_at=now,
        )  # fmt: skip
        audit.record(
            workspace_id=member.workspace_id, actor=audit.Actor.member(member.user_id, member.pk),
            action="creator.changed", now=now, target=world.creator.public_id,
            changes={"stage_name": {"from": put("stage_name"), "to": put("stage_name")}},
        )  # fmt: skip
    mail_to(User.objects.get(pk=member.user_id), "welcome", now=now, note=put("mail_note"))
    RefreshSession.objects.create(
        user_id=member.user_id, workspace_id=member.workspace_id, device=b"d" * 32, session_version=1,
        idle_seconds=1, created_at=now, last_used_at=now, expires_at=now,
    )  # fmt: skip
    assert key.pk


def _webhooks(world: Any, put: Planted) -> None:
    now = clock.now()
    for name, fan_id in (("hook_fan", put.number("fan_platform_id")), ("hook_other", "77")):
        body = {
            "event": "messages.received",
            "account_id": put("account_id"),
            "payload": {"fromUser": {"id": int(fan_id)}, "text": put(name)},
        }
        InboundEvent.objects.create(
            vendor="onlyfansapi", event_key=name, body_digest=name.encode().ljust(32), event=body["event"],
            account_external_id=put("account_id"), body=json.dumps(body), state="done", received_at=now,
            available_at=now,
        )  # fmt: skip


#: What is the workspace's, but not the fan's.
def of_the_fan(put: Planted) -> set[str]:
    names = {
        "fan_platform_id", "fan_name", "fan_handle", "text_out", "text_in", "media_in", "message_platform_id",
        "hook_fan",
    }  # fmt: skip
    return {put.words[name] for name in names}
