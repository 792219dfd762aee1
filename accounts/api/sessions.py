"""The signed-in person's own sessions."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api import serializers
from accounts.selectors.principals import family_of
from accounts.services import proof
from huntaze.kernel import clock
from huntaze.kernel.api.principal import PROOF_LASTS
from huntaze.kernel.api.views import HuntazeViewSet


class SessionViewSet(HuntazeViewSet):
    """Doors about oneself; no API key opens them."""

    capabilities = {"step_up_now": "profile.manage"}

    @extend_schema(
        summary="Prove again who you are",
        description=(
            "Opens, for 10 minutes, the endpoints that answer 403 `Recent authentication required` "
            "(`code`: `step_up_required`)."
        ),
        tags=["Accounts"],
        request=serializers.StepUpInput,
        responses={200: serializers.StepUpOutput},
    )
    def step_up_now(self, request: Request) -> Response:
        form = serializers.StepUpInput(data=request.data)
        form.is_valid(raise_exception=True)
        session, now = family_of(self.principal), clock.now()
        proof.prove_password(user=session.user, password=form.validated_data["password"])
        proof.note_proof(session=session, now=now)
        return Response({"success": True, "valid_until": clock.iso(now + PROOF_LASTS)})
