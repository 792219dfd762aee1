"""How each address is called: the one table behind the generated tests of rights and of walls.

A new address needs a line here: without one `test_permissions` fails and names it. A line says what to send and which
answers mean "done"; who may do it is not said here, it is read from `accounts.rules.capabilities`.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from accounts.models import (
    ApiKey,
    Connection,
    Consent,
    Creator,
    Invitation,
    Membership,
    PlatformAccount,
    Workspace,
)
from billing.models import CheckoutIntent
from huntaze.kernel import clock, ids
from huntaze.kernel.tenancy import cross_workspace
from messaging.models import Campaign, Delivery, Fan, FanList, FanListEntry, Segment
from tests.factories.accounts import AssignmentFactory, MembershipFactory, api_key
from tests.factories.campaigns import campaign
from tests.factories.messaging import FanFactory, delivery
from tests.factories.team import Team
from tests.factories.webhooks import webhook_endpoint


@dataclass
class Target:
    """One creator with something of everything, and a member who works for that creator and no other."""

    workspace: Workspace
    creator: Creator
    account: PlatformAccount
    fan: Fan
    delivery: Delivery
    fan_list: FanList
    segment: Segment
    campaign: Campaign
    member: Membership
    key: ApiKey
    invitation: Invitation
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def ids(self) -> dict[str, str]:
        """Public ids by the names of address parameters."""
        return {
            "workspace_id": self.workspace.public_id,
            "creator_id": self.creator.public_id,
            "account_id": self.account.public_id,
            "fan_id": self.fan.public_id,
            "message_id": self.delivery.reference,
            "list_id": self.fan_list.public_id,
            "segment_id": self.segment.public_id,
            "campaign_id": self.campaign.public_id,
            "job_id": self.campaign.public_id,
            "member_id": self.member.public_id,
            "key_id": self.key.public_id,
            "invitation_id": self.invitation.public_id,
        } | {name: row.public_id for name, row in self.more.items()}


def open_connection(creator: Creator, owner: Membership) -> Connection:
    """An attempt to connect that waits for the creator to sign in."""
    tenant: dict[str, Any] = {"workspace_id": owner.workspace_id, "creator": creator, "platform": "onlyfans"}
    now = clock.now()
    with cross_workspace("demo"):
        agreed = Consent.objects.create(**tenant, text_version="2026-11", given_by=owner, given_at=now)
        return Connection.objects.create(
            **tenant,
            consent=agreed,
            started_by=owner,
            account_uid=ids.uuid7(),
            started_at=now,
            expires_at=now + timedelta(minutes=30),
        )


def open_checkout(owner: Membership) -> CheckoutIntent:
    """Something that is about to be bought; each choice may be open once."""
    now = clock.now()
    with cross_workspace("demo"):
        count = CheckoutIntent.objects.filter(workspace_id=owner.workspace_id).count()
        return CheckoutIntent.objects.create(
            workspace_id=owner.workspace_id,
            kind="pack",
            choice=f"pack:{count}",
            pack="25k",
            credits=25_000,
            created_at=now,
            expires_at=now + timedelta(hours=1),
        )


def make_target(
    team: Team, name: str, creator: Creator, account: PlatformAccount, inviter: Membership | None = None
) -> Target:
    """Rows for one creator of a team; `name` goes into every text."""
    now = clock.now()
    fan = FanFactory(account=account, name=f"{name} Fan", handle=f"{name.lower()}fan")
    owner = team["owner"]
    member = MembershipFactory(
        workspace=team.workspace,
        role="chatter",
        user__name=f"{name} Worker",
        user__email=f"worker.{creator.public_id.lower()}.{name.lower()}@example.test",
    )
    AssignmentFactory(workspace=team.workspace, membership=member, creator=creator)
    secret = api_key(owner)
    tenant: dict[str, Any] = {"workspace": team.workspace, "account": account}
    with cross_workspace("demo"):
        key = ApiKey.objects.get(prefix=secret[:12], membership=owner, revoked_at=None)
        ApiKey.objects.filter(pk=key.pk).update(name=f"{name} Key")
        fan_list = FanList.objects.create(**tenant, name=f"{name} List", created_at=now)
        FanListEntry.objects.create(workspace_id=team.workspace.pk, fan_list=fan_list, fan=fan, added_at=now)
        conditions = {"all": [{"field": "can_receive", "op": "is", "value": True}]}
        segment = Segment.objects.create(
            **tenant, name=f"{name} Segment", conditions=conditions, created_at=now, updated_at=now
        )
        invitation = Invitation.objects.create(
            workspace=team.workspace,
            email=f"invited.{creator.public_id.lower()}.{name.lower()}@example.test",
            role="chatter",
            creator_pks=[creator.pk],
            digest=secrets.token_bytes(32),
            invited_by=inviter or owner,
            created_at=now,
            sent_at=now,
            expires_at=now + timedelta(days=7),
        )
        endpoint, event = webhook_endpoint(team.workspace, name)
    return Target(
        workspace=team.workspace,
        creator=creator,
        account=account,
        fan=fan,
        delivery=delivery(fan, owner, text=f"{name} Text", state="failed", attempts=5, answered_at=now),
        fan_list=fan_list,
        segment=segment,
        campaign=campaign(
            account, owner, [{"fan": fan.public_id}], text=f"{name} Offer", name=f"{name} Campaign"
        ),
        member=member,
        key=key,
        invitation=invitation,
        more={
            "endpoint_id": endpoint,
            "event_row_id": event,
            "connection_id": open_connection(creator, inviter or owner),
            "checkout_id": open_checkout(owner),
        },
    )


Body = Callable[[Target], dict[str, Any]]


@dataclass(frozen=True)
class Call:
    """One way to call one method of an address.

    `ok`: answers that mean the wall was passed; a conflict with the state of a row is one where it is listed. `far`:
    answers for what is out of reach. `reach`: how far the thing lies, "creator" (of one creator), "workspace" (of the
    whole workspace) or "none" (the call names no thing). `params`: address parameters that are no ids.
    """

    ok: frozenset[int]
    body: Body = lambda target: {}
    query: Body = lambda target: {}
    reach: str = "creator"
    far: frozenset[int] = frozenset({404})
    params: dict[str, str] = field(default_factory=dict)
    #: Ids whose strangers are answered with an empty 200: the page says that it knows nobody by that name.
    empty: frozenset[str] = frozenset()


def call(*ok: int, **more: Any) -> Call:
    if "far" in more:
        more["far"] = frozenset(more["far"])
    return Call(frozenset(ok), **more)


_ACCOUNT: Body = lambda t: {"accountId": t.ids["account_id"]}  # noqa: E731
_SHOWN: Body = lambda t: {"account": t.ids["account_id"]}  # noqa: E731
_ONLYFANS = {"platform": "onlyfans"}
_INSTAGRAM = {"platform": "instagram"}
_CONNECTION = "/api/integrations/<platform>/connections/<connection_id>"
_AGREED = {"consent": "2026-11"}
_TREE = {"all": [{"field": "can_receive", "op": "is", "value": True}]}
_CAMPAIGN = "/api/onlyfans/campaigns/<campaign_id>"
_LIST = "/api/onlyfans/lists/<list_id>"
_SEGMENT = "/api/onlyfans/segments/<segment_id>"
_WORKSPACE = "/api/workspaces/<workspace_id>"
_MEMBER = f"{_WORKSPACE}/members/<member_id>"
_ENDPOINTS = "/api/webhooks/endpoints"
_ENDPOINT = f"{_ENDPOINTS}/<endpoint_id>"
_HOOK = "/settings/webhooks/<endpoint_id>"
_SEND_FORM: Body = lambda t: {  # noqa: E731
    "account": t.ids["account_id"], "recipient": t.ids["fan_id"], "text": "Hello", "priority": "5", "token": "0" * 32,
}  # fmt: skip

CALLS: dict[str, Call] = {
    # accounts
    "GET /api/audit": call(200, reach="none"),
    "GET /api/auth/mfa": call(200, reach="none"),
    "POST /api/auth/mfa/enrol": call(200, reach="none", body=lambda t: {"type": "totp"}),
    "POST /api/auth/mfa/confirm": call(400, 409, reach="none", body=lambda t: {"code": "000000"}),
    "POST /api/auth/mfa/disable": call(
        409, reach="none", body=lambda t: {"password": "Correct-horse-7", "code": "000000"}
    ),
    "POST /api/auth/mfa/recovery-codes": call(409, reach="none"),
    "POST /api/auth/password/change": call(
        200,
        reach="none",
        body=lambda t: {"currentPassword": "Correct-horse-7", "newPassword": "Another-horse-8"},
    ),
    "POST /api/auth/workspace": call(
        200, reach="workspace", body=lambda t: {"workspaceId": t.ids["workspace_id"]}
    ),
    "GET /api/auth/sessions": call(200, reach="none"),
    "DELETE /api/auth/sessions/<session_id>": call(404, reach="none", params={"session_id": "ses_0"}),
    "POST /api/auth/verify-email/resend": call(200, 202, reach="none"),
    "GET /api/creators": call(200, reach="none"),
    "POST /api/creators": call(201, reach="none", body=lambda t: {"stageName": "Nova"}),
    "GET /api/creators/<creator_id>": call(200),
    "PATCH /api/creators/<creator_id>": call(200, body=lambda t: {"stageName": "Nova"}),
    "POST /api/creators/<creator_id>/stop": call(200),
    "POST /api/creators/<creator_id>/resume": call(200),
    "GET /api/integrations/<platform>": call(200, reach="none", params=_ONLYFANS),
    "POST /api/integrations/<platform>/connections": call(
        503, params=_ONLYFANS, body=lambda t: _AGREED | {"creatorId": t.ids["creator_id"]}
    ),
    "POST /api/integrations/<platform>/callback": call(
        409, reach="none", params=_INSTAGRAM, body=lambda t: {"state": "x" * 43, "code": "y"}
    ),
    "DELETE /api/integrations/<platform>/accounts/<account_id>": call(204, params=_ONLYFANS),
    "POST /api/integrations/<platform>/accounts/<account_id>/reconnect": call(
        409, params=_ONLYFANS, body=lambda t: _AGREED
    ),
    f"GET {_CONNECTION}": call(200, params=_ONLYFANS),
    f"POST {_CONNECTION}/check": call(503, params=_ONLYFANS),
    f"POST {_CONNECTION}/choose": call(409, params=_ONLYFANS, body=lambda t: {"choice": "1"}),
    f"POST {_CONNECTION}/code": call(409, params=_ONLYFANS, body=lambda t: {"code": "123456"}),
    f"POST {_CONNECTION}/face-mail": call(409, params=_ONLYFANS),
    f"POST {_CONNECTION}/face-done": call(409, params=_ONLYFANS),
    "GET /api/billing/usage": call(200, reach="none"),
    "GET /api/billing/ledger": call(200, reach="none"),
    "GET /api/keys": call(200, reach="none"),
    "POST /api/keys": call(201, reach="none", body=lambda t: {"name": "New", "scopes": ["read"]}),
    "DELETE /api/keys/<key_id>": call(200, 204, reach="workspace"),
    "POST /api/keys/<key_id>/rotate": call(200, 201, reach="workspace"),
    "POST /api/auth/step-up": call(200, reach="none", body=lambda t: {"password": "Correct-horse-7"}),
    **{f"GET /api/{path}": call(200, reach="none") for path in ("user/me", "users/profile")},
    **{
        f"PATCH /api/{path}": call(200, reach="none", body=lambda t: {"timezone": "Europe/Paris"})
        for path in ("user/profile", "users/profile")
    },
    "GET /api/users/onboarding-status": call(200, reach="none"),
    "PATCH /api/users/onboarding-status": call(
        200, reach="none", body=lambda t: {"step": "second_factor", "skipped": True}
    ),
    "GET /api/workspaces": call(200, reach="none"),
    f"GET {_WORKSPACE}": call(200, reach="workspace"),
    f"PATCH {_WORKSPACE}": call(200, reach="workspace", body=lambda t: {"currency": "EUR"}),
    f"GET {_WORKSPACE}/roles": call(200, reach="workspace"),
    f"POST {_WORKSPACE}/leave": call(204, 409, reach="workspace"),
    f"GET {_WORKSPACE}/members": call(200, reach="workspace"),
    f"GET {_MEMBER}": call(200),
    f"PATCH {_MEMBER}": call(200, body=lambda t: {"role": "chatter"}),
    f"DELETE {_MEMBER}": call(204),
    f"PUT {_MEMBER}/creators/<creator_id>": call(200),
    f"DELETE {_MEMBER}/creators/<creator_id>": call(200),
    f"GET {_MEMBER}/offboarding": call(200),
    f"POST {_MEMBER}/offboarding": call(204),
    "GET /api/creators/<creator_id>/offboarding": call(200),
    "POST /api/creators/<creator_id>/offboarding": call(200),
    f"GET {_WORKSPACE}/invitations": call(200, reach="workspace"),
    f"POST {_WORKSPACE}/invitations": call(
        201,
        body=lambda t: {"email": "new@example.test", "role": "chatter", "creatorIds": [t.ids["creator_id"]]},
    ),
    f"DELETE {_WORKSPACE}/invitations/<invitation_id>": call(204),
    f"POST {_WORKSPACE}/invitations/<invitation_id>/resend": call(200),
    # a request about one's data is its asker's: none of these callers has one, so each may be told that it is unknown
    **{f"GET /api/privacy/{kind}": call(200, reach="none") for kind in ("exports", "erasures")},
    **{
        f"POST /api/privacy/{path}": call(200, 201, 202, 409, reach="none", body=lambda t: {"scope": "me"})
        for path in ("exports", "erasures", "erasures/preview")
    },
    **{
        path: call(404, reach="none", params={"request_id": "prv_00000000000000000000000000"})
        for path in (
            "GET /api/privacy/exports/<request_id>",
            "POST /api/privacy/exports/<request_id>/cancel",
            "POST /api/privacy/exports/<request_id>/link",
            "GET /api/privacy/erasures/<request_id>",
            "POST /api/privacy/erasures/<request_id>/undo",
        )
    },
    f"GET {_ENDPOINTS}": call(200, reach="none"),
    f"POST {_ENDPOINTS}": call(
        201,
        reach="none",
        body=lambda t: {"url": "https://example.com/hook", "events": ["message.failed"]},
    ),
    f"GET {_ENDPOINT}": call(200, reach="workspace"),
    f"PATCH {_ENDPOINT}": call(200, reach="workspace", body=lambda t: {"description": "New"}),
    f"DELETE {_ENDPOINT}": call(204, reach="workspace"),
    f"POST {_ENDPOINT}/rotate": call(201, reach="workspace"),
    f"POST {_ENDPOINT}/ping": call(202, reach="workspace"),
    f"GET {_ENDPOINT}/deliveries": call(200, reach="workspace"),
    f"POST {_ENDPOINT}/replay": call(
        202, reach="workspace", body=lambda t: {"since": "2026-01-01T00:00:00Z"}
    ),
    f"POST {_ENDPOINT}/deliveries/<event_row_id>/replay": call(202, reach="workspace"),
    # billing: without a key of Stripe's what needs Stripe says that it is away
    "GET /api/billing/subscription": call(200, reach="none"),
    "GET /api/billing/invoices": call(200, reach="none"),
    "POST /api/billing/checkout": call(503, reach="none", body=lambda t: {"plan": "pro"}),
    "POST /api/billing/message-packs/checkout": call(503, reach="none", body=lambda t: {"pack": "25k"}),
    "POST /api/billing/portal": call(503, reach="none"),
    **{
        f"POST /api/billing/subscription/{deed}": call(409, reach="none", body=lambda t: {"plan": "pro"})
        for deed in ("preview", "change", "cancel", "resume")
    },
    "GET /billing": call(200, reach="none"),
    "GET /billing/history": call(200, reach="none"),
    "POST /billing/plan": call(302, reach="none", body=lambda t: {"plan": "pro", "interval": "month"}),
    "POST /billing/pack": call(302, reach="none", body=lambda t: {"pack": "25k"}),
    "POST /billing/portal": call(302, reach="none"),
    "GET /billing/preview": call(302, reach="none", query=lambda t: {"plan": "pro", "interval": "month"}),
    "POST /billing/change": call(302, reach="none", body=lambda t: {"plan": "pro", "interval": "month"}),
    "POST /billing/cancel": call(302, reach="none"),
    "POST /billing/resume": call(302, reach="none"),
    "GET /billing/return": call(
        200, reach="workspace", query=lambda t: {"checkout": t.ids["checkout_id"]}, far={404}
    ),
    # messaging
    "GET /api/onlyfans/messaging/status": call(200, query=_ACCOUNT),
    "GET /api/onlyfans/messaging/failed": call(200, query=_ACCOUNT),
    "POST /api/onlyfans/messaging/send": call(
        202, body=lambda t: _ACCOUNT(t) | {"recipientId": t.ids["fan_id"], "content": "Hello"}
    ),
    "POST /api/onlyfans/messaging/<message_id>/retry": call(202),
    "GET /api/onlyfans/lists": call(200, query=_ACCOUNT),
    "POST /api/onlyfans/lists": call(201, body=lambda t: _ACCOUNT(t) | {"name": "New"}),
    f"GET {_LIST}": call(200),
    f"PATCH {_LIST}": call(200, body=lambda t: {"name": "New"}),
    f"DELETE {_LIST}": call(204),
    f"GET {_LIST}/fans": call(200),
    f"POST {_LIST}/fans": call(200, body=lambda t: {"fanIds": [t.ids["fan_id"]]}),
    f"DELETE {_LIST}/fans/<fan_id>": call(204),
    "GET /api/onlyfans/segments": call(200, query=_ACCOUNT),
    "POST /api/onlyfans/segments": call(
        201, body=lambda t: _ACCOUNT(t) | {"name": "New", "conditions": _TREE}
    ),
    "POST /api/onlyfans/segments/preview": call(200, body=lambda t: _ACCOUNT(t) | {"conditions": _TREE}),
    f"GET {_SEGMENT}": call(200),
    f"PATCH {_SEGMENT}": call(200, body=lambda t: {"name": "New"}),
    f"DELETE {_SEGMENT}": call(204),
    f"GET {_SEGMENT}/count": call(200),
    "GET /api/onlyfans/campaigns": call(200, query=_ACCOUNT),
    "POST /api/onlyfans/campaigns": call(
        201,
        body=lambda t: (
            _ACCOUNT(t)
            | {
                "name": "New",
                "content": {"en": "Hello"},
                "include": [{"list": t.ids["list_id"]}],
                "schedule": {"kind": "now"},
            }
        ),
    ),
    f"GET {_CAMPAIGN}": call(200),
    f"PATCH {_CAMPAIGN}": call(200, 409, body=lambda t: {"name": "New"}),
    f"DELETE {_CAMPAIGN}": call(204, 409),
    f"GET {_CAMPAIGN}/progress": call(200),
    f"GET {_CAMPAIGN}/preview": call(200),
    f"POST {_CAMPAIGN}/plan": call(200, 409),
    f"POST {_CAMPAIGN}/approve": call(200, 409, body=lambda t: {"contentHash": "sha256:0"}),
    f"POST {_CAMPAIGN}/launch": call(200, 202, 409),
    f"POST {_CAMPAIGN}/pause": call(200, 409),
    f"POST {_CAMPAIGN}/resume": call(200, 409),
    f"POST {_CAMPAIGN}/cancel": call(200, 409),
    f"POST {_CAMPAIGN}/unsend": call(200, 202, 409),
    f"POST {_CAMPAIGN}/retry-failed": call(200, 202, 409),
    # pages of accounts
    "GET /team": call(200, reach="none"),
    "POST /team/invite": call(
        302,
        far={422},
        body=lambda t: {"email": "new@example.test", "role": "chatter", "creators": [t.ids["creator_id"]]},
    ),
    "POST /team/invitations/<invitation_id>/<deed>": call(302, params={"deed": "resend"}),
    "GET /team/members/<member_id>": call(200),
    "POST /team/members/<member_id>/<deed>": call(
        302, params={"deed": "assign"}, body=lambda t: {"creator": t.ids["creator_id"]}, far={404, 422}
    ),
    "POST /team/creators": call(302, reach="none", body=lambda t: {"stage_name": "Nova"}),
    "GET /team/creators/<creator_id>/offboard": call(200),
    "POST /team/creators/<creator_id>/offboard": call(
        302, body=lambda t: {"typed": t.creator.stage_name, "reason": "left"}
    ),
    "GET /stop": call(200, reach="none"),
    "POST /stop/<creator_id>/<deed>": call(302, params={"deed": "stop"}),
    "GET /onboarding": call(200, reach="none"),
    "POST /onboarding/creator": call(
        302, reach="none", body=lambda t: {"stage_name": "Nova", "timezone": "Europe/Paris"}
    ),
    "POST /onboarding/<step>/skip": call(302, reach="none", params={"step": "second_factor"}),
    "POST /settings/workspace": call(
        302,
        reach="none",
        body=lambda t: {"name": "New", "timezone": "Europe/Paris", "currency": "EUR"},
    ),
    "GET /settings/audit": call(200, reach="none"),
    "GET /settings/integrations": call(200, reach="none"),
    "GET /settings/integrations/<platform>/callback": call(
        302, reach="none", params=_INSTAGRAM, query=lambda t: {"state": "x" * 43, "code": "y"}
    ),
    "GET /settings/integrations/<platform>/new": call(200, reach="none", params=_ONLYFANS),
    "POST /settings/integrations/<platform>/new": call(
        503, params=_ONLYFANS, body=lambda t: {"creator": t.ids["creator_id"], "consent": "on"}, far={422}
    ),
    "GET /settings/integrations/<platform>/accounts/<account_id>/reconnect": call(200, params=_ONLYFANS),
    "POST /settings/integrations/<platform>/accounts/<account_id>/reconnect": call(
        409, params=_ONLYFANS, body=lambda t: {"consent": "on"}
    ),
    "POST /settings/integrations/<platform>/accounts/<account_id>/disconnect": call(302, params=_ONLYFANS),
    "GET /settings/integrations/<platform>/connections/<connection_id>": call(200, params=_ONLYFANS),
    "POST /settings/integrations/<platform>/connections/<connection_id>/<deed>": call(
        302, params=_ONLYFANS | {"deed": "check"}
    ),
    "GET /settings/keys": call(200, reach="none"),
    "POST /settings/keys/new": call(
        200, 201, reach="none", body=lambda t: {"name": "New", "scopes": ["read"]}
    ),
    "POST /settings/keys/<key_id>/replace": call(200, 201, 302, reach="workspace"),
    "POST /settings/keys/<key_id>/revoke": call(302, reach="workspace"),
    "GET /settings/webhooks": call(200, reach="none"),
    "POST /settings/webhooks/new": call(
        200, reach="none", body=lambda t: {"url": "https://example.com/hook", "events": ["message.failed"]}
    ),
    f"GET {_HOOK}": call(200, reach="workspace"),
    f"POST {_HOOK}/change": call(
        302,
        reach="workspace",
        body=lambda t: {"url": "https://example.com/hook", "events": ["message.failed"]},
    ),
    f"POST {_HOOK}/enable": call(302, reach="workspace"),
    f"POST {_HOOK}/rotate": call(200, reach="workspace"),
    f"POST {_HOOK}/<deed>": call(302, reach="workspace", params={"deed": "test"}),
    f"POST {_HOOK}/events/<event_row_id>/replay": call(302, reach="workspace"),
    # pages of messaging
    "GET /dashboard": call(200, query=lambda t: {"creator": t.ids["creator_id"]}),
    "GET /dashboard/payments": call(200, reach="none"),
    "GET /onlyfans": call(200, query=_SHOWN),
    "GET /onlyfans/figures": call(200, query=_SHOWN),
    "GET /onlyfans/list": call(200, query=_SHOWN),
    "GET /onlyfans/fans": call(200, query=_SHOWN),
    "GET /onlyfans/forecast": call(200, query=_SHOWN),
    "POST /onlyfans/recipient": call(
        200, body=lambda t: _SHOWN(t) | {"recipient": t.ids["fan_id"]}, empty=frozenset({"fan_id"})
    ),
    "POST /onlyfans/send": call(302, body=_SEND_FORM, far={422}),
    "GET /onlyfans/messages/<message_id>": call(200),
    "POST /onlyfans/messages/<message_id>/undo": call(302),
    "GET /jobs": call(200, reach="none"),
    "GET /jobs/bell": call(200, reach="none"),
    "POST /jobs/<job_id>/cancel": call(302),
    "POST /onlyfans/messages/<message_id>/<deed>": call(302, params={"deed": "retry"}),
    "GET /marketing": call(200, reach="none"),
    "GET /marketing/new": call(200, query=_SHOWN),
    "POST /marketing/new": call(
        302,
        reach="none",
        body=lambda t: {"name": "New", "audience": "preset:everybody", "language": "en", "text": "Hello"},
    ),
    "POST /marketing/audience": call(
        200, body=lambda t: _SHOWN(t) | {"audience": "preset:everybody", "language": "en"}
    ),
    "GET /marketing/<campaign_id>": call(200),
    "GET /marketing/<campaign_id>/edit": call(200),
    "POST /marketing/<campaign_id>/edit": call(422),
    "GET /marketing/<campaign_id>/progress": call(200),
    "GET /marketing/<campaign_id>/steps": call(200),
    "POST /marketing/<campaign_id>/<deed>": call(302, 409, params={"deed": "plan"}),
    "POST /onlyfans/accounts/<account_id>/<deed>": call(302, params={"deed": "pause"}),
}

#: Addresses that ask for no capability, each with the reason why.
OPEN: dict[str, str] = {
    "GET /": "leads somewhere else",
    "GET /_states/": "samples for staff; nobody else finds it",
    "GET /_states/<name>": "samples for staff; nobody else finds it",
    "GET /csp-report": "browsers tell what they refused; nothing is shown and nothing is kept",
    "GET /signin": "the way in",
    "GET /signup": "the way in",
    "GET /settings": "the caller's own particulars; the workspace's are shown to who may change them",
    "GET /settings/profile": "the caller's own particulars",
    "GET /workspace": "the caller's own memberships",
    "GET /demo": "the caller's own demo",
    "GET /demo/make": "the caller's own demo",
    "GET /demo/enter": "the caller's own demo",
    "GET /demo/wipe": "the caller's own demo",
    "GET /settings/privacy": "the caller's own requests; what they may ask about is judged by the service",
    **{
        f"GET /settings/privacy/requests/<request_id>{path}": "the caller's own requests"
        for path in ("", "/files", "/link", "/undo")
    },
    "GET /settings/privacy/keep": "asks for the right to answer privacy requests itself",
    "GET /settings/privacy/erase": "the caller's own requests; what they may ask about is judged by the service",
    "GET /settings/privacy/exports": "the caller's own requests; what they may ask about is judged by the service",
    "GET /api/privacy/files/<token>": "by a signed link of 15 minutes",
    "GET /invitation/<token>": "by the token of a mail",
    "POST /api/invitations/look": "by the token of a mail",
    "POST /api/invitations/accept": "by the token of a mail",
    "GET /signin/code": "the way in, second step",
    "GET /signin/passkey": "the way in, with a passkey alone",
    "GET /password/reset": "by mail",
    "GET /password/reset/<token>": "by the token of a mail",
    "GET /settings/security": "the caller's own ways in",
    "GET /settings/security/password": "the caller's own password",
    "GET /settings/security/app": "the caller's own second factor",
    "GET /settings/security/app/start": "the caller's own second factor",
    "GET /settings/security/app/off": "the caller's own second factor",
    "GET /settings/security/codes": "the caller's own second factor",
    "GET /settings/security/keys/new": "the caller's own second factor",
    "GET /settings/security/keys/<key_id>/remove": "the caller's own second factor",
    "GET /settings/security/sessions/end": "the caller's own sessions",
    "GET /settings/security/sessions/<session_id>/end": "the caller's own sessions",
    "GET /verify-email": "says that a mail waits",
    "GET /verify-email/<token>": "by the token of a mail",
    "POST /api/auth/signup": "the way in",
    "POST /api/auth/password/reset": "by mail",
    "POST /api/auth/password/reset/confirm": "by the token of a mail",
    "POST /api/auth/verify-email": "by the token of a mail",
    "GET /visit/end": "the way out of a staff member's own visit",
    "GET /signout": "the way out; ends the caller's own session",
    "GET /confirm": "the caller's own password",
    "GET /profile/locale": "the caller's own language",
    "GET /api/docs/": "the API document",
    "GET /api/schema/": "the API document",
    "GET /api/health": "figures of the installation; details by token",
    "GET /api/health/live": "for orchestrators",
    "GET /api/health/ready": "for orchestrators",
    "GET /api/metrics": "by token or address",
    "GET /api/webhooks/onlyfans": "signed by the platform",
    "GET /api/webhooks/stripe": "signed by Stripe",
    "GET /api/billing/stripe/webhook": "signed by Stripe",
    "POST /api/auth/signin": "the way in",
    "POST /api/auth/refresh": "by cookie",
    "POST /api/auth/logout": "by cookie",
    "POST /api/keys/check": "says only whether a key works, to whoever has it",
    "GET /api/onlyfans/messaging/test": "says that the API is there",
}
