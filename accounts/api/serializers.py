"""Shapes of the authentication API."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers


class SignInInput(serializers.Serializer[Any]):
    email = serializers.EmailField(max_length=254)
    password = serializers.CharField(max_length=128, trim_whitespace=False)
    remember_me = serializers.BooleanField(default=False)
    code = serializers.CharField(max_length=40, default="", allow_blank=True)


class SignUpInput(serializers.Serializer[Any]):
    name = serializers.RegexField(r"^[^\x00-\x1f\x7f]*$", min_length=2, max_length=50)
    email = serializers.EmailField(max_length=254)
    password = serializers.CharField(max_length=128, trim_whitespace=False)
    accept_terms = serializers.BooleanField()

    def validate_accept_terms(self, value: bool) -> bool:
        if not value:
            raise serializers.ValidationError(_("Accept the terms to go on."))
        return value


class NewUserOutput(serializers.Serializer[Any]):
    id = serializers.CharField()
    email = serializers.EmailField()
    name = serializers.CharField()
    subscription = serializers.ChoiceField(choices=["free", "pro", "enterprise"])
    created_at = serializers.DateTimeField()


class FirstKeyOutput(serializers.Serializer[Any]):
    id = serializers.CharField()
    name = serializers.CharField()
    prefix = serializers.CharField()
    scopes = serializers.ListField(child=serializers.CharField())
    key = serializers.CharField()


class SignedUpOutput(serializers.Serializer[Any]):
    message = serializers.CharField()
    user = NewUserOutput()
    access_token = serializers.CharField()
    api_key = FirstKeyOutput()


class TokenInput(serializers.Serializer[Any]):
    token = serializers.CharField(max_length=600)


class ResetInput(serializers.Serializer[Any]):
    email = serializers.EmailField(max_length=254)


class ResetConfirmInput(TokenInput):
    password = serializers.CharField(max_length=128, trim_whitespace=False)


class ChangeInput(serializers.Serializer[Any]):
    current_password = serializers.CharField(max_length=128, trim_whitespace=False)
    new_password = serializers.CharField(max_length=128, trim_whitespace=False)


class PlaceInput(serializers.Serializer[Any]):
    workspace_id = serializers.CharField(max_length=40)


class SessionOutput(serializers.Serializer[Any]):
    id = serializers.CharField()
    kind = serializers.ChoiceField(choices=["browser", "api"])
    device = serializers.CharField()
    country = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    last_used_at = serializers.DateTimeField()
    current = serializers.BooleanField()


class SessionsOutput(serializers.Serializer[Any]):
    sessions = SessionOutput(many=True)


class EnrolInput(serializers.Serializer[Any]):
    type = serializers.ChoiceField(choices=["totp"])


class EnrolOutput(serializers.Serializer[Any]):
    secret = serializers.CharField()
    otpauth_uri = serializers.CharField()


class CodeInput(serializers.Serializer[Any]):
    code = serializers.CharField(max_length=40)


class DisableInput(CodeInput):
    password = serializers.CharField(max_length=128, trim_whitespace=False)


class RecoveryCodesOutput(serializers.Serializer[Any]):
    recovery_codes = serializers.ListField(child=serializers.CharField())


class FactorsOutput(serializers.Serializer[Any]):
    methods = serializers.ListField(
        child=serializers.ChoiceField(choices=["totp", "webauthn", "recovery_code"])
    )
    recovery_codes_left = serializers.IntegerField()
    required_from = serializers.DateTimeField(allow_null=True)


class StepUpInput(serializers.Serializer[Any]):
    password = serializers.CharField(max_length=128, trim_whitespace=False, default="", allow_blank=True)
    code = serializers.CharField(max_length=40, default="", allow_blank=True)


class StepUpOutput(serializers.Serializer[Any]):
    success = serializers.BooleanField()
    valid_until = serializers.DateTimeField()


class LogoutInput(serializers.Serializer[Any]):
    everywhere = serializers.BooleanField(default=False)


class UserOutput(serializers.Serializer[Any]):
    id = serializers.CharField()
    email = serializers.EmailField()
    name = serializers.CharField()
    avatar = serializers.URLField(allow_null=True)
    subscription = serializers.ChoiceField(choices=["free", "pro", "enterprise"])


class SignedInOutput(serializers.Serializer[Any]):
    user = UserOutput()
    access_token = serializers.CharField()


class AccessTokenOutput(serializers.Serializer[Any]):
    access_token = serializers.CharField()


class SuccessOutput(serializers.Serializer[Any]):
    success = serializers.BooleanField()


class VerifiedOutput(SuccessOutput):
    user = UserOutput()


class MessageOutput(serializers.Serializer[Any]):
    message = serializers.CharField()
