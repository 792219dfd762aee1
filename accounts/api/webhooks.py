"""`/api/webhooks/endpoints`: who is told what happens in the workspace, in Standard Webhooks form."""

from datetime import timedelta

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.webhook_shapes import (
    EndpointChange,
    EndpointInput,
    EndpointOutput,
    EndpointsOutput,
    NewEndpointOutput,
    OverlapInput,
    SinceInput,
    WebhookCountOutput,
    WebhookDeliveriesOutput,
    WebhookDeliveryOutput,
    shown,
    told,
)
from accounts.errors import StillUnderWay
from accounts.selectors import webhooks as selectors
from accounts.services.webhooks import endpoints
from huntaze.kernel import clock
from huntaze.kernel.api.pagination import PAGE_PARAMETERS, page_of
from huntaze.kernel.api.views import HuntazeViewSet

TAGS = ["Webhooks"]
EXAMPLE = {
    "url": "https://example.com/huntaze",
    "events": ["message.failed", "account.needs_reauth"],
    "description": "Pager of the night shift",
}


class EndpointViewSet(HuntazeViewSet):
    capabilities = dict.fromkeys(
        ("list", "create", "retrieve", "change", "remove", "rotate", "ping"), "webhooks.manage"
    )
    step_up = frozenset({"create", "change", "rotate"})

    @extend_schema(
        operation_id="webhook_endpoints_list",
        summary="Webhook endpoints, newest first",
        tags=TAGS,
        parameters=PAGE_PARAMETERS,
        responses=EndpointsOutput,
    )
    def list(self, request: Request) -> Response:
        page = page_of(request)
        rows = selectors.endpoints()
        found = [shown(row) for row in rows[page.offset : page.offset + page.limit]]
        return Response(page.answer("endpoints", found, rows.count()))

    @extend_schema(
        operation_id="webhook_endpoints_create",
        summary="Add a webhook endpoint",
        description=(
            "Events are posted there in Standard Webhooks form: `webhook-id`, `webhook-timestamp` and "
            "`webhook-signature`, an HMAC-SHA256 under `secret`, which is shown in this answer and never again. Answer "
            "with any 2xx within ten seconds; otherwise it is tried again after 5 s, 1, 5 and 30 min, 2, 6 and 15 h. "
            "An event may arrive twice, with the same `webhook-id`, and events may arrive in any order."
        ),
        tags=TAGS,
        request=EndpointInput,
        responses={201: NewEndpointOutput},
        examples=[OpenApiExample("What somebody has to look at", value=EXAMPLE, request_only=True)],
    )
    def create(self, request: Request) -> Response:
        data = self.valid(EndpointInput)
        row, secret = endpoints.add(
            workspace_pk=self.principal.workspace_pk,
            actor=self.actor,
            now=clock.now(),
            **data,
        )
        return Response(shown(row) | {"secret": secret}, status=status.HTTP_201_CREATED)

    @extend_schema(
        operation_id="webhook_endpoints_retrieve",
        summary="One webhook endpoint",
        tags=TAGS,
        responses=EndpointOutput,
    )
    def retrieve(self, request: Request, endpoint_id: str) -> Response:
        return Response(shown(selectors.endpoint_of(endpoint_id)))

    @extend_schema(
        operation_id="webhook_endpoints_change",
        summary="Change a webhook endpoint",
        description="What is left out stays. Enabling forgets earlier failures.",
        tags=TAGS,
        request=EndpointChange,
        responses=EndpointOutput,
        examples=[OpenApiExample("Enable it again", value={"isEnabled": True}, request_only=True)],
    )
    def change(self, request: Request, endpoint_id: str) -> Response:
        data = self.valid(EndpointChange)
        row = endpoints.change(
            row=selectors.endpoint_of(endpoint_id),
            actor=self.actor,
            now=clock.now(),
            **data,
        )
        return Response(shown(row))

    @extend_schema(
        operation_id="webhook_endpoints_remove",
        summary="Remove a webhook endpoint",
        description="Nothing more is sent to it, not even what waits.",
        tags=TAGS,
        responses={204: None},
    )
    def remove(self, request: Request, endpoint_id: str) -> Response:
        row = selectors.endpoint_of(endpoint_id)
        endpoints.remove(row=row, actor=self.actor, now=clock.now())
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(
        operation_id="webhook_endpoints_rotate",
        summary="A new secret for a webhook endpoint",
        description="For the overlap every event bears two signatures, one under each secret.",
        tags=TAGS,
        request=OverlapInput,
        responses={201: NewEndpointOutput},
        examples=[OpenApiExample("A day to switch", value={"overlapHours": 24}, request_only=True)],
    )
    def rotate(self, request: Request, endpoint_id: str) -> Response:
        data = self.valid(OverlapInput)
        row, secret = endpoints.rotate(
            row=selectors.endpoint_of(endpoint_id),
            overlap=timedelta(hours=data["overlap_hours"]),
            actor=self.actor,
            now=clock.now(),
        )
        return Response(shown(row) | {"secret": secret}, status=status.HTTP_201_CREATED)

    @extend_schema(
        operation_id="webhook_endpoints_ping",
        summary="Send a test to a webhook endpoint",
        description="Queues an event `webhook.ping`; what came of it stands in the endpoint's deliveries.",
        tags=TAGS,
        request=None,
        responses={202: WebhookDeliveryOutput},
    )
    def ping(self, request: Request, endpoint_id: str) -> Response:
        row = selectors.endpoint_of(endpoint_id)
        delivery = endpoints.ping(row=row, actor=self.actor, now=clock.now())
        return Response(told(delivery), status=status.HTTP_202_ACCEPTED)


class WebhookDeliveryViewSet(HuntazeViewSet):
    capabilities = dict.fromkeys(("list", "send_again", "send_failed_again"), "webhooks.manage")

    @extend_schema(
        operation_id="webhook_deliveries_list",
        summary="Events for a webhook endpoint, newest first, with every attempt",
        tags=TAGS,
        parameters=PAGE_PARAMETERS,
        responses=WebhookDeliveriesOutput,
    )
    def list(self, request: Request, endpoint_id: str) -> Response:
        page = page_of(request)
        rows = selectors.deliveries_of(selectors.endpoint_of(endpoint_id))
        found = [told(row) for row in rows[page.offset : page.offset + page.limit]]
        return Response(page.answer("deliveries", found, rows.count()))

    @extend_schema(
        operation_id="webhook_deliveries_replay",
        summary="Send an event again",
        description="With the same `webhook-id` and body, and a signature of its own time.",
        tags=TAGS,
        request=None,
        responses={202: WebhookCountOutput},
    )
    def send_again(self, request: Request, endpoint_id: str, event_row_id: str) -> Response:
        row = selectors.endpoint_of(endpoint_id)
        delivery = selectors.delivery_of(row, event_row_id)
        actor = self.actor
        if not endpoints.send_again(row=row, delivery_pk=delivery.pk, actor=actor, now=clock.now()):
            raise StillUnderWay
        return Response({"queued": 1}, status=status.HTTP_202_ACCEPTED)

    @extend_schema(
        operation_id="webhook_deliveries_replay_failed",
        summary="Send again what an endpoint missed",
        description="Everything given up since a time, oldest first, at most 10,000 events a call.",
        tags=TAGS,
        request=SinceInput,
        responses={202: WebhookCountOutput},
        examples=[
            OpenApiExample("Since a morning", value={"since": "2027-01-04T06:00:00Z"}, request_only=True)
        ],
    )
    def send_failed_again(self, request: Request, endpoint_id: str) -> Response:
        data = self.valid(SinceInput)
        count = endpoints.send_failed_again(
            row=selectors.endpoint_of(endpoint_id),
            since=data["since"],
            actor=self.actor,
            now=clock.now(),
        )
        return Response({"queued": count}, status=status.HTTP_202_ACCEPTED)
