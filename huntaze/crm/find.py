"""One search over everything: the form of what was typed says where to look, and each place has an index for it."""

import re
from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import Creator, Workspace
from accounts.selectors import desk as accounts
from billing.selectors import desk as billing
from huntaze.crm.types import Found, Hit
from huntaze.kernel import ids
from huntaze.kernel.columns import told
from messaging.models import Fan
from messaging.selectors import desk as messaging
from messaging.services.fans import handle_digest, name_digest

LONGEST = 200
_TRACE = re.compile(r"[0-9a-f]{32}")
_STRIPE = re.compile(r"(?:cus|sub|cs|pi|in|ch|re|dp|du|evt|si|price|prod|pm)_[A-Za-z0-9_]{6,}")
#: Rows that have a page of their own beside the admin's.
_OWN_PAGES: dict[str, str] = {Workspace.PREFIX: "crm_workspace", Creator.PREFIX: "crm_creator"}


def page_of(public_id: str, request: HttpRequest) -> str | None:
    """The page behind a public id; None when it is no id, or nobody's."""
    prefix = public_id.partition("_")[0]
    uid = ids.decode(prefix, public_id)
    if uid is None:
        return None
    for model, table in admin.site._registry.items():
        if getattr(model, "PREFIX", None) == prefix:
            pk = table.get_queryset(request).filter(uid=uid).order_by().values_list("pk", flat=True).first()
            if pk is None:
                return None
            own = _OWN_PAGES.get(prefix)
            return reverse(f"admin:{own}", args=[public_id]) if own else _page(model, pk)
    return None


def find(term: str) -> tuple[Found, ...]:
    """What a term finds, by kind; kinds that hold nothing are left out."""
    if _TRACE.fullmatch(term):
        found = _of_trace(term)
    elif _STRIPE.fullmatch(term):
        found = _of_stripe(term)
    elif "@" in term[1:]:
        found = _of_mail(term)
    else:
        found = _of_name(term.removeprefix("@"))
    return tuple(Found(title, tuple(hits)) for title, hits in found if hits)


_Kinds = Iterable[tuple[str, list[Hit]]]


def _page(model: Any, pk: int) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=[pk])


def _row(row: Any, label: str, detail: str) -> Hit:
    return Hit(label, detail, _page(type(row), row.pk))


def workspace_url(workspace: Workspace) -> str:
    return reverse("admin:crm_workspace", args=[workspace.public_id])


def creator_url(creator: Creator) -> str:
    return reverse("admin:crm_creator", args=[creator.public_id])


def _of_trace(term: str) -> _Kinds:
    yield (
        _("Messages going out"),
        [
            _row(
                row,
                row.reference,
                f"{told('messaging.delivery.state', row.state)} · {row.account} · {row.workspace.name}",
            )
            for row in messaging.deliveries_of_trace(term)
        ],
    )
    yield (
        _("What platforms told us"),
        [
            _row(row, row.public_id, f"{row.event} · {told('state', row.state)}")
            for row in messaging.events_of_trace(term)
        ],
    )
    yield (
        _("Audit log"),
        [
            _row(row, row.action, f"{row.target} · {row.workspace.name}")
            for row in accounts.audit_of_trace(term)
        ],
    )


def _of_stripe(term: str) -> _Kinds:
    yield (
        _("Workspaces"),
        [
            Hit(
                row.workspace.name,
                f"{row.plan or '–'} · {told('billing.subscriptionrecord.status', row.status)}",
                workspace_url(row.workspace),
            )
            for row in billing.subscriptions_by_id(term)
        ],
    )
    yield (
        _("Purchases"),
        [
            _row(row, row.public_id, f"{row.choice} · {told('state', row.state)} · {row.workspace.name}")
            for row in billing.purchases_by_id(term)
        ],
    )
    yield (
        _("Events of Stripe"),
        [
            _row(row, row.type, f"{row.object_id} · {told('state', row.state)}")
            for row in billing.events_by_id(term)
        ],
    )


def _of_mail(term: str) -> _Kinds:
    people = accounts.people_by_mail(term)
    places = accounts.places_of_people(people) if people else {}
    yield (
        _("People"),
        [
            Hit(
                person.email,
                person.name,
                _page(type(person), person.pk),
                tuple(
                    (place.workspace.name, workspace_url(place.workspace))
                    for place in places.get(person.pk, ())
                ),
            )
            for person in people
        ],
    )


def _of_name(term: str) -> _Kinds:
    fans = messaging.fans_named(name=name_digest(term), handle=handle_digest(term), platform_id=term)
    yield _("Creators with this fan"), [_of_fan(fan) for fan in fans]
    yield (
        _("Creators"),
        [
            Hit(
                row.stage_name,
                f"{row.workspace.name} · {told('accounts.creator.status', row.status)}",
                creator_url(row),
            )
            for row in accounts.creators_like(term)
        ],
    )
    yield (
        _("Accounts"),
        [
            Hit(
                str(row),
                " · ".join(
                    (
                        told("platform", row.platform),
                        told("accounts.platformaccount.state", row.state),
                        row.creator.stage_name,
                    )
                ),
                creator_url(row.creator),
                ((_("account"), _page(type(row), row.pk)),),
            )
            for row in accounts.accounts_like(term)
        ],
    )
    yield (
        _("Workspaces"),
        [
            Hit(
                row.name,
                f"{told('accounts.workspace.kind', row.kind)} · {told('accounts.workspace.status', row.status)}",
                workspace_url(row),
            )
            for row in accounts.workspaces_like(term)
        ],
    )


def _of_fan(fan: Fan) -> Hit:
    """Leads to the creator; the fan's own name stays sealed, the term was it."""
    creator = fan.account.creator
    talk = f"{reverse('admin:crm_creator_tab', args=[creator.public_id, 'messages'])}?fan={fan.public_id}"
    return Hit(
        creator.stage_name,
        f"{fan.account} · {fan.workspace.name} · {fan.public_id}",
        creator_url(creator),
        ((_("messages with this fan"), talk), (_("fan"), _page(Fan, fan.pk))),
    )
