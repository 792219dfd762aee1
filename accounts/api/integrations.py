"""`/api/integrations/…`: connecting accounts. A platform's password is never asked for, taken or kept."""

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.integration_shapes import (
    ConnectionCallbackInput,
    ConnectionCheckInput,
    ConnectionChoiceInput,
    ConnectionCodeInput,
    ConnectionOutput,
    ConnectionStateOutput,
    ConsentInput,
    IntegrationOutput,
    StartedOutput,
    StartInput,
    shown,
    shown_account,
    shown_with_choices,
)
from accounts.models import Connection
from accounts.rules import connections as rules
from accounts.selectors.connections import (
    accounts_within,
    connection_of,
    oauth_platform_of,
    platform_of,
)
from accounts.selectors.principals import account_of
from accounts.selectors.team import creator_of
from accounts.services.connections import follow, start, vendor
from accounts.services.connections.oauth import finish
from accounts.services.platform_accounts import disconnect
from huntaze.kernel import clock
from huntaze.kernel.api.views import HuntazeViewSet

TAGS = ["Integrations"]
CONSENT = {"consent": rules.CONSENT_VERSION}


class IntegrationViewSet(HuntazeViewSet):
    """What is connected, and the end of it."""

    capabilities = {
        "retrieve": "creators.view",
        "start": "accounts.connect",
        "callback": "accounts.connect",
        "reconnect": "accounts.connect",
        "disconnect": "accounts.connect",
    }
    step_up = frozenset({"start", "reconnect"})

    @extend_schema(
        operation_id="integrations_retrieve",
        summary="Accounts of a platform, with their state in words",
        tags=TAGS,
        responses=IntegrationOutput,
    )
    def retrieve(self, request: Request, platform: str) -> Response:
        known = platform_of(platform)
        rows = accounts_within(self.principal.creator_ids, known)
        return Response(
            {
                "platform": known.value,
                "is_configured": vendor.is_configured(known),
                "consent": rules.CONSENT_VERSION,
                "accounts": [shown_account(row) for row in rows],
            }
        )

    @extend_schema(
        operation_id="integrations_connect",
        summary="Start connecting an account",
        description=(
            "The creator signs in on the page at `address`, which belongs to the vendor; we never see a password. "
            "OnlyFans: follow the attempt with `…/connections/{id}/check`. Instagram, TikTok, WhatsApp: open it in a "
            "browser; the person who asked must come back within ten minutes, to our page or through `…/callback`. "
            "An attempt that was open for the creator ends."
        ),
        tags=TAGS,
        request=StartInput,
        responses={201: StartedOutput},
        examples=[
            OpenApiExample(
                "Agreed to the current text",
                value=CONSENT | {"creatorId": "crt_01J000000000000000000000AB"},
                request_only=True,
            )
        ],
    )
    def start(self, request: Request, platform: str) -> Response:
        known = platform_of(platform)
        data = self.valid(StartInput)
        begun = start.start(
            creator=creator_of(self.principal.creator_ids, data["creator_id"]),
            platform=known,
            consent=data["consent"],
            actor=self.actor,
            now=clock.now(),
        )
        body = shown(begun.connection) | {"address": begun.address}
        return Response(body, status=status.HTTP_201_CREATED)

    @extend_schema(
        operation_id="integrations_callback",
        summary="Bring back what a consent page answered",
        description=(
            "Instagram, TikTok and WhatsApp, for attempts that were started through the API by the same member: "
            "`state`, and `code` or `error`, as the platform put them into the address. Good once. The state of the "
            "connection says what came of it; an account that is connected in any workspace is a 409."
        ),
        tags=TAGS,
        request=ConnectionCallbackInput,
        responses=ConnectionStateOutput,
        examples=[
            OpenApiExample("Agreed", value={"state": "kJ3…", "code": "AQB…"}, request_only=True),
            OpenApiExample("Refused", value={"state": "kJ3…", "error": "access_denied"}, request_only=True),
        ],
    )
    def callback(self, request: Request, platform: str) -> Response:
        known = oauth_platform_of(platform)
        data = self.valid(ConnectionCallbackInput)
        row = finish.finish(
            callback=finish.Callback(platform=known, session="", **data),
            creator_ids=self.principal.creator_ids,
            actor=self.actor,
            now=clock.now(),
        )
        follow.refuse_taken(row)
        return Response(shown_with_choices(row))

    @extend_schema(
        operation_id="integrations_reconnect",
        summary="Sign an account in again",
        description=(
            "Follow it as a first connection; a code or a face check may be asked for on the way. `address` is empty "
            "for OnlyFans, which needs no page for it."
        ),
        tags=TAGS,
        request=ConsentInput,
        responses={201: StartedOutput},
        examples=[OpenApiExample("Agreed to the current text", value=CONSENT, request_only=True)],
    )
    def reconnect(self, request: Request, platform: str, account_id: str) -> Response:
        data = self.valid(ConsentInput)
        begun = start.reconnect(
            account=account_of(self.principal.creator_ids, platform_of(platform), account_id),
            consent=data["consent"],
            actor=self.actor,
            now=clock.now(),
        )
        body = shown(begun.connection) | {"address": begun.address}
        return Response(body, status=status.HTTP_201_CREATED)

    @extend_schema(
        operation_id="integrations_disconnect",
        summary="Disconnect an account",
        description="Nothing is sent from then on; the platform's side is taken back within seconds, by a job.",
        tags=TAGS,
        responses={204: None},
    )
    def disconnect(self, request: Request, platform: str, account_id: str) -> Response:
        row = account_of(self.principal.creator_ids, platform_of(platform), account_id)
        disconnect(account=row, actor=self.actor, now=clock.now())
        return Response(status=status.HTTP_204_NO_CONTENT)


class ConnectionViewSet(HuntazeViewSet):
    """One attempt to connect, on its way."""

    capabilities = dict.fromkeys(
        ("retrieve", "check", "code", "face_mail", "face_done", "choose"), "accounts.connect"
    )

    def _row(self, platform: str, connection_id: str) -> Connection:
        return connection_of(self.principal.creator_ids, platform_of(platform), connection_id)

    @extend_schema(
        operation_id="connections_retrieve",
        summary="How an attempt stood when it was last asked after",
        tags=TAGS,
        responses=ConnectionStateOutput,
    )
    def retrieve(self, request: Request, platform: str, connection_id: str) -> Response:
        return Response(shown_with_choices(self._row(platform, connection_id)))

    @extend_schema(
        operation_id="connections_choose",
        summary="Choose among the accounts that were shared",
        description="In the state `choosing`; an account that is connected in any workspace is a 409.",
        tags=TAGS,
        request=ConnectionChoiceInput,
        responses=ConnectionStateOutput,
        examples=[OpenApiExample("A phone number", value={"choice": "106540352242922"}, request_only=True)],
    )
    def choose(self, request: Request, platform: str, connection_id: str) -> Response:
        data = self.valid(ConnectionChoiceInput)
        row = finish.choose(
            connection=self._row(platform, connection_id),
            external_id=data["choice"],
            now=clock.now(),
        )
        follow.refuse_taken(row)
        return Response(shown_with_choices(row))

    @extend_schema(
        operation_id="connections_check",
        summary="Ask the vendor how an attempt stands",
        description="An account that is connected in any workspace ends it: `Account already connected`.",
        tags=TAGS,
        request=ConnectionCheckInput,
        responses=ConnectionOutput,
        examples=[
            OpenApiExample("With what the page said", value={"accountId": "acct_1"}, request_only=True)
        ],
    )
    def check(self, request: Request, platform: str, connection_id: str) -> Response:
        data = self.valid(ConnectionCheckInput)
        row = follow.check(
            connection=self._row(platform, connection_id),
            claimed_id=data["account_id"],
            actor=self.actor,
            now=clock.now(),
        )
        follow.refuse_taken(row)
        return Response(shown(row))

    @extend_schema(
        operation_id="connections_code",
        summary="Pass on the code that the creator was sent",
        description="It is not stored. A wrong one can be tried again.",
        tags=TAGS,
        request=ConnectionCodeInput,
        responses=ConnectionOutput,
        examples=[OpenApiExample("Six digits", value={"code": "123456"}, request_only=True)],
    )
    def code(self, request: Request, platform: str, connection_id: str) -> Response:
        data = self.valid(ConnectionCodeInput)
        row = follow.submit_code(
            connection=self._row(platform, connection_id),
            code=data["code"],
            actor=self.actor,
            now=clock.now(),
        )
        return Response(shown(row))

    @extend_schema(
        operation_id="connections_face_mail",
        summary="Have the creator mailed a link for the face check",
        tags=TAGS,
        request=None,
        responses={202: ConnectionOutput},
    )
    def face_mail(self, request: Request, platform: str, connection_id: str) -> Response:
        row = self._row(platform, connection_id)
        follow.mail_face_link(connection=row)
        return Response(shown(row), status=status.HTTP_202_ACCEPTED)

    @extend_schema(
        operation_id="connections_face_done",
        summary="Say that the face check is done",
        tags=TAGS,
        request=None,
        responses=ConnectionOutput,
    )
    def face_done(self, request: Request, platform: str, connection_id: str) -> Response:
        row = follow.confirm_face(
            connection=self._row(platform, connection_id),
            actor=self.actor,
            now=clock.now(),
        )
        return Response(shown(row))
