"""What the steps of an erasure do to rows of accounts: each is given rows that are locked."""

from datetime import datetime
from typing import Any

from django.contrib.auth.hashers import make_password
from django.db.models import CASCADE, F, ForeignObjectRel, Q

from accounts.models import (
    ApiKey,
    AuditEvent,
    Creator,
    FailedSignIn,
    Invitation,
    Mail,
    Membership,
    PlatformAccount,
    User,
    Workspace,
)
from accounts.services import mail_files
from accounts.services.audit_retention import clear_rows
from accounts.services.connections import leave
from accounts.services.privacy.own_rows import ERASED, NOBODY, data_keys, erased_id
from accounts.services.privacy.registry import Subject
from accounts.types import AccountState, CreatorStatus, WorkspaceStatus
from huntaze.kernel import crypto, ids, live


def _pks(rows: list[Any]) -> list[int]:
    return [row.pk for row in rows]


def close(rows: list[Workspace], subject: Subject, now: datetime) -> None:
    Workspace.objects.filter(pk__in=_pks(rows)).update(status=WorkspaceStatus.ERASED)


def revoke(rows: list[ApiKey], subject: Subject, now: datetime) -> None:
    ApiKey.objects.filter(pk__in=_pks(rows)).update(revoked_at=now, revoked_reason="erasure")


def disconnect(rows: list[PlatformAccount], subject: Subject, now: datetime) -> None:
    PlatformAccount.objects.filter(pk__in=_pks(rows)).update(
        state=AccountState.DISCONNECTED, state_reason="erasure", state_changed_at=now
    )
    leave.let_go(accounts=rows, now=now)


def offboard(rows: list[Creator], subject: Subject, now: datetime) -> None:
    Creator.objects.filter(pk__in=_pks(rows)).update(status=CreatorStatus.OFFBOARDED)


def nameless_accounts(rows: list[PlatformAccount], subject: Subject, now: datetime) -> None:
    for row in rows:
        row.external_id = erased_id(row.external_id, row.platform)
        row.handle = row.owner_external_id = ""
    PlatformAccount.objects.bulk_update(rows, ["external_id", "handle", "owner_external_id"])


def nameless_creators(rows: list[Creator], subject: Subject, now: datetime) -> None:
    Creator.objects.filter(pk__in=_pks(rows)).update(
        stage_name=ERASED, languages=[], user=None, status=CreatorStatus.OFFBOARDED
    )


def nameless_keys(rows: list[ApiKey], subject: Subject, now: datetime) -> None:
    ApiKey.objects.filter(pk__in=_pks(rows)).update(name=ERASED, allowed_ips=[])


def nameless_workspace(rows: list[Workspace], subject: Subject, now: datetime) -> None:
    Workspace.objects.filter(pk__in=_pks(rows)).update(name=ERASED, billing_email="")


def end_memberships(rows: list[Membership], subject: Subject, now: datetime) -> None:
    Membership.objects.filter(pk__in=_pks(rows)).update(ended_at=now)


def clear_origins(rows: list[AuditEvent], subject: Subject, now: datetime) -> None:
    clear_rows(_pks(rows))


def erase_people(rows: list[User], subject: Subject, now: datetime) -> None:
    """Everything that is only about the person goes; the row stays without them, so that history keeps an author."""
    emails = [row.email for row in rows]
    Mail.objects.filter(Q(user__in=rows) | Q(to__in=emails)).delete()
    Invitation.objects.filter(email__in=emails).delete()
    FailedSignIn.objects.filter(email__in=emails).delete()
    mail_files.forget_of(emails)
    for relation in User._meta.get_fields(include_hidden=True):
        if isinstance(relation, ForeignObjectRel) and relation.on_delete is CASCADE:
            relation.related_model._default_manager.filter(**{f"{relation.field.name}__in": rows}).delete()
    for row in rows:
        User.objects.filter(pk=row.pk).update(
            email=f"{ids.encode('usr', row.uid).lower()}{NOBODY}",
            name=ERASED,
            avatar="",
            timezone="",
            password=make_password(None),
            email_verified_at=None,
            last_login=None,
            is_active=False,
            session_version=F("session_version") + 1,
        )
        live.rights_changed(row.pk)


def destroy_keys(subject: Subject, now: datetime, limit: int) -> int:
    """The last step: whatever of this workspace lies in a backup can't be read any more."""
    count, _ = data_keys(subject).delete()
    crypto.forget_data_keys()
    return count
