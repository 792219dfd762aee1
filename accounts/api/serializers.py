"""Shapes of the authentication API."""

from typing import Any

from rest_framework import serializers


class SignInInput(serializers.Serializer[Any]):
    email = serializers.EmailField(max_length=254)
    password = serializers.CharField(max_length=128, trim_whitespace=False)
    remember_me = serializers.BooleanField(default=False)


class StepUpInput(serializers.Serializer[Any]):
    password = serializers.CharField(max_length=128, trim_whitespace=False)


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
