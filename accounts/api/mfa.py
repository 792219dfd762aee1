"""The second factor of the signed-in person, as far as programs need it; security keys are for browsers."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api import serializers
from accounts.models import User
from accounts.selectors.factors import duty_of_user, recovery_codes_left
from accounts.services import factors
from huntaze.kernel import clock
from huntaze.kernel.api.views import HuntazeViewSet

TAGS = ["Accounts"]


class FactorViewSet(HuntazeViewSet):
    capabilities = dict.fromkeys(("look", "enrol", "confirm", "disable", "renew"), "profile.manage")
    step_up = frozenset({"enrol", "renew"})

    @property
    def user(self) -> User:
        return User.objects.get(pk=self.principal.user_pk)

    @extend_schema(
        operation_id="mfa_state",
        summary="Your second factor",
        description="`requiredFrom` is when signing in without one stops working; null where none is asked for.",
        tags=TAGS,
        responses=serializers.FactorsOutput,
    )
    def look(self, request: Request) -> Response:
        user = self.user
        return Response(
            {
                "methods": factors.methods_of(user),
                "recovery_codes_left": recovery_codes_left(user),
                "required_from": duty_of_user(user, clock.now()).at,
            }
        )

    @extend_schema(
        summary="Set up an authenticator app",
        description="It counts once `/api/auth/mfa/confirm` got its first code. Asks for step-up.",
        tags=TAGS,
        request=serializers.EnrolInput,
        responses=serializers.EnrolOutput,
    )
    def enrol(self, request: Request) -> Response:
        self.valid(serializers.EnrolInput)
        made = factors.enrol_totp(user=self.user, now=clock.now())
        return Response({"secret": made.secret, "otpauth_uri": made.uri})

    @extend_schema(
        summary="Confirm the authenticator app",
        description="Answers ten recovery codes; they are shown once, and each works once.",
        tags=TAGS,
        request=serializers.CodeInput,
        responses=serializers.RecoveryCodesOutput,
    )
    def confirm(self, request: Request) -> Response:
        data = self.valid(serializers.CodeInput)
        codes = factors.confirm_totp(user=self.user, code=data["code"], now=clock.now())
        return Response({"recovery_codes": codes})

    @extend_schema(
        summary="Turn the authenticator app off",
        tags=TAGS,
        request=serializers.DisableInput,
        responses=serializers.SuccessOutput,
    )
    def disable(self, request: Request) -> Response:
        data = self.valid(serializers.DisableInput)
        factors.disable_totp(
            user=self.user,
            password=data["password"],
            code=data["code"],
            now=clock.now(),
        )
        return Response({"success": True})

    @extend_schema(
        summary="Ten new recovery codes instead of the old ones",
        description="Asks for step-up.",
        tags=TAGS,
        request=None,
        responses=serializers.RecoveryCodesOutput,
    )
    def renew(self, request: Request) -> Response:
        return Response({"recovery_codes": factors.new_recovery_codes(user=self.user, now=clock.now())})
