"""`/api/keys`: API keys of the workspace. People manage them; a key can't make, read or end keys."""

from datetime import timedelta
from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import ApiKey, Membership
from accounts.rules import api_keys as rules
from accounts.selectors.api_keys import api_key_of, api_keys_of, is_active_key
from accounts.services import api_keys
from huntaze.kernel import clock, ratelimit
from huntaze.kernel.api.pagination import PAGE_PARAMETERS, page_of
from huntaze.kernel.api.permissions import PUBLIC
from huntaze.kernel.api.views import HuntazeViewSet
from huntaze.kernel.errors import RateLimited
from huntaze.kernel.web import network_of

TAGS = ["API keys"]
#: Public checks for leak scanners, a minute and address.
CHECKS_PER_MINUTE = 10
EXAMPLE = {
    "name": "Reporting",
    "scopes": ["messaging:read", "analytics:read"],
    "expiresAt": "2027-06-30T00:00:00Z",
    "allowedIps": ["192.0.2.0/24", "2001:db8::/32"],
}


class KeyInput(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=80)
    scopes = serializers.ListField(child=serializers.CharField(max_length=40), min_length=1, max_length=20)
    expires_at = serializers.DateTimeField(required=False, allow_null=True, default=None)
    allowed_ips = serializers.ListField(
        child=serializers.CharField(max_length=64), max_length=rules.MOST_NETWORKS, default=list
    )


class RotateInput(serializers.Serializer[Any]):
    overlap_hours = serializers.IntegerField(min_value=0, max_value=168, default=24)


class CheckInput(serializers.Serializer[Any]):
    key = serializers.CharField(max_length=200, trim_whitespace=False)


class CheckOutput(serializers.Serializer[Any]):
    format = serializers.BooleanField()
    active = serializers.BooleanField()


class KeyOutput(serializers.Serializer[Any]):
    id = serializers.CharField()
    name = serializers.CharField()
    prefix = serializers.CharField()
    scopes = serializers.ListField(child=serializers.CharField())
    allowed_ips = serializers.ListField(child=serializers.CharField())
    status = serializers.ChoiceField(choices=["active", "replaced", "expired", "revoked"])
    created_by = serializers.CharField()
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True)
    revoked_at = serializers.DateTimeField(allow_null=True)
    last_used_at = serializers.DateTimeField(allow_null=True)
    replaced_by = serializers.CharField(allow_null=True)


class NewKeyOutput(KeyOutput):
    key = serializers.CharField(help_text="The secret. It is shown here and never again.")


class KeysOutput(serializers.Serializer[Any]):
    keys = KeyOutput(many=True)
    total = serializers.IntegerField()
    limit = serializers.IntegerField()
    offset = serializers.IntegerField()


def shown(key: ApiKey) -> dict[str, Any]:
    state = rules.state_of(
        revoked_at=key.revoked_at,
        expires_at=key.expires_at,
        is_replaced=key.replaced_by_id is not None,
        now=clock.now(),
    )
    return {
        "id": key.public_id,
        "name": key.name,
        "prefix": key.prefix,
        "scopes": key.scopes,
        "allowed_ips": key.allowed_ips,
        "status": state,
        "created_by": key.membership.public_id,
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "revoked_at": key.revoked_at,
        "last_used_at": key.last_used_at,
        "replaced_by": key.replaced_by.public_id if key.replaced_by else None,
    }


class KeyViewSet(HuntazeViewSet):
    capabilities = {
        "list": "keys.manage",
        "create": "keys.manage",
        "rotate": "keys.manage",
        "revoke": "keys.manage",
    }
    step_up = frozenset({"create", "rotate"})

    @extend_schema(
        operation_id="keys_list",
        summary="API keys, newest first",
        tags=TAGS,
        parameters=PAGE_PARAMETERS,
        responses=KeysOutput,
    )
    def list(self, request: Request) -> Response:
        page = page_of(request)
        rows = api_keys_of()
        found = [shown(key) for key in rows[page.offset : page.offset + page.limit]]
        return Response(page.answer("keys", found, rows.count()))

    @extend_schema(
        operation_id="keys_create",
        summary="Make an API key",
        description=(
            "`key` is shown in this answer and never again. A key has at most the rights of the member who made it, "
            "cut by its scopes: `read`, `write`, or `<resource>:<read|write>`."
        ),
        tags=TAGS,
        request=KeyInput,
        responses={201: NewKeyOutput},
        examples=[OpenApiExample("For reports from one network", value=EXAMPLE, request_only=True)],
    )
    def create(self, request: Request) -> Response:
        data = self.valid(KeyInput)
        member = Membership.objects.get(pk=self.principal.member_pk)
        key, secret = api_keys.issue_api_key(member=member, actor=self.actor, now=clock.now(), **data)
        return Response(shown(key) | {"key": secret}, status=status.HTTP_201_CREATED)

    @extend_schema(
        operation_id="keys_rotate",
        summary="Replace an API key",
        description="The successor has the same rights; the old key goes on working for the overlap.",
        tags=TAGS,
        request=RotateInput,
        responses={201: NewKeyOutput},
        examples=[OpenApiExample("A day to switch", value={"overlapHours": 24}, request_only=True)],
    )
    def rotate(self, request: Request, key_id: str) -> Response:
        data = self.valid(RotateInput)
        new, secret = api_keys.rotate_api_key(
            key=api_key_of(key_id),
            overlap=timedelta(hours=data["overlap_hours"]),
            actor=self.actor,
            now=clock.now(),
        )
        return Response(shown(new) | {"key": secret}, status=status.HTTP_201_CREATED)

    @extend_schema(
        operation_id="keys_revoke",
        summary="End an API key at once",
        description="Doing it again changes nothing.",
        tags=TAGS,
        responses={204: None},
    )
    def revoke(self, request: Request, key_id: str) -> Response:
        api_keys.revoke_api_key(key=api_key_of(key_id), actor=self.actor, now=clock.now())
        return Response(status=status.HTTP_204_NO_CONTENT)


class KeyCheckViewSet(HuntazeViewSet):
    """Public: for scanners that found something which looks like one of our keys."""

    authentication_classes = ()
    capabilities = {"check": PUBLIC}

    @extend_schema(
        operation_id="keys_check",
        summary="Is this a key of ours, and does it still work?",
        description="For leak scanners; 10 a minute for an address. Says nothing about whose it is.",
        tags=TAGS,
        auth=[],
        request=CheckInput,
        responses=CheckOutput,
    )
    def check(self, request: Request) -> Response:
        verdict = ratelimit.take(f"key-check:{network_of(request)}", limit=CHECKS_PER_MINUTE)
        if not verdict.allowed:
            raise RateLimited(
                limit=verdict.limit,
                remaining=0,
                reset_time=verdict.reset_at,
                retry_after=ratelimit.retry_after(verdict),
            )
        data = self.valid(CheckInput)
        secret = data["key"]
        is_ours = rules.is_well_formed(secret)
        return Response({"format": is_ours, "active": is_ours and is_active_key(secret, clock.now())})
