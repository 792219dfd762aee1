"""`/api/user/…`, `/api/users/…`: the caller's own person."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.team_shapes import Text, zone
from accounts.models import Membership, User
from accounts.services.profile import change_profile
from huntaze.kernel import clock
from huntaze.kernel.api.views import HuntazeViewSet

TAGS = ["Accounts"]


class ProfileChange(serializers.Serializer[Any]):
    name = serializers.RegexField(r"^[^\x00-\x1f\x7f]*$", min_length=2, max_length=50, required=False)
    locale = serializers.ChoiceField(choices=["en", "fr"], required=False)
    timezone = Text(
        max_length=64,
        required=False,
        allow_null=True,
        help_text="IANA name, as in `Europe/Paris`; null is the workspace's.",
    )

    def validate(self, data: dict[str, Any]) -> dict[str, Any]:
        if "avatar" in self.initial_data:
            raise serializers.ValidationError({"avatar": _("Pictures can't be uploaded yet.")})
        return data

    def validate_timezone(self, value: str | None) -> str:
        return "" if value is None else zone(value)


class OwnPlaceOutput(serializers.Serializer[Any]):
    id = serializers.CharField()
    name = serializers.CharField()
    role = serializers.ChoiceField(choices=["owner", "manager", "chatter", "creator"])


class ProfileOutput(serializers.Serializer[Any]):
    id = serializers.CharField()
    email = serializers.EmailField()
    name = serializers.CharField()
    avatar = serializers.URLField(allow_null=True)
    subscription = serializers.ChoiceField(choices=["free", "pro", "enterprise"])
    locale = serializers.ChoiceField(choices=["en", "fr"])
    timezone = serializers.CharField(allow_null=True)
    email_verified = serializers.BooleanField()
    created_at = serializers.DateTimeField()
    workspace = OwnPlaceOutput()


class ProfileViewSet(HuntazeViewSet):
    capabilities = {"retrieve": "workspace.view", "change": "profile.manage"}

    @extend_schema(
        summary="Who you are here",
        description=(
            "The person behind the token or key, and the workspace in which it acts. `timezone` is null where the "
            "workspace's is used; `avatar` is null until pictures can be uploaded."
        ),
        tags=TAGS,
        responses=ProfileOutput,
    )
    def retrieve(self, request: Request) -> Response:
        return self._shown()

    @extend_schema(
        summary="Change your name, language or time zone",
        description="What is left out stays as it is. Not open to API keys.",
        tags=TAGS,
        request=ProfileChange,
        responses=ProfileOutput,
    )
    def change(self, request: Request) -> Response:
        user = User.objects.get(pk=self.principal.user_pk)
        change_profile(user=user, fields=self.valid(ProfileChange), now=clock.now())
        return self._shown()

    def _shown(self) -> Response:
        row = Membership.objects.select_related("user", "workspace").get(pk=self.principal.member_pk)
        user, workspace = row.user, row.workspace
        return Response(
            {
                "id": user.public_id,
                "email": user.email,
                "name": user.name,
                "avatar": user.avatar or None,
                "subscription": workspace.plan,
                "locale": user.locale,
                "timezone": user.timezone or None,
                "email_verified": user.email_verified_at is not None,
                "created_at": user.created_at,
                "workspace": {"id": workspace.public_id, "name": workspace.name, "role": row.role},
            }
        )
