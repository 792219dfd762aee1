"""What of accounts an export holds: files, and the columns of each."""

from collections.abc import Callable
from operator import attrgetter
from typing import Any

from django.db.models import QuerySet

from accounts.models import (
    ApiKey,
    AuditEvent,
    Consent,
    ImpersonationGrant,
    Invitation,
    Membership,
    RefreshSession,
    WebhookSubscription,
)
from accounts.services.privacy.own_rows import (
    accounts,
    creators,
    in_workspace,
    of_creator,
    of_person,
    person,
    the_workspace,
)
from accounts.services.privacy.registry import Dataset, Subject
from accounts.types import PrivacyScope

Columns = dict[str, Callable[[Any], Any]]


def datasets(scope: PrivacyScope) -> list[Dataset]:
    found = {
        PrivacyScope.WORKSPACE: [
            Dataset("workspace", the_workspace, _WORKSPACE),
            Dataset("members", _select(in_workspace(Membership), "user"), _MEMBER),
            Dataset("creators", creators, _CREATOR),
            Dataset("accounts", _select(accounts, "creator"), _ACCOUNT),
            Dataset("consents", _select(of_creator(Consent), "creator", "given_by"), _CONSENT),
            Dataset("invitations", in_workspace(Invitation), _INVITATION),
            Dataset("api_keys", in_workspace(ApiKey), _KEY),
            Dataset("webhooks", in_workspace(WebhookSubscription), _WEBHOOK),
            Dataset("staff_visits", _select(in_workspace(ImpersonationGrant), "membership"), _VISIT),
            Dataset("audit", _select(in_workspace(AuditEvent), "actor_member", "actor_key"), _AUDIT),
        ],
        PrivacyScope.CREATOR: [
            Dataset("creators", creators, _CREATOR),
            Dataset("accounts", _select(accounts, "creator"), _ACCOUNT),
            Dataset("consents", _select(of_creator(Consent), "creator", "given_by"), _CONSENT),
        ],
        PrivacyScope.ME: [
            Dataset("profile", person, _PERSON, is_lifted=True),
            Dataset(
                "memberships",
                _select(of_person(Membership, "user"), "workspace", "user"),
                _PLACE,
                is_lifted=True,
            ),
            Dataset("sessions", of_person(RefreshSession, "user"), _SESSION, is_lifted=True),
            Dataset(
                "deeds",
                _select(of_person(AuditEvent, "actor_user"), "actor_member", "actor_key"),
                _AUDIT,
                is_lifted=True,
            ),
        ],
    }
    return found.get(scope, [])


def _select(rows: Callable[[Subject], QuerySet[Any]], *names: str) -> Callable[[Subject], QuerySet[Any]]:
    return lambda subject: rows(subject).select_related(*names)


def _columns(*names: str, **others: Callable[[Any], Any]) -> Columns:
    """Fields by their own names (camelCase outside), the public id first."""
    plain = {_camel(name): attrgetter(name) for name in names}
    return {"id": attrgetter("public_id")} | plain | others


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.title() for part in rest)


_WORKSPACE = _columns(
    "name", "kind", "timezone", "currency", "locale", "billing_email", "plan", "status", "created_at"
)
_MEMBER = _columns(
    "role", "joined_at", "ended_at", name=lambda row: row.user.name, email=lambda row: row.user.email
)
_CREATOR = _columns("stage_name", "timezone", "currency", "languages", "status", "created_at")
_ACCOUNT = _columns(
    "platform",
    "external_id",
    "handle",
    "state",
    "connected_at",
    "last_synced_at",
    creatorId=lambda row: row.creator.public_id,
)
_CONSENT = _columns(
    "platform",
    "text_version",
    "given_at",
    "withdrawn_at",
    creatorId=lambda row: row.creator.public_id,
    memberId=lambda row: row.given_by.public_id,
)
_INVITATION = _columns("email", "role", "created_at", "expires_at", "accepted_at", "revoked_at")
_KEY = _columns(
    "name", "prefix", "scopes", "allowed_ips", "created_at", "expires_at", "revoked_at", "last_used_at"
)
_WEBHOOK = _columns("url", "description", "events", "created_at", "disabled_at", "removed_at")
_VISIT = _columns(
    "reason", "started_at", "expires_at", "ended_at", "asks_to_write", "confirmed_at",
    memberId=lambda row: row.membership.public_id,
)  # fmt: skip
_AUDIT = _columns(
    "at",
    "action",
    "target",
    "actor_kind",
    "changes",
    "reason",
    "trace_id",
    "ip",
    memberId=lambda row: row.actor_member.public_id if row.actor_member else None,
    keyId=lambda row: row.actor_key.public_id if row.actor_key else None,
)
_PERSON = _columns(
    "email", "name", "avatar", "locale", "timezone", "email_verified_at", "terms_accepted_at",
    "terms_version", "created_at", "last_login",
)  # fmt: skip
_PLACE = _columns("role", "joined_at", "ended_at", workspaceId=lambda row: row.workspace.public_id)
_SESSION = _columns("created_at", "last_used_at", "expires_at", "revoked_at")
