"""Shapes of the team on the wire."""

from typing import Any

from rest_framework import serializers

from accounts.models import Creator, Invitation, Workspace
from accounts.rules import zones
from accounts.selectors.team import Member
from accounts.types import Role

ROLES = [role.value for role in Role]


class Text(serializers.CharField):
    """A string and nothing else: numbers and truth values are not turned into text."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class WorkspaceChange(serializers.Serializer[Any]):
    name = Text(min_length=2, max_length=100, required=False)
    kind = serializers.ChoiceField(choices=[value for value, _ in Workspace.KINDS], required=False)
    timezone = Text(max_length=64, required=False, help_text="IANA name, as in `Europe/Paris`.")
    currency = serializers.RegexField(r"\A[A-Z]{3}\Z", required=False, help_text="ISO 4217.")
    locale = serializers.ChoiceField(choices=["en", "fr"], required=False)

    def validate_timezone(self, value: str) -> str:
        return zone(value)


def zone(value: str) -> str:
    """A time zone that the machine knows."""
    if not zones.is_zone(value):
        raise serializers.ValidationError("Use a time zone such as `Europe/Paris`.")
    return value


class WorkspaceOutput(serializers.Serializer[Any]):
    id = serializers.CharField()
    name = serializers.CharField()
    kind = serializers.CharField()
    timezone = serializers.CharField()
    currency = serializers.CharField()
    locale = serializers.CharField()
    status = serializers.CharField()
    plan = serializers.CharField()
    created_at = serializers.DateTimeField()


class PlaceOutput(serializers.Serializer[Any]):
    id = serializers.CharField()
    name = serializers.CharField()
    role = serializers.CharField()
    is_current = serializers.BooleanField()


class PlacesOutput(serializers.Serializer[Any]):
    workspaces = PlaceOutput(many=True)
    total = serializers.IntegerField()


class RightOutput(serializers.Serializer[Any]):
    capability = serializers.CharField()
    reach = serializers.ChoiceField(choices=["all", "assigned"])


class RoleOutput(serializers.Serializer[Any]):
    role = serializers.ChoiceField(choices=ROLES)
    may_be_given = serializers.BooleanField()
    rights = RightOutput(many=True)


class RolesOutput(serializers.Serializer[Any]):
    roles = RoleOutput(many=True)


class MemberChange(serializers.Serializer[Any]):
    role = serializers.ChoiceField(choices=ROLES, required=False)
    sees_all_creators = serializers.BooleanField(required=False, help_text="For managers: every creator.")


class WorkOutput(serializers.Serializer[Any]):
    creator_id = serializers.CharField()
    stage_name = serializers.CharField()
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField(allow_null=True)


class MemberOutput(serializers.Serializer[Any]):
    id = serializers.CharField()
    user_id = serializers.CharField()
    name = serializers.CharField()
    email = serializers.CharField()
    role = serializers.ChoiceField(choices=ROLES)
    sees_all_creators = serializers.BooleanField()
    reaches_all = serializers.BooleanField()
    creators = WorkOutput(many=True)
    joined_at = serializers.DateTimeField()
    last_active_at = serializers.DateTimeField(allow_null=True)
    is_you = serializers.BooleanField()
    may_change = serializers.BooleanField()


class MembersOutput(serializers.Serializer[Any]):
    members = MemberOutput(many=True)
    total = serializers.IntegerField()
    limit = serializers.IntegerField()
    offset = serializers.IntegerField()


class AssignmentInput(serializers.Serializer[Any]):
    starts_at = serializers.DateTimeField(required=False, allow_null=True, help_text="Now when left out.")
    ends_at = serializers.DateTimeField(required=False, allow_null=True, help_text="Open when left out.")


class OffboardInput(serializers.Serializer[Any]):
    reason = Text(max_length=200, required=False, default="", allow_blank=True)


class MemberPlanOutput(serializers.Serializer[Any]):
    creators = serializers.IntegerField()
    sessions = serializers.IntegerField()
    keys = serializers.IntegerField()
    invitations = serializers.IntegerField()


class CreatorPlanOutput(serializers.Serializer[Any]):
    accounts = serializers.IntegerField()
    members = serializers.IntegerField()
    waiting = serializers.IntegerField(help_text="Messages that wait; they will not be sent.")
    has_login = serializers.BooleanField()


class CreatorInput(serializers.Serializer[Any]):
    stage_name = Text(max_length=80)
    timezone = Text(max_length=64, required=False)

    def validate_timezone(self, value: str) -> str:
        return zone(value)


class CreatorChange(CreatorInput):
    stage_name = Text(max_length=80, required=False)


class CreatorOutput(serializers.Serializer[Any]):
    id = serializers.CharField()
    stage_name = serializers.CharField()
    timezone = serializers.CharField()
    status = serializers.ChoiceField(choices=[value for value, _ in Creator.STATUSES])
    has_login = serializers.BooleanField()
    stopped_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()


class CreatorsOutput(serializers.Serializer[Any]):
    creators = CreatorOutput(many=True)
    total = serializers.IntegerField()
    limit = serializers.IntegerField()
    offset = serializers.IntegerField()


class InvitationInput(serializers.Serializer[Any]):
    email = serializers.EmailField(max_length=254)
    role = serializers.ChoiceField(choices=ROLES)
    sees_all_creators = serializers.BooleanField(default=True)
    creator_ids = serializers.ListField(child=Text(max_length=60), max_length=200, default=list)


class InvitationOutput(serializers.Serializer[Any]):
    id = serializers.CharField()
    email = serializers.CharField()
    role = serializers.ChoiceField(choices=ROLES)
    invited_by = serializers.CharField()
    sent_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    is_expired = serializers.BooleanField()


class InvitationsOutput(serializers.Serializer[Any]):
    invitations = InvitationOutput(many=True)
    total = serializers.IntegerField()
    limit = serializers.IntegerField()
    offset = serializers.IntegerField()


class LookInput(serializers.Serializer[Any]):
    token = Text(max_length=100)


class OfferOutput(serializers.Serializer[Any]):
    email = serializers.CharField()
    role = serializers.ChoiceField(choices=ROLES)
    workspace_name = serializers.CharField()
    invited_by = serializers.CharField()
    is_known = serializers.BooleanField()


class AcceptInput(serializers.Serializer[Any]):
    token = Text(max_length=100)
    name = Text(max_length=50, required=False)
    password = Text(max_length=128, trim_whitespace=False)
    accept_terms = serializers.BooleanField(default=False)


class AcceptedOutput(serializers.Serializer[Any]):
    success = serializers.BooleanField()
    workspace_id = serializers.CharField()
    email = serializers.CharField()


def workspace(row: Workspace) -> dict[str, Any]:
    return {
        "id": row.public_id,
        "name": row.name,
        "kind": row.kind,
        "timezone": row.timezone,
        "currency": row.currency,
        "locale": row.locale,
        "status": row.status,
        "plan": row.plan,
        "created_at": row.created_at,
    }


def member(row: Member) -> dict[str, Any]:
    return dict(MemberOutput(row).data)


def creator(row: Creator) -> dict[str, Any]:
    return {
        "id": row.public_id,
        "stage_name": row.stage_name,
        "timezone": row.timezone,
        "status": row.status,
        "has_login": row.user_id is not None,
        "stopped_at": row.stopped_at,
        "created_at": row.created_at,
    }


def invitation(row: Invitation, now: Any) -> dict[str, Any]:
    return {
        "id": row.public_id,
        "email": row.email,
        "role": row.role,
        "invited_by": row.invited_by.user.name,
        "sent_at": row.sent_at,
        "expires_at": row.expires_at,
        "is_expired": row.expires_at <= now,
    }
