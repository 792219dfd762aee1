"""Whose rows of accounts a request is about."""

from collections.abc import Callable
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from accounts.models import AuditEvent, Creator, Membership, PlatformAccount, User, Workspace, WorkspaceKey
from accounts.services.privacy.registry import Subject
from accounts.types import PrivacyScope
from huntaze.kernel import crypto

ERASED = "erased"
#: Where the addresses of people who are no more end.
NOBODY = "@erased.invalid"


def erased_id(text: str, place: str) -> str:
    """What stands for an outside id after erasure (39 characters): the same id gives the same one, and nobody can turn
    it back."""
    return f"{ERASED}:{crypto.blind_index(f'{place}:{text}', purpose='erased-id').hex()[:32]}"


def in_workspace(model: Any) -> Callable[[Subject], QuerySet[Any]]:
    return lambda subject: model.objects.filter(workspace_id=subject.workspace_pk)


def the_workspace(subject: Subject) -> QuerySet[Workspace]:
    return Workspace.objects.filter(pk=subject.workspace_pk)


def creators(subject: Subject) -> QuerySet[Creator]:
    rows = Creator.objects.all()
    return rows.filter(pk=subject.pk) if subject.scope is PrivacyScope.CREATOR else rows


def accounts(subject: Subject) -> QuerySet[PlatformAccount]:
    rows: QuerySet[PlatformAccount] = PlatformAccount.objects.all()
    return rows.filter(creator_id=subject.pk) if subject.scope is PrivacyScope.CREATOR else rows


def of_creator(model: Any, path: str = "creator") -> Callable[[Subject], QuerySet[Any]]:
    def rows(subject: Subject) -> QuerySet[Any]:
        found: QuerySet[Any] = model.objects.all()
        return found.filter(**{path: subject.pk}) if subject.scope is PrivacyScope.CREATOR else found

    return rows


def person(subject: Subject) -> QuerySet[User]:
    return User.objects.filter(pk__in=Membership.objects.filter(pk=subject.pk).values("user"))


def of_person(model: Any, path: str) -> Callable[[Subject], QuerySet[Any]]:
    return lambda subject: model.objects.filter(**{f"{path}__in": person(subject)})


def people_without_another_place(subject: Subject) -> QuerySet[User]:
    """Members of the workspace who belong to no other but a demo; staff stay."""
    places = Membership.objects.filter(user=OuterRef("pk"))
    elsewhere = places.filter(ended_at=None).exclude(workspace_id=subject.workspace_pk)
    elsewhere = elsewhere.exclude(workspace__is_demo=True)
    return User.objects.filter(
        Exists(places.filter(workspace_id=subject.workspace_pk)), ~Exists(elsewhere), is_staff=False
    ).exclude(email__endswith=NOBODY)


def named_accounts(subject: Subject) -> QuerySet[PlatformAccount]:
    return accounts(subject).exclude(handle="", external_id__startswith=ERASED)


def data_keys(subject: Subject) -> QuerySet[WorkspaceKey]:
    return WorkspaceKey.objects.filter(workspace_id=subject.workspace_pk)


def with_origin(rows: QuerySet[AuditEvent]) -> QuerySet[AuditEvent]:
    return rows.exclude(ip=None, user_agent="")
