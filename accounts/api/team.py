"""`/api/workspaces/…` and `/api/creators/…`: the team, its rights, and the creators it works for."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api import team_shapes as shapes
from accounts.models import Membership, Workspace
from accounts.rules.capabilities import CAPABILITIES
from accounts.selectors import team as found
from accounts.selectors.workspaces import places_of
from accounts.services import creators as creator_services
from accounts.services import offboarding
from accounts.services import team as services
from accounts.services.workspaces import change_workspace
from accounts.types import Role
from huntaze.kernel import clock
from huntaze.kernel.api.pagination import page_of
from huntaze.kernel.api.views import HuntazeViewSet
from huntaze.kernel.errors import NotFound

PAGE = [
    OpenApiParameter("limit", int, description="1 to 200, default 50."),
    OpenApiParameter("offset", int, description="Default 0."),
]


class TeamViewSet(HuntazeViewSet):
    """What all of these have in common: the workspace in the address is the caller's own, or there is none."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if self.action is None:
            return  # a method that is not taken here; nobody has been asked who they are
        if kwargs.get("workspace_id", self.principal.workspace_id) != self.principal.workspace_id:
            raise NotFound

    def member(self, member_id: str) -> Membership:
        who = self.principal
        return found.member_of(who.creator_ids, who.member_pk, member_id, clock.now())

    def shown(self, row: Membership) -> Response:
        told = found.told([row], own_pk=self.principal.member_pk, now=clock.now())
        return Response(shapes.member(told[0]))


class WorkspaceViewSet(TeamViewSet):
    capabilities = {
        "list": "workspace.view",
        "retrieve": "workspace.view",
        "change": "workspace.manage",
        "roles": "workspace.view",
        "leave": "profile.manage",
    }
    personal = frozenset({"list"})

    @extend_schema(
        summary="Workspaces of the caller",
        description="Every place the person has. A key and an access token act in one of them, `isCurrent`.",
        tags=["Team"],
        responses=shapes.PlacesOutput,
    )
    def list(self, request: Request) -> Response:
        who = self.principal
        only = who.workspace_pk if who.key_pk else None
        places = places_of(user_pk=who.user_pk, current_pk=who.workspace_pk, only=only)
        return Response({"workspaces": shapes.PlaceOutput(places, many=True).data, "total": len(places)})

    @extend_schema(summary="One workspace", tags=["Team"], responses=shapes.WorkspaceOutput)
    def retrieve(self, request: Request, workspace_id: str) -> Response:
        return Response(shapes.workspace(Workspace.objects.get(pk=self.principal.workspace_pk)))

    @extend_schema(
        summary="Change a workspace",
        tags=["Team"],
        request=shapes.WorkspaceChange,
        responses=shapes.WorkspaceOutput,
    )
    def change(self, request: Request, workspace_id: str) -> Response:
        fields = self.valid(shapes.WorkspaceChange)
        return Response(shapes.workspace(change_workspace(fields=fields, actor=self.actor, now=clock.now())))

    @extend_schema(
        summary="The roles and their rights",
        description="`assigned` rights reach the creators somebody works for; a creator's reach themselves.",
        tags=["Team"],
        responses=shapes.RolesOutput,
    )
    def roles(self, request: Request, workspace_id: str) -> Response:
        given = found.roles_to_give(self.principal.member_pk)
        rows = [
            {
                "role": role,
                "may_be_given": role in given,
                "rights": [
                    {"capability": name, "reach": str(reach)}
                    for name, grant in CAPABILITIES.items()
                    if (reach := grant.reach(role))
                ],
            }
            for role in Role
        ]
        return Response({"roles": rows})

    @extend_schema(
        summary="Leave a workspace",
        description="Ends the caller's own place with its keys and sessions. 409 for the last owner.",
        tags=["Team"],
        request=None,
        responses={204: None},
    )
    def leave(self, request: Request, workspace_id: str) -> Response:
        me = Membership.objects.get(pk=self.principal.member_pk)
        services.end_membership(member=me, actor=self.actor, now=clock.now(), reason="left")
        return Response(status=status.HTTP_204_NO_CONTENT)


class MemberViewSet(TeamViewSet):
    capabilities = {
        "list": "members.view",
        "retrieve": "members.view",
        "change": "members.manage",
        "end": "members.manage",
        "plan": "members.manage",
        "offboard": "members.manage",
        "assign": "members.manage",
        "unassign": "members.manage",
    }

    @extend_schema(
        summary="Members",
        description="Whoever doesn't reach every creator sees the members who work for the same ones.",
        tags=["Team"],
        parameters=PAGE,
        responses=shapes.MembersOutput,
    )
    def list(self, request: Request, workspace_id: str) -> Response:
        page, now, who = page_of(request), clock.now(), self.principal
        rows = found.members_within(who.creator_ids, who.member_pk, now)
        chosen = list(rows.order_by("pk")[page.offset : page.offset + page.limit])
        told = found.told(chosen, own_pk=who.member_pk, now=now)
        return Response(page.answer("members", [shapes.member(row) for row in told], rows.count()))

    @extend_schema(summary="One member", tags=["Team"], responses=shapes.MemberOutput)
    def retrieve(self, request: Request, workspace_id: str, member_id: str) -> Response:
        return self.shown(self.member(member_id))

    @extend_schema(
        summary="Change a member's role or scope",
        description="Nobody gives more than they hold. The person signs in anew, with the new rights.",
        tags=["Team"],
        request=shapes.MemberChange,
        responses=shapes.MemberOutput,
    )
    def change(self, request: Request, workspace_id: str, member_id: str) -> Response:
        fields = self.valid(shapes.MemberChange)
        changed = services.change_member(
            member=self.member(member_id),
            role=Role(fields["role"]) if "role" in fields else None,
            sees_all_creators=fields.get("sees_all_creators"),
            actor=self.actor,
            now=clock.now(),
        )
        return self.shown(changed)

    @extend_schema(
        summary="End a membership",
        description="Access, sessions, keys and assignments end at once; what the person did keeps its author.",
        tags=["Team"],
        request=None,
        responses={204: None},
    )
    def end(self, request: Request, workspace_id: str, member_id: str) -> Response:
        services.end_membership(member=self.member(member_id), actor=self.actor, now=clock.now())
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(
        summary="What ends with a member",
        description="Counted now, for whoever is about to offboard them.",
        tags=["Team"],
        responses=shapes.MemberPlanOutput,
    )
    def plan(self, request: Request, workspace_id: str, member_id: str) -> Response:
        plan = offboarding.plan_member(self.member(member_id), clock.now())
        return Response(shapes.MemberPlanOutput(plan).data)

    @extend_schema(
        summary="Offboard a member",
        description="In one step: access, sessions, keys, assignments and open invitations end.",
        tags=["Team"],
        request=shapes.OffboardInput,
        responses={204: None},
    )
    def offboard(self, request: Request, workspace_id: str, member_id: str) -> Response:
        member, fields = self.member(member_id), self.valid(shapes.OffboardInput)
        services.end_membership(member=member, actor=self.actor, now=clock.now(), reason=fields["reason"])
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(
        summary="Let a member work for a creator",
        description="From `startsAt` (now) until `endsAt` (open); asked again, the times are moved.",
        tags=["Team"],
        request=shapes.AssignmentInput,
        responses=shapes.MemberOutput,
    )
    def assign(self, request: Request, workspace_id: str, member_id: str, creator_id: str) -> Response:
        member, fields = self.member(member_id), self.valid(shapes.AssignmentInput)
        services.assign_creator(
            member=member,
            creator=found.creator_of(self.principal.creator_ids, creator_id),
            starts_at=fields.get("starts_at"),
            ends_at=fields.get("ends_at"),
            actor=self.actor,
            now=clock.now(),
        )
        return self.shown(member)

    @extend_schema(summary="End an assignment", tags=["Team"], request=None, responses=shapes.MemberOutput)
    def unassign(self, request: Request, workspace_id: str, member_id: str, creator_id: str) -> Response:
        member, creator = self.member(member_id), found.creator_of(self.principal.creator_ids, creator_id)
        services.unassign_creator(member=member, creator=creator, actor=self.actor, now=clock.now())
        return self.shown(member)


class CreatorViewSet(TeamViewSet):
    capabilities = {
        "list": "creators.view",
        "retrieve": "creators.view",
        "create": "creators.add",
        "change": "creators.manage",
        "plan": "creators.offboard",
        "offboard": "creators.offboard",
        "stop": "creator.stop",
        "resume": "creator.stop",
    }

    @extend_schema(
        summary="Creators within reach", tags=["Team"], parameters=PAGE, responses=shapes.CreatorsOutput
    )
    def list(self, request: Request) -> Response:
        page = page_of(request)
        rows = found.creators_within(self.principal.creator_ids)
        chosen = rows[page.offset : page.offset + page.limit]
        return Response(page.answer("creators", [shapes.creator(row) for row in chosen], rows.count()))

    @extend_schema(summary="One creator", tags=["Team"], responses=shapes.CreatorOutput)
    def retrieve(self, request: Request, creator_id: str) -> Response:
        return Response(shapes.creator(found.creator_of(self.principal.creator_ids, creator_id)))

    @extend_schema(
        summary="Add a creator",
        tags=["Team"],
        request=shapes.CreatorInput,
        responses={201: shapes.CreatorOutput},
    )
    def create(self, request: Request) -> Response:
        fields = self.valid(shapes.CreatorInput)
        row = creator_services.add_creator(**fields, actor=self.actor, now=clock.now())
        return Response(shapes.creator(row), status=status.HTTP_201_CREATED)

    @extend_schema(
        summary="Change a creator",
        tags=["Team"],
        request=shapes.CreatorChange,
        responses=shapes.CreatorOutput,
    )
    def change(self, request: Request, creator_id: str) -> Response:
        creator = found.creator_of(self.principal.creator_ids, creator_id)
        fields = self.valid(shapes.CreatorChange)
        row = creator_services.change_creator(
            creator=creator, fields=fields, actor=self.actor, now=clock.now()
        )
        return Response(shapes.creator(row))

    @extend_schema(
        summary="What ends with a creator",
        description="Counted now, for whoever is about to offboard them.",
        tags=["Team"],
        responses=shapes.CreatorPlanOutput,
    )
    def plan(self, request: Request, creator_id: str) -> Response:
        creator = found.creator_of(self.principal.creator_ids, creator_id)
        return Response(shapes.CreatorPlanOutput(offboarding.plan_creator(creator, clock.now())).data)

    @extend_schema(
        summary="Offboard a creator",
        description=(
            "In one step: nothing is sent any more, accounts are disconnected, assignments end, and the creator's own "
            "login ends. What was done keeps its author."
        ),
        tags=["Team"],
        request=shapes.OffboardInput,
        responses=shapes.CreatorOutput,
    )
    def offboard(self, request: Request, creator_id: str) -> Response:
        creator = found.creator_of(self.principal.creator_ids, creator_id)
        fields = self.valid(shapes.OffboardInput)
        row = offboarding.offboard_creator(
            creator=creator, actor=self.actor, now=clock.now(), reason=fields["reason"]
        )
        return Response(shapes.creator(row))

    @extend_schema(
        summary="Stop everything",
        description=(
            "For creators themselves, always: nothing is sent any more, and nobody else reaches them, whatever their "
            "role, until they resume."
        ),
        tags=["Team"],
        request=None,
        responses=shapes.CreatorOutput,
    )
    def stop(self, request: Request, creator_id: str) -> Response:
        creator = found.creator_of(self.principal.creator_ids, creator_id)
        row = creator_services.stop(creator=creator, actor=self.actor, now=clock.now())
        return Response(shapes.creator(row))

    @extend_schema(
        summary="Go on after a stop",
        description="Owners reach the creator again; members who worked for them are assigned anew.",
        tags=["Team"],
        request=None,
        responses=shapes.CreatorOutput,
    )
    def resume(self, request: Request, creator_id: str) -> Response:
        creator = found.creator_of(self.principal.creator_ids, creator_id)
        row = creator_services.resume(creator=creator, actor=self.actor, now=clock.now())
        return Response(shapes.creator(row))
