"""The signed-in person's own sessions."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api import serializers
from accounts.models import User
from accounts.selectors.principals import family_of
from accounts.selectors.sessions import SessionLine, sessions_of
from accounts.services import factors, proof
from accounts.services.places import move_session
from accounts.services.signin import end_session
from huntaze.kernel import clock
from huntaze.kernel.api.principal import PROOF_LASTS
from huntaze.kernel.api.views import HuntazeViewSet


class SessionViewSet(HuntazeViewSet):
    """Doors about oneself; no API key opens them."""

    capabilities = dict.fromkeys(("step_up_now", "list", "end", "move"), "profile.manage")
    personal = frozenset({"move"})
    step_up = frozenset({"end"})

    @extend_schema(
        summary="Work in another of your workspaces",
        description="Gives an access token for it; refreshing stays there.",
        tags=["Accounts"],
        request=serializers.PlaceInput,
        responses={200: serializers.AccessTokenOutput},
    )
    def move(self, request: Request) -> Response:
        data = self.valid(serializers.PlaceInput)
        session = family_of(self.principal)
        token = move_session(session=session, workspace_id=data["workspace_id"], now=clock.now())
        return Response({"access_token": token})

    @extend_schema(
        operation_id="sessions_list",
        summary="Where you are signed in",
        description="Browser sessions and sessions of programs together, last used first; at most 200.",
        tags=["Accounts"],
        responses=serializers.SessionsOutput,
    )
    def list(self, request: Request) -> Response:
        found = sessions_of(
            self.principal.user_pk, now=clock.now(), current=frozenset({self.principal.session_id or ""})
        )
        return Response({"sessions": [_shown(item) for item in found]})

    @extend_schema(
        operation_id="sessions_end",
        summary="End a session",
        description="It is signed out with its next request. Asks for step-up.",
        tags=["Accounts"],
        responses={204: None},
    )
    def end(self, request: Request, session_id: str) -> Response:
        user = User.objects.get(pk=self.principal.user_pk)
        end_session(user=user, session_id=session_id, now=clock.now())
        return Response(status=204)

    @extend_schema(
        summary="Prove again who you are",
        description=(
            "With your password, or a code of your second factor. Opens, for 10 minutes, the endpoints that answer "
            "403 `Recent authentication required` "
            "(`code`: `step_up_required`)."
        ),
        tags=["Accounts"],
        request=serializers.StepUpInput,
        responses={200: serializers.StepUpOutput},
    )
    def step_up_now(self, request: Request) -> Response:
        data = self.valid(serializers.StepUpInput)
        session, now = family_of(self.principal), clock.now()
        factors.prove(
            user=session.user,
            password=data["password"],
            code=data["code"],
            now=now,
        )
        proof.note_proof(session=session, now=now)
        return Response({"success": True, "valid_until": clock.iso(now + PROOF_LASTS)})


def _shown(item: SessionLine) -> dict[str, object]:
    return {
        "id": item.id,
        "kind": item.kind,
        "device": item.device,
        "country": item.country or None,
        "created_at": item.created_at,
        "last_used_at": item.last_used_at,
        "current": item.is_current,
    }
