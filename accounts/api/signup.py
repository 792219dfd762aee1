"""Signing up, and proving that a mail address is one's own."""

from django.utils.translation import get_language
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api import serializers
from accounts.api.views import PublicViewSet, with_cookies
from accounts.models import User
from accounts.selectors.people import plan_of
from accounts.services import signup
from accounts.services.limits import guard_address
from huntaze.kernel import clock
from huntaze.kernel.api.permissions import PUBLIC
from huntaze.kernel.api.views import HuntazeViewSet
from huntaze.kernel.web import device_of

TAGS = ["Accounts"]


class SignUpViewSet(PublicViewSet):
    capabilities = {"sign_up": PUBLIC, "verify": PUBLIC}

    @extend_schema(
        summary="Sign up",
        description=(
            "Makes a person, a workspace with its owner, and a default API key whose secret is shown in this answer "
            "only. The access token works at once; until the mail address is verified, connecting accounts, inviting, "
            "exporting and buying answer 403 `Email verification required`."
        ),
        tags=TAGS,
        request=serializers.SignUpInput,
        responses={201: serializers.SignedUpOutput},
        auth=[],
        examples=[
            OpenApiExample(
                "Sign up",
                value={
                    "name": "Luna Martel",
                    "email": "luna@example.com",
                    "password": "…",
                    "acceptTerms": True,
                },
                request_only=True,
            )
        ],
    )
    def sign_up(self, request: Request) -> Response:
        data = self.valid(serializers.SignUpInput)
        device = device_of(request, make=True)
        made = signup.sign_up(
            name=data["name"],
            email=data["email"],
            password=data["password"],
            locale=(get_language() or "en")[:2],
            device=device,
            now=clock.now(),
        )
        body = {
            "message": "User created successfully",
            "user": {
                "id": made.user.public_id,
                "email": made.user.email,
                "name": made.user.name,
                "subscription": made.signed.subscription,
                "created_at": made.user.created_at,
            },
            "access_token": made.signed.access_token,
            "api_key": {
                "id": made.key.public_id,
                "name": made.key.name,
                "prefix": made.key.prefix,
                "scopes": made.key.scopes,
                "key": made.key_secret,
            },
        }
        return with_cookies(Response(body, status=201), made.signed, device)

    @extend_schema(
        summary="Verify a mail address",
        description="With the token of the mail: it works for 24 hours, once.",
        tags=TAGS,
        request=serializers.TokenInput,
        responses={200: serializers.VerifiedOutput},
        auth=[],
    )
    def verify(self, request: Request) -> Response:
        data = self.valid(serializers.TokenInput)
        guard_address("verify", device_of(request))
        user = signup.verify_email(token=data["token"], now=clock.now())
        return Response({"success": True, "user": _shown(user)})


class VerificationViewSet(HuntazeViewSet):
    capabilities = {"resend": "profile.manage"}

    @extend_schema(
        summary="Send the verification mail again",
        description="At most once a minute; the answer is the same when nothing was sent.",
        tags=TAGS,
        request=None,
        responses={202: serializers.MessageOutput},
    )
    def resend(self, request: Request) -> Response:
        user = User.objects.get(pk=self.principal.user_pk)
        signup.resend_verification(user=user, now=clock.now())
        return Response({"message": "If the address is not verified yet, a mail was sent"}, status=202)


def _shown(user: User) -> dict[str, object]:
    return {
        "id": user.public_id,
        "email": user.email,
        "name": user.name,
        "avatar": user.avatar or None,
        "subscription": plan_of(user),
    }
