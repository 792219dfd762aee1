"""`/api/workspaces/…/invitations` for the team, `/api/invitations/…` for whoever has a link."""

from django.utils.translation import get_language
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api import team_shapes as shapes
from accounts.api.team import PAGE, TeamViewSet
from accounts.api.views import PublicViewSet
from accounts.selectors import team as found
from accounts.services import invitations as services
from accounts.services.limits import guard_address
from accounts.types import Role
from huntaze.kernel import clock
from huntaze.kernel.api.pagination import page_of
from huntaze.kernel.api.permissions import PUBLIC
from huntaze.kernel.web import device_of


class InvitationViewSet(TeamViewSet):
    capabilities = {
        "list": "members.view",
        "create": "members.manage",
        "resend": "members.manage",
        "revoke": "members.manage",
    }

    @extend_schema(
        summary="Open invitations", tags=["Team"], parameters=PAGE, responses=shapes.InvitationsOutput
    )
    def list(self, request: Request, workspace_id: str) -> Response:
        page, now = page_of(request), clock.now()
        rows = found.invitations_within(self.principal.creator_ids, self.principal.member_pk)
        chosen = [shapes.invitation(row, now) for row in rows[page.offset : page.offset + page.limit]]
        return Response(page.answer("invitations", chosen, rows.count()))

    @extend_schema(
        summary="Invite somebody by mail",
        description=(
            "The link works for 7 days, once. `creatorIds` are the creators the member will work for; with the role "
            "`creator` it is the one creator whose own login this is."
        ),
        tags=["Team"],
        request=shapes.InvitationInput,
        responses={201: shapes.InvitationOutput},
    )
    def create(self, request: Request, workspace_id: str) -> Response:
        fields, now = self.valid(shapes.InvitationInput), clock.now()
        creators = [
            found.creator_of(self.principal.creator_ids, one) for one in dict.fromkeys(fields["creator_ids"])
        ]
        row = services.invite(
            email=fields["email"],
            role=Role(fields["role"]),
            sees_all_creators=fields["sees_all_creators"],
            creators=creators,
            locale=(get_language() or "en")[:2],
            actor=self.actor,
            now=now,
        )
        return Response(shapes.invitation(row, now), status=status.HTTP_201_CREATED)

    @extend_schema(
        summary="Send an invitation again",
        description="With a new link, for another 7 days; the link before is worth nothing.",
        tags=["Team"],
        request=None,
        responses=shapes.InvitationOutput,
    )
    def resend(self, request: Request, workspace_id: str, invitation_id: str) -> Response:
        who, now = self.principal, clock.now()
        row = found.invitation_of(who.creator_ids, who.member_pk, invitation_id)
        locale = (get_language() or "en")[:2]
        return Response(
            shapes.invitation(services.resend(invitation=row, locale=locale, actor=self.actor, now=now), now)
        )

    @extend_schema(summary="Take an invitation back", tags=["Team"], request=None, responses={204: None})
    def revoke(self, request: Request, workspace_id: str, invitation_id: str) -> Response:
        row = found.invitation_of(self.principal.creator_ids, self.principal.member_pk, invitation_id)
        services.revoke(invitation=row, actor=self.actor, now=clock.now())
        return Response(status=status.HTTP_204_NO_CONTENT)


class AcceptViewSet(PublicViewSet):
    capabilities = {"look": PUBLIC, "accept": PUBLIC}

    @extend_schema(
        summary="What an invitation offers",
        description="`isKnown` says whether a person with this mail exists, who then accepts with their password.",
        tags=["Team"],
        request=shapes.LookInput,
        responses=shapes.OfferOutput,
        auth=[],
    )
    def look(self, request: Request) -> Response:
        data = self.valid(shapes.LookInput)
        guard_address("invitation", device_of(request))
        offer = services.look(token=data["token"], now=clock.now())
        return Response(
            {
                "email": offer.email,
                "role": offer.role,
                "workspace_name": offer.workspace_name,
                "invited_by": offer.invited_by,
                "is_known": offer.is_known,
            }
        )

    @extend_schema(
        summary="Accept an invitation",
        description=(
            "A new person sends name, a new password and `acceptTerms`; somebody who has an account sends their "
            "password. Sign in afterwards."
        ),
        tags=["Team"],
        request=shapes.AcceptInput,
        responses=shapes.AcceptedOutput,
        auth=[],
    )
    def accept(self, request: Request) -> Response:
        data = self.valid(shapes.AcceptInput)
        now, device = clock.now(), device_of(request)
        guard_address("invitation", device)
        offer = services.look(token=data["token"], now=now)
        if offer.is_known:
            services.accept_as_known(offer=offer, password=data["password"], device=device, now=now)
        else:
            services.accept_as_new(
                offer=offer,
                name=data.get("name", ""),
                password=data["password"],
                locale=(get_language() or "en")[:2],
                has_accepted_terms=data["accept_terms"],
                now=now,
            )
        workspace = offer.row.workspace.public_id
        return Response({"success": True, "workspace_id": workspace, "email": offer.email})
