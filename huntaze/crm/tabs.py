"""What stands in each tab of a workspace's or creator's page; at most three queries each."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.selectors import desk as accounts
from accounts.templatetags.integration_words import account_words
from billing.selectors import desk as billing
from huntaze.crm.types import Subject
from messaging.selectors import desk as messaging
from messaging.selectors import queue_figures

Values = dict[str, Any]
#: Accounts that the overview lists; the tab has all.
MOST_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Tab:
    key: str
    title: str | Promise
    read: Callable[[Subject, QueryDict], Values]

    @property
    def template(self) -> str:
        return f"admin/crm/_{self.key}.html"


def _overview(subject: Subject, query: QueryDict) -> Values:
    creators = [] if subject.creator else accounts.creators_of(subject.workspace.pk)
    return {
        "creators": creators,
        "events": _events(subject, 10),
        "states": Counter(str(account_words(account)) for account in subject.accounts).most_common(),
        "paused": sum(account.is_sending_paused for account in subject.accounts),
        "figures": queue_figures(subject.account_pks),
        "lines": [(account, None) for account in subject.accounts[:MOST_SHOWN]],
    }


def _people(subject: Subject, query: QueryDict) -> Values:
    creator_pk = subject.creator.pk if subject.creator else None
    invitations = [] if subject.creator else accounts.invitations_of(subject.workspace.pk)
    return {"members": accounts.members_of(subject.workspace.pk, creator_pk), "invitations": invitations}


def _accounts(subject: Subject, query: QueryDict) -> Values:
    return {"lines": [(account, subject.counts.get(account.pk)) for account in subject.accounts]}


def _queue(subject: Subject, query: QueryDict) -> Values:
    lines = [
        (account, subject.counts[account.pk]) for account in subject.accounts if account.pk in subject.counts
    ]
    return {"lines": lines, "aside": messaging.newest_set_aside(subject.account_pks)}


def _messages(subject: Subject, query: QueryDict) -> Values:
    asked = query.get("fan", "")
    if asked:
        fan, talk = messaging.talk_with(asked, subject.account_pks)
        return {"fan": fan, "talk": talk, "asked": asked}
    return {"sent": messaging.newest_deliveries(subject.account_pks)}


def _campaigns(subject: Subject, query: QueryDict) -> Values:
    return {"campaigns": messaging.campaigns_of(subject.account_pks)}


def _billing(subject: Subject, query: QueryDict) -> Values:
    pk = subject.workspace.pk
    return {"grants": billing.grants_of(pk, subject.now), "changes": billing.changes_of(pk)}


def _audit(subject: Subject, query: QueryDict) -> Values:
    return {"events": _events(subject, accounts.MOST_EVENTS)}


def _events(subject: Subject, most: int) -> list[Any]:
    """Of a creator: what was done to them and to their accounts."""
    targets = (
        [subject.public_id, *(account.public_id for account in subject.accounts)] if subject.creator else None
    )
    return accounts.events_of(subject.workspace.pk, targets, most)


TABS = {
    tab.key: tab
    for tab in (
        Tab("overview", _("Overview"), _overview),
        Tab("people", _("People"), _people),
        Tab("accounts", _("Accounts"), _accounts),
        Tab("queue", _("Queue"), _queue),
        Tab("messages", _("Messages"), _messages),
        Tab("campaigns", _("Campaigns"), _campaigns),
        Tab("billing", _("Billing"), _billing),
        Tab("audit", _("Audit log"), _audit),
    )
}
