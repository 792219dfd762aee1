"""Pages of the team: members, invitations, creators; and what may be done with them."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language, gettext_noop
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.forms import team as forms
from accounts.models import Membership
from accounts.rules.capabilities import CAPABILITIES
from accounts.selectors import team as found
from accounts.services import creators, invitations, offboarding
from accounts.services import team as services
from accounts.services.audit import Actor
from accounts.types import Role
from huntaze.kernel import clock
from huntaze.kernel.errors import Conflict, Invalid, NotAllowed
from huntaze.kernel.web import page, principal_of

#: Rows of one page; a larger team is searched through the API.
MOST = 200
#: What the services refuse with, for translation.
REFUSALS = (
    gettext_noop("A workspace needs an owner: give somebody else that role first"),
    gettext_noop("A creator's own login is not anybody else's to change"),
    gettext_noop("This address is invited already"),
    gettext_noop("Already a member of this workspace"),
    gettext_noop("Too many invitations are open: take some back first"),
    gettext_noop("This membership has ended"),
    gettext_noop("This creator has left the workspace"),
    gettext_noop("Owners reach every creator, and creators only themselves"),
    gettext_noop("The end must lie ahead, and after the start."),
    gettext_noop("Nothing leaves a demo workspace"),
    gettext_noop("Name the one creator whose login this is, who has none yet."),
)


def actor_of(request: HttpRequest) -> Actor:
    return Actor.of(principal_of(request))


@page("members.view")
@require_safe
def team(request: HttpRequest) -> HttpResponse:
    return _page(request)


def _page(request: HttpRequest, status: int = 200, **more: Any) -> HttpResponse:
    who, now = principal_of(request), clock.now()
    members = list(found.members_within(who.creator_ids, who.member_pk, now).order_by("pk")[:MOST])
    within = list(found.creators_within(who.creator_ids)[:MOST])
    context = {
        "members": found.told(members, own_pk=who.member_pk, now=now),
        "invitations": found.invitations_within(who.creator_ids, who.member_pk)[:MOST],
        "creators": within,
        "now": now,
        "roles": _rights(),
        "may_manage": who.can("members.manage"),
        "may_add": who.can("creators.add"),
        "may_offboard": who.can("creators.offboard"),
        "creator_form": forms.CreatorForm(),
    }
    if context["may_manage"]:
        context["form"] = _invite_form(request, within)
    return render(request, "accounts/team.html", context | more, status=status)


def _rights() -> list[dict[str, Any]]:
    """The table of rights: one row a capability, a mark for each role."""
    return [
        {"capability": name, "cells": [{"role": role, "reach": grant.reach(role)} for role in Role]}
        for name, grant in CAPABILITIES.items()
    ]


def _invite_form(request: HttpRequest, within: list[Any], data: Any = None) -> forms.InviteForm:
    who = principal_of(request)
    active = [creator for creator in within if creator.status != "offboarded"]
    roles = found.roles_to_give(who.member_pk)
    return forms.InviteForm(roles, active, data, reaches_all=who.creator_ids is None)


@page("members.manage")
@require_POST
def invite(request: HttpRequest) -> HttpResponse:
    who, now = principal_of(request), clock.now()
    within = list(found.creators_within(who.creator_ids)[:MOST])
    form, status = _invite_form(request, within, request.POST), 422
    if form.is_valid():
        data = form.cleaned_data
        try:
            invitations.invite(
                email=data["email"],
                role=Role(data["role"]),
                sees_all_creators=data.get("sees_all_creators", False),
                creators=[row for row in within if row.public_id in data["creators"]],
                locale=(get_language() or "en")[:2],
                actor=actor_of(request),
                now=now,
            )
        except Invalid as error:
            form.add_error("creators", _(error.errors[0].message))
        except (Conflict, NotAllowed) as error:
            status = 409
            form.add_error(None, _(error.message))
        else:
            messages.success(
                request, _("The invitation is on its way to %(email)s.") % {"email": data["email"]}
            )
            return redirect("team")
    return _page(request, status, form=form)


@page("members.manage")
@require_POST
def invitation_deed(request: HttpRequest, invitation_id: str, deed: str) -> HttpResponse:
    """Send an invitation again, or take it back."""
    who, now = principal_of(request), clock.now()
    if deed not in {"resend", "revoke"}:
        raise Http404
    row = found.invitation_of(who.creator_ids, who.member_pk, invitation_id)
    if deed == "resend":
        locale = (get_language() or "en")[:2]
        invitations.resend(invitation=row, locale=locale, actor=actor_of(request), now=now)
        messages.success(request, _("A new mail is on its way; the link before no longer works."))
    else:
        invitations.revoke(invitation=row, actor=actor_of(request), now=now)
        messages.success(request, _("The invitation is taken back."))
    return redirect("team")


@page("members.manage")
@require_safe
def member(request: HttpRequest, member_id: str) -> HttpResponse:
    return _member_page(request, _member(request, member_id))


def _member(request: HttpRequest, member_id: str) -> Membership:
    who = principal_of(request)
    return found.member_of(who.creator_ids, who.member_pk, member_id, clock.now())


def _member_page(request: HttpRequest, row: Membership, status: int = 200, **more: Any) -> HttpResponse:
    who, now = principal_of(request), clock.now()
    told = found.told([row], own_pk=who.member_pk, now=now)[0]
    context = {
        "member": told,
        "rights_form": _rights_form(request, row),
        "assign_form": _assign_form(request),
        "plan": offboarding.plan_member(row, now),
        "offboard_form": forms.OffboardForm(row.user.name),
    }
    return render(request, "accounts/team_member.html", context | more, status=status)


def _rights_form(request: HttpRequest, row: Membership, data: Any = None) -> forms.RightsForm:
    initial = {"role": row.role, "sees_all_creators": row.sees_all_creators}
    return forms.RightsForm(found.roles_to_give(principal_of(request).member_pk), data, initial=initial)


def _assign_form(request: HttpRequest, data: Any = None) -> forms.AssignForm:
    rows = found.creators_within(principal_of(request).creator_ids).exclude(status="offboarded")
    return forms.AssignForm(rows[:MOST], data)


@page("members.manage")
@require_POST
def member_deed(request: HttpRequest, member_id: str, deed: str) -> HttpResponse:
    """Change a member's rights, the creators they work for, or end their membership."""
    row = _member(request, member_id)
    if deed not in DEEDS:
        raise Http404
    return DEEDS[deed](request, row)


def _change(request: HttpRequest, row: Membership) -> HttpResponse:
    form = _rights_form(request, row, request.POST)
    if form.is_valid():
        try:
            services.change_member(
                member=row,
                role=Role(form.cleaned_data["role"]),
                sees_all_creators=form.cleaned_data["sees_all_creators"],
                actor=actor_of(request),
                now=clock.now(),
            )
        except Conflict as error:
            form.add_error(None, _(error.message))
        else:
            return _done(request, row, _("The rights are changed; the person signs in anew."))
    return _member_page(request, row, 422, rights_form=form)


def _assign(request: HttpRequest, row: Membership) -> HttpResponse:
    form = _assign_form(request, request.POST)
    if form.is_valid():
        try:
            services.assign_creator(
                member=row,
                creator=found.creator_of(principal_of(request).creator_ids, form.cleaned_data["creator"]),
                starts_at=form.cleaned_data["starts_at"],
                ends_at=form.cleaned_data["ends_at"],
                actor=actor_of(request),
                now=clock.now(),
            )
        except Invalid as error:
            form.add_error("ends_at", _(error.errors[0].message))
        except Conflict as error:
            form.add_error(None, _(error.message))
        else:
            return _done(request, row, _("The assignment is kept."))
    return _member_page(request, row, 422, assign_form=form)


def _unassign(request: HttpRequest, row: Membership) -> HttpResponse:
    creator = found.creator_of(principal_of(request).creator_ids, request.POST.get("creator", ""))
    try:
        services.unassign_creator(member=row, creator=creator, actor=actor_of(request), now=clock.now())
    except Conflict as error:
        messages.warning(request, _(error.message))
        return redirect("team_member", row.public_id)
    return _done(request, row, _("The assignment has ended."))


def _offboard(request: HttpRequest, row: Membership) -> HttpResponse:
    form = forms.OffboardForm(row.user.name, request.POST)
    if form.is_valid():
        try:
            services.end_membership(
                member=row, actor=actor_of(request), now=clock.now(), reason=form.cleaned_data["reason"]
            )
        except Conflict as error:
            form.add_error(None, _(error.message))
        else:
            messages.success(request, _("%(name)s has no access any more.") % {"name": row.user.name})
            return redirect("team")
    return _member_page(request, row, 422, offboard_form=form)


DEEDS = {"rights": _change, "assign": _assign, "unassign": _unassign, "offboard": _offboard}


def _done(request: HttpRequest, row: Membership, sentence: str) -> HttpResponse:
    messages.success(request, sentence)
    return redirect("team_member", row.public_id)


@page("creators.add")
@require_POST
def add_creator(request: HttpRequest) -> HttpResponse:
    form = forms.CreatorForm(request.POST)
    if not form.is_valid():
        return _page(request, 422, creator_form=form)
    creators.add_creator(
        stage_name=form.cleaned_data["stage_name"],
        timezone=request.workspace.timezone,  # type: ignore[attr-defined]
        actor=actor_of(request),
        now=clock.now(),
    )
    messages.success(request, _("The creator is added."))
    return redirect("team")


@page("creators.offboard")
def creator_offboarding(request: HttpRequest, creator_id: str) -> HttpResponse:
    """What ends with a creator, and the button that does it."""
    if request.method not in {"GET", "HEAD", "POST"}:
        return HttpResponse(status=405)
    creator = found.creator_of(principal_of(request).creator_ids, creator_id)
    form, status = forms.OffboardForm(creator.stage_name, request.POST or None), 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                offboarding.offboard_creator(
                    creator=creator,
                    actor=actor_of(request),
                    now=clock.now(),
                    reason=form.cleaned_data["reason"],
                )
            except Conflict as error:
                form.add_error(None, _(error.message))
            else:
                messages.success(request, _("%(name)s is offboarded.") % {"name": creator.stage_name})
                return redirect("team")
    plan = offboarding.plan_creator(creator, clock.now())
    context = {"creator": creator, "plan": plan, "form": form}
    return render(request, "accounts/creator_offboarding.html", context, status=status)


@page("creators.view")
@require_safe
def myself(request: HttpRequest) -> HttpResponse:
    """A creator's own page: what is sent in their name, and the switch that stops everything."""
    rows = found.creators_within(principal_of(request).creator_ids).filter(
        user_id=principal_of(request).user_pk
    )
    return render(request, "accounts/my_stop.html", {"creators": rows})


@page("creator.stop")
@require_POST
def stop(request: HttpRequest, creator_id: str, deed: str) -> HttpResponse:
    """Stop everything, or go on."""
    if deed not in {"stop", "resume"}:
        raise Http404
    creator = found.creator_of(principal_of(request).creator_ids, creator_id)
    act = creators.stop if deed == "stop" else creators.resume
    act(creator=creator, actor=actor_of(request), now=clock.now())
    messages.success(request, _("Everything is stopped.") if deed == "stop" else _("Sending goes on."))
    return redirect("my_stop")
