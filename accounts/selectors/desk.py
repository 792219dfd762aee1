"""What staff read of accounts: people, workspaces and creators found by what somebody remembers, and a head for each.

For the staff's pages, with the wall lifted. Every list is bounded, every search has an index.
"""

from typing import Any

from django.contrib.postgres.lookups import TrigramWordSimilar
from django.contrib.postgres.search import TrigramWordSimilarity
from django.db.models import Count, Exists, Max, Min, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Upper

from accounts.models import (
    AuditEvent,
    AuditProof,
    Creator,
    CreatorAssignment,
    Invitation,
    LegalHold,
    Membership,
    PlatformAccount,
    PrivacyRequest,
    SecurityKey,
    TotpDevice,
    User,
    Workspace,
)
from accounts.types import AccountState
from huntaze.kernel import ids
from huntaze.kernel.outbox import State

#: Rows shown of one kind; among how many the closest are looked for.
MOST, AMONG = 10, 200
#: Shorter than this a part of a name is in no index.
SHORTEST = 3
MOST_ACCOUNTS, MOST_MEMBERS, MOST_EVENTS = 200, 100, 50
OPEN = [State.QUEUED, State.WORKING]


def workspace_of_staff(public_id: str) -> Workspace | None:
    uid = ids.decode(Workspace.PREFIX, public_id)
    return Workspace.objects.filter(uid=uid).first() if uid else None


def account_of_staff(text: str) -> PlatformAccount | None:
    """By public id, or by the whole handle: then the newest that bears it."""
    uid = ids.decode(PlatformAccount.PREFIX, text)
    rows = PlatformAccount.objects.select_related("creator")
    if uid:
        return rows.filter(uid=uid).first()
    return rows.filter(handle__iexact=text.removeprefix("@")).order_by("-pk").first()


# --- finding


def people_by_mail(start: str) -> list[User]:
    """People whose address is this, or begins with it."""
    return list(User.objects.filter(email__startswith=start.lower())[:MOST])


def places_of_people(people: list[User]) -> dict[int, list[Membership]]:
    """Where people belong now, by their key."""
    found: dict[int, list[Membership]] = {}
    rows = Membership.objects.filter(user__in=people, ended_at=None).select_related("workspace")
    for row in rows.order_by("pk")[: MOST * MOST]:
        found.setdefault(row.user_id, []).append(row)
    return found


def workspaces_like(text: str) -> list[Workspace]:
    return _closest(Workspace.objects.all(), "name", text)


def creators_like(text: str) -> list[Creator]:
    return _closest(Creator.objects.select_related("workspace"), "stage_name", text)


def accounts_like(text: str) -> list[PlatformAccount]:
    return _closest(PlatformAccount.objects.select_related("creator", "workspace"), "handle", text)


def _closest(rows: QuerySet[Any], column: str, text: str) -> list[Any]:
    """Rows that hold the text, or a word like it, the likest first."""
    if len(text) < SHORTEST:
        return []
    like = Q(TrigramWordSimilar(Upper(column), Upper(Value(text))))
    for part in {text.lower(), text.upper()}:  # a database of locale C changes the case of ASCII only
        like |= Q(**{f"{column}__icontains": part})
    found = rows.filter(like).annotate(likeness=TrigramWordSimilarity(text, column))[:AMONG]
    wanted = text.casefold()

    def distance(row: Any) -> tuple[bool, float, str]:
        name: str = getattr(row, column)
        return name.casefold() != wanted, -row.likeness, name

    return sorted(found, key=distance)[:MOST]


def audit_of_trace(trace_id: str) -> list[AuditEvent]:
    return list(AuditEvent.objects.filter(trace_id=trace_id).select_related("workspace")[:MOST])


# --- one workspace, one creator


def workspace_head(public_id: str) -> Workspace | None:
    """A workspace with what its page says on top, in one query."""
    uid = ids.decode(Workspace.PREFIX, public_id)
    return _headed(Workspace.objects.filter(uid=uid), "pk").first() if uid is not None else None


def creator_head(public_id: str) -> Creator | None:
    """A creator with their workspace, and what its page says on top, in one query."""
    uid = ids.decode(Creator.PREFIX, public_id)
    if uid is None:
        return None
    rows = Creator.objects.filter(uid=uid).select_related("workspace", "user")
    return _headed(rows, "workspace_id").first()


def _headed(rows: QuerySet[Any], key: str) -> QuerySet[Any]:
    def of(model: Any, **more: Any) -> QuerySet[Any]:
        found: QuerySet[Any] = model.objects.filter(workspace_id=OuterRef(key), **more).order_by()
        return found

    def count(model: Any, **more: Any) -> Subquery:
        return Subquery(of(model, **more).values("workspace_id").annotate(n=Count("pk")).values("n"))

    requests = of(PrivacyRequest, state__in=OPEN).values("workspace_id")
    found: QuerySet[Any] = rows.annotate(
        member_count=count(Membership, ended_at=None),
        creator_count=count(Creator),
        request_count=count(PrivacyRequest, state__in=OPEN),
        answer_by=Subquery(requests.annotate(first=Min("answer_by")).values("first")),
        is_held=Exists(of(LegalHold, released_at=None)),
        finding_count=Subquery(of(AuditProof).values("finding_count")[:1]),
        last_seen_at=Subquery(
            of(Membership, ended_at=None)
            .values("workspace_id")
            .annotate(last=Max("user__last_login"))
            .values("last")
        ),
    )
    return found


def accounts_of(workspace_pk: int, creator_pk: int | None = None) -> list[PlatformAccount]:
    """Accounts of a workspace, or of one creator in it; connected ones first."""
    rows = PlatformAccount.objects.filter(workspace_id=workspace_pk).select_related("creator")
    if creator_pk is not None:
        rows = rows.filter(creator_id=creator_pk)
    found = list(rows.order_by("-pk")[:MOST_ACCOUNTS])
    return sorted(found, key=lambda row: row.state == AccountState.DISCONNECTED)


def creators_of(workspace_pk: int) -> list[Creator]:
    return list(Creator.objects.filter(workspace_id=workspace_pk).order_by("-pk")[:MOST_MEMBERS])


def members_of(workspace_pk: int, creator_pk: int | None = None) -> list[Membership]:
    """Members, ended ones last; of a creator those who are assigned to them. `has_factor` says whether they have a
    second factor."""
    rows: QuerySet[Any] = Membership.objects.filter(workspace_id=workspace_pk)
    if creator_pk is not None:
        work = CreatorAssignment.objects.filter(
            membership=OuterRef("pk"), creator_id=creator_pk, ended_at=None
        )
        rows = rows.filter(Exists(work))
    totp = TotpDevice.objects.filter(user=OuterRef("user_id")).exclude(confirmed_at=None)
    rows = rows.annotate(
        has_factor=Exists(totp) | Exists(SecurityKey.objects.filter(user=OuterRef("user_id")))
    )
    found = list(rows.select_related("user").order_by("-pk")[:MOST_MEMBERS])
    return sorted(found, key=lambda row: (row.ended_at is not None, row.pk))


def invitations_of(workspace_pk: int) -> list[Invitation]:
    rows = Invitation.objects.filter(workspace_id=workspace_pk, accepted_at=None, revoked_at=None)
    return list(rows.order_by("-pk")[:MOST_MEMBERS])


def events_of(
    workspace_pk: int, targets: list[str] | None = None, most: int = MOST_EVENTS
) -> list[AuditEvent]:
    """The newest rows of a workspace's log, or those about some public ids."""
    rows = AuditEvent.objects.filter(workspace_id=workspace_pk)
    if targets is not None:
        rows = rows.filter(target__in=targets)
    return list(rows.select_related("actor_user", "actor_member__user").order_by("-at", "-pk")[:most])


def open_requests() -> dict[str, Any]:
    """How many requests about data wait for their answer, and when the first has to be answered."""
    found: dict[str, Any] = PrivacyRequest.objects.filter(state__in=OPEN).aggregate(
        count=Count("pk"), until=Min("answer_by")
    )
    return found
