"""A workspace or a creator with the top of its page: four queries, whatever hangs below it."""

from datetime import datetime
from typing import Any

from django.db.models import Model
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.models import Creator, Workspace
from accounts.selectors import desk as accounts
from accounts.templatetags.team_words import creator_word
from accounts.types import AccountState, WorkspaceStatus
from billing.selectors import desk as billing
from huntaze.crm.types import Flag, Subject
from messaging.selectors import queue_page

_WAITS_FOR_A_PERSON = {AccountState.EXPIRED, AccountState.NEEDS_CODE, AccountState.NEEDS_FACE}
STATUSES = {
    WorkspaceStatus.READ_ONLY: _("Read only"),
    WorkspaceStatus.SUSPENDED: _("Suspended"),
    WorkspaceStatus.CLOSING: _("Closing"),
    WorkspaceStatus.ERASED: _("Erased"),
}
#: More dead letters than this are a sign of trouble, fewer are life.
MANY_DEAD = 10


def subject_of(kind: type[Model], public_id: str, now: datetime) -> Subject | None:
    """None when nobody has this id."""
    head: Any = accounts.creator_head(public_id) if kind is Creator else accounts.workspace_head(public_id)
    if head is None:
        return None
    creator = head if isinstance(head, Creator) else None
    workspace: Workspace = head.workspace if creator else head
    found = accounts.accounts_of(workspace.pk, creator.pk if creator else None)
    bare = Subject(
        workspace=workspace,
        creator=creator,
        head=head,
        standing=billing.standing_of(workspace.pk, now),
        accounts=tuple(found),
        counts=queue_page.counts([account.pk for account in found]) if found else {},
        now=now,
    )
    return Subject(**{name: getattr(bare, name) for name in bare.__slots__} | {"flags": tuple(_flags(bare))})


def _flags(subject: Subject) -> list[Flag]:
    return [*_of_standing(subject), *_of_sending(subject), *_of_records(subject)]


def _of_standing(subject: Subject) -> list[Flag]:
    workspace, creator, flags = subject.workspace, subject.creator, []
    if workspace.status != WorkspaceStatus.ACTIVE:
        flags.append(Flag(STATUSES[WorkspaceStatus(workspace.status)], "danger"))
    if workspace.is_demo:
        flags.append(Flag(_("Demo"), "info"))
    if subject.standing.access == "read_only":
        flags.append(Flag(_("Not paid: read only"), "danger"))
    elif subject.standing.grace_ends_at is not None:
        flags.append(Flag(_("Payment failed"), "warn"))
    if creator is not None and creator.stopped_at is not None:
        flags.append(Flag(_("Stopped by the creator"), "danger"))
    if creator is not None and creator.status != "active":
        flags.append(Flag(creator_word(creator.status), "warn"))
    return flags


def _of_sending(subject: Subject) -> list[Flag]:
    flags, total = [], subject.total
    lost = sum(account.state in _WAITS_FOR_A_PERSON for account in subject.accounts)
    paused = sum(account.is_sending_paused for account in subject.accounts)
    if lost:
        text = ngettext("%(count)d account to reconnect", "%(count)d accounts to reconnect", lost)
        flags.append(Flag(text % {"count": lost}, "danger"))
    if paused:
        text = ngettext("%(count)d account paused", "%(count)d accounts paused", paused)
        flags.append(Flag(text % {"count": paused}))
    if total.failed:
        text = ngettext("%(count)d dead letter", "%(count)d dead letters", total.failed) % {
            "count": total.failed
        }
        url = f"{reverse('admin:messaging_delivery_dead')}?workspace={subject.workspace.public_id}"
        flags.append(Flag(text, "danger" if total.failed > MANY_DEAD else "warn", url))
    if total.uncertain:
        text = ngettext("%(count)d uncertain send", "%(count)d uncertain sends", total.uncertain)
        flags.append(Flag(text % {"count": total.uncertain}))
    return flags


def _of_records(subject: Subject) -> list[Flag]:
    head, flags = subject.head, []
    if head.finding_count:
        flags.append(Flag(_("Audit log does not add up"), "danger"))
    if head.is_held:
        flags.append(Flag(_("Legal hold"), "danger"))
    if head.request_count:
        text = ngettext("%(count)d privacy request", "%(count)d privacy requests", head.request_count)
        flags.append(Flag(text % {"count": head.request_count}))
    return flags
