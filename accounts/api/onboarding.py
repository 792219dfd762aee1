"""`/api/users/onboarding-status`: how far the caller has come since they signed up."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.rules.onboarding import STEPS, StepStatus
from accounts.services import onboarding as services
from huntaze.kernel import clock
from huntaze.kernel.api.views import HuntazeViewSet

TAGS = ["Accounts"]
_STEPS = [step.id for step in STEPS]


class SkipInput(serializers.Serializer[Any]):
    step = serializers.ChoiceField(choices=_STEPS)
    skipped = serializers.BooleanField()


class StepOutput(serializers.Serializer[Any]):
    id = serializers.ChoiceField(choices=_STEPS)
    status = serializers.ChoiceField(choices=[status.value for status in StepStatus])
    required = serializers.BooleanField()  # type: ignore[assignment]  # the contract's word
    estimated_minutes = serializers.IntegerField()


class OnboardingOutput(serializers.Serializer[Any]):
    completed = serializers.BooleanField()
    current_step = serializers.ChoiceField(choices=_STEPS, allow_null=True)
    progress = serializers.IntegerField(min_value=0, max_value=100)
    steps = StepOutput(many=True)


class OnboardingViewSet(HuntazeViewSet):
    capabilities = {"retrieve": "workspace.view", "skip": "profile.manage"}

    @extend_schema(
        summary="How far you are with setting up",
        description=(
            "Only steps that you may do and that this installation offers. A step is `completed` when there is what it "
            "is about: a confirmed address, a creator, an account, a message that went out. `completed` as a whole: "
            "every required step is."
        ),
        tags=TAGS,
        responses=OnboardingOutput,
    )
    def retrieve(self, request: Request) -> Response:
        return self._shown()

    @extend_schema(
        summary="Skip an optional step, or don't any more",
        description="400 for a step that is required.",
        tags=TAGS,
        request=SkipInput,
        responses=OnboardingOutput,
    )
    def skip(self, request: Request) -> Response:
        data = self.valid(SkipInput)
        services.skip(
            principal=self.principal, step=data["step"], is_skipped=data["skipped"], now=clock.now()
        )
        return self._shown()

    def _shown(self) -> Response:
        found = services.status_of(self.principal, clock.now())
        steps = [
            {
                "id": step.id,
                "status": step.status,
                "required": step.is_required,
                "estimated_minutes": step.minutes,
            }
            for step in found.steps
        ]
        return Response(
            {
                "completed": found.is_completed,
                "current_step": found.current_step,
                "progress": found.progress,
                "steps": steps,
            }
        )
