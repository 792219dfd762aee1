"""Passwords chosen anew: by the link of a mail, or knowing the old one."""

from django.utils.translation import get_language
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api import serializers
from accounts.api.views import PublicViewSet
from accounts.selectors.principals import family_of
from accounts.services import credentials
from accounts.services.limits import guard_address
from huntaze.kernel import clock
from huntaze.kernel.api.permissions import PUBLIC
from huntaze.kernel.api.views import HuntazeViewSet
from huntaze.kernel.web import device_of

TAGS = ["Accounts"]


class PasswordViewSet(PublicViewSet):
    capabilities = {"reset": PUBLIC, "confirm": PUBLIC}

    @extend_schema(
        summary="Ask for a new password",
        description="The same answer in the same time, whether the account exists or not.",
        tags=TAGS,
        request=serializers.ResetInput,
        responses={202: serializers.MessageOutput},
        auth=[],
    )
    def reset(self, request: Request) -> Response:
        data = self.valid(serializers.ResetInput)
        credentials.request_reset(
            email=data["email"],
            locale=(get_language() or "en")[:2],
            device=device_of(request),
            now=clock.now(),
        )
        return Response({"message": "If the account exists, a mail was sent"}, status=202)

    @extend_schema(
        summary="Choose the new password",
        description=(
            "With the token of the mail: it works for an hour, until the password changes. Ends every session; "
            "does not sign in."
        ),
        tags=TAGS,
        request=serializers.ResetConfirmInput,
        responses={200: serializers.SuccessOutput},
        auth=[],
    )
    def confirm(self, request: Request) -> Response:
        data = self.valid(serializers.ResetConfirmInput)
        guard_address("reset-confirm", device_of(request))
        credentials.reset_password(token=data["token"], password=data["password"], now=clock.now())
        return Response({"success": True})


class OwnPasswordViewSet(HuntazeViewSet):
    capabilities = {"change": "profile.manage"}

    @extend_schema(
        summary="Change your password",
        description=(
            "Ends all other sessions. This one goes on: its access token is stale, the refresh cookie gives a new one."
        ),
        tags=TAGS,
        request=serializers.ChangeInput,
        responses={200: serializers.SuccessOutput},
    )
    def change(self, request: Request) -> Response:
        data = self.valid(serializers.ChangeInput)
        session = family_of(self.principal)
        credentials.change_password(
            user=session.user,
            current=data["current_password"],
            new=data["new_password"],
            now=clock.now(),
            keep=session,
        )
        return Response({"success": True})
