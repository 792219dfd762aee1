"""Authentication API: sign in, refresh, log out. The refresh token travels only in a cookie."""

from typing import Any

from django.conf import settings
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api import serializers
from accounts.errors import InvalidRefreshToken
from accounts.services import signin
from accounts.types import SignedIn
from huntaze.kernel import clock
from huntaze.kernel.api.permissions import PUBLIC
from huntaze.kernel.api.views import HuntazeViewSet
from huntaze.kernel.errors import NotAllowed
from huntaze.kernel.web import Device, device_of, remember_device

#: Actions that act on the refresh cookie, which a browser sends by itself.
COOKIE_ACTIONS = {"refresh", "logout"}
COOKIE = OpenApiParameter("refreshToken", str, OpenApiParameter.COOKIE, description="Set by sign-in.")


class PublicViewSet(HuntazeViewSet):
    """Doors for whoever is not signed in; a stale bearer token on them is ignored."""

    authentication_classes = ()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        media_type = (request.content_type or "").partition(";")[0].strip().lower()
        if self.action in COOKIE_ACTIONS and media_type != "application/json":
            raise UnsupportedMediaType(media_type)  # what a form of another site can't send
        origin = request.headers.get("Origin")
        if origin is not None and origin not in settings.CSRF_TRUSTED_ORIGINS:
            raise NotAllowed("This origin is not trusted")


class AuthViewSet(PublicViewSet):
    """Signing in and going on; the cookie or the password decides."""

    capabilities = {"sign_in": PUBLIC, "refresh": PUBLIC, "logout": PUBLIC}

    @extend_schema(
        summary="Sign in",
        description=(
            "Gives an access token for 15 minutes; the refresh token comes only as an HttpOnly cookie, for 7 days or, "
            "with `rememberMe`, 30. Wrong password and unknown mail are the same 401."
        ),
        tags=["Accounts"],
        request=serializers.SignInInput,
        responses={200: serializers.SignedInOutput},
        auth=[],
        examples=[
            OpenApiExample(
                "Sign in",
                value={"email": "owner@demo.huntaze.test", "password": "…", "rememberMe": False},
                request_only=True,
            )
        ],
    )
    def sign_in(self, request: Request) -> Response:
        data = self.valid(serializers.SignInInput)
        device = device_of(request, make=True)
        signed = signin.sign_in(
            email=data["email"],
            password=data["password"],
            is_remembered=data["remember_me"],
            device=device,
            now=clock.now(),
            code=data["code"],
        )
        user = {
            "id": signed.user_id,
            "email": signed.email,
            "name": signed.name,
            "avatar": signed.avatar,
            "subscription": signed.subscription,
        }
        return with_cookies(Response({"user": user, "access_token": signed.access_token}), signed, device)

    @extend_schema(
        summary="Exchange the refresh cookie for a new access token",
        description="The cookie is replaced. A refresh token presented again later ends the whole session.",
        tags=["Accounts"],
        request=None,
        parameters=[COOKIE],
        responses={200: serializers.AccessTokenOutput},
        auth=[],
    )
    def refresh(self, request: Request) -> Response:
        secret = request.COOKIES.get(settings.REFRESH_COOKIE_NAME)
        if not secret:
            raise InvalidRefreshToken
        device = device_of(request)
        signed = signin.refresh(secret=secret, device=device, now=clock.now())
        return with_cookies(Response({"access_token": signed.access_token}), signed, device)

    @extend_schema(
        summary="Log out here, or everywhere",
        description="Ends the session of the refresh cookie; `everywhere` ends all of the person's sessions.",
        tags=["Accounts"],
        request=serializers.LogoutInput,
        parameters=[COOKIE],
        responses={200: serializers.SuccessOutput},
        auth=[],
    )
    def logout(self, request: Request) -> Response:
        data = self.valid(serializers.LogoutInput)
        secret = request.COOKIES.get(settings.REFRESH_COOKIE_NAME)
        signin.sign_out(secret=secret, everywhere=data["everywhere"], now=clock.now())
        response = Response({"success": True})
        response.delete_cookie(settings.REFRESH_COOKIE_NAME, path="/", samesite="Strict")
        response["Clear-Site-Data"] = '"cache", "storage"'
        return response


def with_cookies(response: Response, signed: SignedIn, device: Device) -> Response:
    """The answer with the refresh token, and the device's own cookie if it has one by now."""
    if device.token:
        remember_device(response, device)
    response.set_cookie(
        settings.REFRESH_COOKIE_NAME,
        signed.refresh_token,
        expires=signed.refresh_expires_at,
        path="/",
        secure=settings.COOKIE_SECURE,
        httponly=True,
        samesite="Strict",
    )
    return response
