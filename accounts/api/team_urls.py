"""`/api/workspaces/…`, `/api/creators/…`"""

from django.urls import path

from accounts.api.invitations import AcceptViewSet, InvitationViewSet
from accounts.api.team import CreatorViewSet, MemberViewSet, WorkspaceViewSet

_WORKSPACE = "workspaces/<str:workspace_id>"
_MEMBER = f"{_WORKSPACE}/members/<str:member_id>"

urlpatterns = [
    path("workspaces", WorkspaceViewSet.as_view({"get": "list"})),
    path(_WORKSPACE, WorkspaceViewSet.as_view({"get": "retrieve", "patch": "change"})),
    path(f"{_WORKSPACE}/roles", WorkspaceViewSet.as_view({"get": "roles"})),
    path(f"{_WORKSPACE}/leave", WorkspaceViewSet.as_view({"post": "leave"})),
    path(f"{_WORKSPACE}/members", MemberViewSet.as_view({"get": "list"})),
    path(_MEMBER, MemberViewSet.as_view({"get": "retrieve", "patch": "change", "delete": "end"})),
    path(f"{_MEMBER}/offboarding", MemberViewSet.as_view({"get": "plan", "post": "offboard"})),
    path(
        f"{_MEMBER}/creators/<str:creator_id>",
        MemberViewSet.as_view({"put": "assign", "delete": "unassign"}),
    ),
    path(f"{_WORKSPACE}/invitations", InvitationViewSet.as_view({"get": "list", "post": "create"})),
    path(f"{_WORKSPACE}/invitations/<str:invitation_id>", InvitationViewSet.as_view({"delete": "revoke"})),
    path(
        f"{_WORKSPACE}/invitations/<str:invitation_id>/resend", InvitationViewSet.as_view({"post": "resend"})
    ),
    path("invitations/look", AcceptViewSet.as_view({"post": "look"})),
    path("invitations/accept", AcceptViewSet.as_view({"post": "accept"})),
    path("creators", CreatorViewSet.as_view({"get": "list", "post": "create"})),
    path("creators/<str:creator_id>", CreatorViewSet.as_view({"get": "retrieve", "patch": "change"})),
    path(
        "creators/<str:creator_id>/offboarding", CreatorViewSet.as_view({"get": "plan", "post": "offboard"})
    ),
    path("creators/<str:creator_id>/stop", CreatorViewSet.as_view({"post": "stop"})),
    path("creators/<str:creator_id>/resume", CreatorViewSet.as_view({"post": "resume"})),
]
