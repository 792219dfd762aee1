"""Rows of accounts for tests. Tenant rows are made with the wall lifted; pass their workspace."""

import secrets
from datetime import UTC, datetime
from typing import Any

import factory

from accounts.models import (
    ApiKey,
    Creator,
    CreatorAssignment,
    Membership,
    PlatformAccount,
    User,
    Workspace,
)
from accounts.rules import api_keys
from accounts.services.tokens import digest
from billing.models import LimitOverride
from billing.types import Feature
from huntaze.kernel.tenancy import cross_workspace

NOW = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
PASSWORD = "Correct-horse-7"


def lift_limits(*workspaces: int) -> None:
    """No feature of these workspaces has a limit."""
    with cross_workspace("demo"):
        LimitOverride.objects.bulk_create(
            LimitOverride(workspace_id=workspace_pk, feature=feature, value=None, reason="test")
            for workspace_pk in workspaces
            for feature in Feature
        )


class TenantFactory(factory.django.DjangoModelFactory):
    class Meta:
        abstract = True

    @classmethod
    def _create(cls, model_class: Any, *args: Any, **kwargs: Any) -> Any:
        with cross_workspace("demo"):
            return model_class.objects.create(*args, **kwargs)


class UserFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = User

    email = factory.Sequence(lambda n: f"person{n}@example.test")
    name = "Test Person"
    password = factory.django.Password(PASSWORD)
    email_verified_at = NOW
    undo_seconds = 0  # what they send leaves at once; tests of taking it back say otherwise


class WorkspaceFactory(factory.django.DjangoModelFactory):
    """A workspace that no plan keeps from anything; `is_limited` for one as it is after signing up."""

    class Meta:
        model = Workspace
        skip_postgeneration_save = True

    name = factory.Sequence(lambda n: f"Workspace {n}")

    @factory.post_generation
    def is_limited(self, create: bool, extracted: bool, **kwargs: Any) -> None:
        if create and not extracted:
            lift_limits(self.pk)


class MembershipFactory(TenantFactory):
    class Meta:
        model = Membership

    user = factory.SubFactory(UserFactory)
    workspace = factory.SubFactory(WorkspaceFactory)
    role = "owner"
    joined_at = NOW


class CreatorFactory(TenantFactory):
    class Meta:
        model = Creator

    workspace = factory.SubFactory(WorkspaceFactory)
    stage_name = factory.Sequence(lambda n: f"Creator {n}")


class AssignmentFactory(TenantFactory):
    class Meta:
        model = CreatorAssignment

    started_at = NOW


class PlatformAccountFactory(TenantFactory):
    class Meta:
        model = PlatformAccount

    workspace = factory.SelfAttribute("creator.workspace")
    creator = factory.SubFactory(CreatorFactory)
    platform = "onlyfans"
    external_id = factory.LazyFunction(lambda: f"acct_{secrets.token_hex(16)}")
    handle = factory.Sequence(lambda n: f"creator{n}")
    state = "connected"
    state_changed_at = NOW
    connected_at = NOW


def api_key(member: Membership, *, scopes: tuple[str, ...] = ("read", "write"), **fields: Any) -> str:
    """A key of the member; returns the secret."""
    secret = api_keys.make("live", secrets.choice)
    with cross_workspace("demo"):
        ApiKey.objects.create(
            workspace_id=member.workspace_id,
            membership=member,
            name="Test key",
            prefix=secret[:12],
            digest=digest(secret),
            scopes=list(scopes),
            created_at=NOW,
            **fields,
        )
    return secret
