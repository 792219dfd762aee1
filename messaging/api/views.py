"""The OnlyFans messaging API: queue a message, follow the queue, retry what failed."""

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.selectors import reachable_account_pks
from accounts.types import Platform
from huntaze.kernel import clock
from huntaze.kernel.api.pagination import PAGE_PARAMETERS, page_of
from huntaze.kernel.api.permissions import PUBLIC
from huntaze.kernel.api.schema import KEY_PARAMETER
from messaging import selectors
from messaging.api import serializers as shapes
from messaging.api.base import ACCOUNT, MessagingBase
from messaging.services.dead_letters import new_promise, retry_failed
from messaging.services.send import plan_send, queue_message
from messaging.services.status import queue_status


class MessagingViewSet(MessagingBase):
    capabilities = {
        "test": PUBLIC,
        "status": "queue.view",
        "send": "messages.send",
        "failed": "queue.view",
        "retry": "queue.manage",
    }
    once = frozenset({"send", "retry"})

    @extend_schema(
        summary="Is the API there?",
        description="Needs no credentials and reads nothing.",
        tags=["OnlyFans messaging"],
        auth=[],
        responses=shapes.TestOutput,
    )
    def test(self, request: Request) -> Response:
        return Response({"status": "ok", "timestamp": clock.now()})

    @extend_schema(
        summary="Figures of the queue",
        description="Counted from the rows of the caller's accounts. Depths count to 10,001 and stop there.",
        tags=["OnlyFans messaging"],
        parameters=[ACCOUNT],
        responses=shapes.StatusOutput,
    )
    def status(self, request: Request) -> Response:
        account_id = request.query_params.get("accountId")
        account_pks = None if account_id is None else [self.account(account_id).pk]
        return Response(queue_status(account_pks=account_pks, reach=self.reach, now=clock.now()))

    @extend_schema(
        summary="Queue one message",
        description=(
            "The answer comes when the message is stored; it leaves when a slot of the account's limit is free. "
            "`estimatedSendTime` follows from the queue before it and from the limit. Within a priority, what was "
            "queued first leaves first."
        ),
        tags=["OnlyFans messaging"],
        parameters=[KEY_PARAMETER],
        request=shapes.SendInput,
        responses={202: shapes.QueuedOutput},
        examples=[
            OpenApiExample(
                "A message",
                value={"recipientId": "fan_01KAJ3Z8Q4W5T6Y7V8B9N0M1C2", "content": "Hey! New set tonight."},
                request_only=True,
            ),
            OpenApiExample(
                "Pay-per-view",
                value={
                    "recipientId": "4711",
                    "content": "Just for you",
                    "price": "12.00",
                    "lockedText": False,
                    "mediaIds": ["90210"],
                    "priority": 2,
                },
                request_only=True,
            ),
        ],
    )
    def send(self, request: Request) -> Response:
        command, now = shapes.send_command(request.data), clock.now()
        plan = plan_send(principal=self.principal, command=command, now=now)

        def work() -> Response:
            queued = queue_message(plan=plan, principal=self.principal, now=now)
            body = {
                "message_id": queued.message_id,
                "status": "queued",
                "queued_at": clock.iso(queued.queued_at),
                "estimated_send_time": clock.iso(queued.estimated_send_at),
                "message": "Message queued",
            }
            return Response(body, status=status.HTTP_202_ACCEPTED)

        return self.answer_once(work)

    @extend_schema(
        summary="The dead-letter list",
        description="Messages that were given up, newest first, each with its attempts and last error.",
        tags=["OnlyFans messaging"],
        parameters=[ACCOUNT, *PAGE_PARAMETERS],
        responses=shapes.FailedOutput,
    )
    def failed(self, request: Request) -> Response:
        page = page_of(request)
        pks = self._account_pks(request)
        rows, total = selectors.dead_letters(pks, limit=page.limit, offset=page.offset)
        return Response(page.answer("messages", [shapes.failed_message(row) for row in rows], total))

    @extend_schema(
        summary="Queue a failed message again",
        description="Attempts already made are kept. 409 when the message is in another state.",
        tags=["OnlyFans messaging"],
        parameters=[KEY_PARAMETER],
        request=None,
        responses={202: shapes.RetriedOutput},
    )
    def retry(self, request: Request, message_id: str) -> Response:
        delivery = selectors.delivery_of(self.reach, message_id)
        now = clock.now()
        promised_at = new_promise(delivery, now)

        def work() -> Response:
            queued_at = retry_failed(delivery=delivery, actor=self.actor, now=now, promised_at=promised_at)
            body = {
                "success": True,
                "message_id": delivery.reference,
                "status": "queued",
                "queued_at": clock.iso(queued_at),
            }
            return Response(body, status=status.HTTP_202_ACCEPTED)

        return self.answer_once(work)

    def _account_pks(self, request: Request) -> list[int]:
        """The account asked for, or all that the caller reaches."""
        account_id = request.query_params.get("accountId")
        if account_id is not None:
            return [self.account(account_id).pk]
        return reachable_account_pks(self.reach, Platform.ONLYFANS)
