"""What accounts itself holds, and how it is erased: the doors are shut first, the keys destroyed last."""

from collections.abc import Callable
from datetime import datetime
from operator import attrgetter
from typing import Any

from django.contrib.auth.hashers import make_password
from django.db.models import CASCADE, Exists, F, OuterRef, Q, QuerySet

from accounts.models import (
    ApiKey,
    AuditEvent,
    Connection,
    Consent,
    Creator,
    ExportChunk,
    IdempotencyRecord,
    Invitation,
    Mail,
    Membership,
    PlatformAccount,
    RefreshSession,
    User,
    WebhookDelivery,
    WebhookSubscription,
    Workspace,
    WorkspaceKey,
)
from accounts.services.audit_retention import clear_rows
from accounts.services.connections import leave
from accounts.services.privacy.registry import Dataset, Party, Step, Subject, blank, delete, keep
from accounts.types import AccountState, CreatorStatus, PrivacyScope, WorkspaceStatus
from huntaze.kernel import crypto, ids

ERASED = "erased"
_NOBODY = "@erased.invalid"
Columns = dict[str, Callable[[Any], Any]]


def erased_id(text: str, place: str) -> str:
    """What stands for an outside id after erasure (39 characters): the same id gives the same one, and nobody can turn
    it back."""
    return f"{ERASED}:{crypto.blind_index(f'{place}:{text}', purpose='erased-id').hex()[:32]}"


# --- whose rows


def _in_workspace(model: Any) -> Callable[[Subject], QuerySet[Any]]:
    return lambda subject: model.objects.filter(workspace_id=subject.workspace_pk)


def _workspace(subject: Subject) -> QuerySet[Workspace]:
    return Workspace.objects.filter(pk=subject.workspace_pk)


def _creators(subject: Subject) -> QuerySet[Creator]:
    rows = Creator.objects.all()
    return rows.filter(pk=subject.pk) if subject.scope is PrivacyScope.CREATOR else rows


def _accounts(subject: Subject) -> QuerySet[PlatformAccount]:
    rows: QuerySet[PlatformAccount] = PlatformAccount.objects.all()
    return rows.filter(creator_id=subject.pk) if subject.scope is PrivacyScope.CREATOR else rows


def _of_creator(model: Any) -> Callable[[Subject], QuerySet[Any]]:
    def rows(subject: Subject) -> QuerySet[Any]:
        found: QuerySet[Any] = model.objects.all()
        return found.filter(creator_id=subject.pk) if subject.scope is PrivacyScope.CREATOR else found

    return rows


def _me(subject: Subject) -> QuerySet[User]:
    return User.objects.filter(pk__in=Membership.objects.filter(pk=subject.pk).values("user"))


def _of_me(model: Any, path: str) -> Callable[[Subject], QuerySet[Any]]:
    return lambda subject: model.objects.filter(**{f"{path}__in": _me(subject)})


def _people_without_another_place(subject: Subject) -> QuerySet[User]:
    """Members of the workspace who belong to no other; staff stay."""
    places = Membership.objects.filter(user=OuterRef("pk"))
    elsewhere = places.filter(ended_at=None).exclude(workspace_id=subject.workspace_pk)
    return User.objects.filter(
        Exists(places.filter(workspace_id=subject.workspace_pk)), ~Exists(elsewhere), is_staff=False
    ).exclude(email__endswith=_NOBODY)


# --- exports


def _datasets(scope: PrivacyScope) -> list[Dataset]:
    found = {
        PrivacyScope.WORKSPACE: [
            Dataset("workspace", _workspace, _WORKSPACE),
            Dataset("members", _select(_in_workspace(Membership), "user"), _MEMBER),
            Dataset("creators", _creators, _CREATOR),
            Dataset("accounts", _select(_accounts, "creator"), _ACCOUNT),
            Dataset("consents", _select(_of_creator(Consent), "creator", "given_by"), _CONSENT),
            Dataset("invitations", _in_workspace(Invitation), _INVITATION),
            Dataset("api_keys", _in_workspace(ApiKey), _KEY),
            Dataset("webhooks", _in_workspace(WebhookSubscription), _WEBHOOK),
            Dataset("audit", _select(_in_workspace(AuditEvent), "actor_member", "actor_key"), _AUDIT),
        ],
        PrivacyScope.CREATOR: [
            Dataset("creators", _creators, _CREATOR),
            Dataset("accounts", _select(_accounts, "creator"), _ACCOUNT),
            Dataset("consents", _select(_of_creator(Consent), "creator", "given_by"), _CONSENT),
        ],
        PrivacyScope.ME: [
            Dataset("profile", _me, _PERSON, is_lifted=True),
            Dataset(
                "memberships",
                _select(_of_me(Membership, "user"), "workspace", "user"),
                _PLACE,
                is_lifted=True,
            ),
            Dataset("sessions", _of_me(RefreshSession, "user"), _SESSION, is_lifted=True),
            Dataset(
                "deeds",
                _select(_of_me(AuditEvent, "actor_user"), "actor_member", "actor_key"),
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


# --- erasures


def _doors(scope: PrivacyScope) -> list[Step]:
    """Nobody gets in and nothing goes out from here on."""
    sending = Q(state=AccountState.DISCONNECTED, credentials__isnull=True)
    accounts = blank("disconnect", lambda subject: _accounts(subject).exclude(sending), _disconnect)
    if scope is PrivacyScope.WORKSPACE:
        return [
            blank("close", lambda subject: _workspace(subject).exclude(status=ERASED), _close),
            delete("sessions", _in_workspace(RefreshSession)),
            blank("api_keys_end", lambda subject: ApiKey.objects.filter(revoked_at=None), _revoke),
            delete("webhook_events", _in_workspace(WebhookDelivery)),
            delete("webhooks", _in_workspace(WebhookSubscription)),
            accounts,
        ]
    if scope is PrivacyScope.CREATOR:
        left = CreatorStatus.OFFBOARDED
        return [
            blank("creator_leaves", lambda subject: _creators(subject).exclude(status=left), _leave),
            accounts,
        ]
    return []


def _rest(scope: PrivacyScope) -> list[Step]:
    named = [
        delete("connections", _of_creator(Connection)),
        keep("consents", _of_creator(Consent), reason="consents", until="audit"),
        blank("accounts", _named_accounts, _nameless_accounts),
        blank("creators", lambda subject: _creators(subject).exclude(stage_name=ERASED), _nameless_creators),
    ]
    if scope is PrivacyScope.CREATOR:
        return named
    if scope is PrivacyScope.ME:
        return _person_steps()
    return [*named, *_workspace_steps()] if scope is PrivacyScope.WORKSPACE else []


def _workspace_steps() -> list[Step]:
    return [
        delete("invitations", _in_workspace(Invitation)),
        delete("answers", _in_workspace(IdempotencyRecord)),
        delete("exports", _in_workspace(ExportChunk)),
        blank("api_keys", lambda subject: ApiKey.objects.exclude(name=ERASED), _nameless_keys),
        blank("people", _people_without_another_place, _erase_people, is_lifted=True),
        blank("members", lambda subject: Membership.objects.filter(ended_at=None), _end_memberships),
        blank("addresses", lambda subject: _with_origin(AuditEvent.objects.all()), _clear_origins),
        keep("audit", _in_workspace(AuditEvent), reason="accountability", until="audit"),
        keep("memberships", _in_workspace(Membership), reason="authorship", until="audit"),
        blank("workspace", lambda subject: _workspace(subject).exclude(name=ERASED), _nameless_workspace),
        Step("data_keys", _data_keys, _destroy_keys),
    ]


def _person_steps() -> list[Step]:
    deeds, places = _of_me(AuditEvent, "actor_user"), _of_me(Membership, "user")
    keys = _of_me(ApiKey, "membership__user")

    def named(subject: Subject) -> QuerySet[User]:
        return _me(subject).exclude(email__endswith=_NOBODY)

    return [
        blank("people", named, _erase_people, is_lifted=True),
        blank(
            "members", lambda subject: places(subject).filter(ended_at=None), _end_memberships, is_lifted=True
        ),
        blank("api_keys_end", lambda subject: keys(subject).filter(revoked_at=None), _revoke, is_lifted=True),
        blank("addresses", lambda subject: _with_origin(deeds(subject)), _clear_origins, is_lifted=True),
        keep("audit", deeds, reason="accountability", until="audit", is_lifted=True),
        keep("memberships", places, reason="authorship", until="audit", is_lifted=True),
    ]


def _named_accounts(subject: Subject) -> QuerySet[PlatformAccount]:
    return _accounts(subject).exclude(handle="", external_id__startswith=ERASED)


def _data_keys(subject: Subject) -> QuerySet[WorkspaceKey]:
    return WorkspaceKey.objects.filter(workspace_id=subject.workspace_pk)


def _with_origin(rows: QuerySet[AuditEvent]) -> QuerySet[AuditEvent]:
    return rows.exclude(ip=None, user_agent="")


def _pks(rows: list[Any]) -> list[int]:
    return [row.pk for row in rows]


def _close(rows: list[Workspace], subject: Subject, now: datetime) -> None:
    Workspace.objects.filter(pk__in=_pks(rows)).update(status=WorkspaceStatus.ERASED)


def _revoke(rows: list[ApiKey], subject: Subject, now: datetime) -> None:
    ApiKey.objects.filter(pk__in=_pks(rows)).update(revoked_at=now, revoked_reason="erasure")


def _disconnect(rows: list[PlatformAccount], subject: Subject, now: datetime) -> None:
    PlatformAccount.objects.filter(pk__in=_pks(rows)).update(
        state=AccountState.DISCONNECTED, state_reason="erasure", state_changed_at=now
    )
    leave.let_go(accounts=rows, now=now)


def _leave(rows: list[Creator], subject: Subject, now: datetime) -> None:
    Creator.objects.filter(pk__in=_pks(rows)).update(status=CreatorStatus.OFFBOARDED)


def _nameless_accounts(rows: list[PlatformAccount], subject: Subject, now: datetime) -> None:
    for row in rows:
        row.external_id = erased_id(row.external_id, row.platform)
        row.handle = row.owner_external_id = ""
    PlatformAccount.objects.bulk_update(rows, ["external_id", "handle", "owner_external_id"])


def _nameless_creators(rows: list[Creator], subject: Subject, now: datetime) -> None:
    Creator.objects.filter(pk__in=_pks(rows)).update(
        stage_name=ERASED, languages=[], user=None, status=CreatorStatus.OFFBOARDED
    )


def _nameless_keys(rows: list[ApiKey], subject: Subject, now: datetime) -> None:
    ApiKey.objects.filter(pk__in=_pks(rows)).update(name=ERASED, allowed_ips=[])


def _nameless_workspace(rows: list[Workspace], subject: Subject, now: datetime) -> None:
    Workspace.objects.filter(pk__in=_pks(rows)).update(name=ERASED, billing_email="")


def _end_memberships(rows: list[Membership], subject: Subject, now: datetime) -> None:
    Membership.objects.filter(pk__in=_pks(rows)).update(ended_at=now)


def _clear_origins(rows: list[AuditEvent], subject: Subject, now: datetime) -> None:
    clear_rows(_pks(rows))


def _erase_people(rows: list[User], subject: Subject, now: datetime) -> None:
    """Everything that is only about the person goes; the row stays without them, so that history keeps an author."""
    emails = [row.email for row in rows]
    Mail.objects.filter(Q(user__in=rows) | Q(to__in=emails)).delete()
    Invitation.objects.filter(email__in=emails).delete()
    for relation in User._meta.related_objects:
        if relation.on_delete is CASCADE:
            relation.related_model._default_manager.filter(**{f"{relation.field.name}__in": rows}).delete()
    for row in rows:
        User.objects.filter(pk=row.pk).update(
            email=f"{ids.encode('usr', row.uid).lower()}{_NOBODY}",
            name=ERASED,
            avatar="",
            timezone="UTC",
            password=make_password(None),
            email_verified_at=None,
            last_login=None,
            is_active=False,
            session_version=F("session_version") + 1,
        )


def _destroy_keys(subject: Subject, now: datetime, limit: int) -> int:
    """The last step: whatever of this workspace lies in a backup can't be read any more."""
    count, _ = _data_keys(subject).delete()
    crypto.forget_data_keys()
    return count


def _find(scope: PrivacyScope, public_id: str, creator_pks: frozenset[int] | None) -> int | None:
    uid = ids.decode("crt", public_id) if scope is PrivacyScope.CREATOR else None
    if uid is None:
        return None
    rows = Creator.objects.filter(uid=uid)
    if creator_pks is not None:
        rows = rows.filter(pk__in=creator_pks)
    return rows.values_list("pk", flat=True).first()


DOORS = Party("accounts-doors", 0, lambda scope: [], _doors)
OWN = Party("accounts", 9, _datasets, _rest, _find)
