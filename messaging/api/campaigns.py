"""`/api/onlyfans/campaigns`: writing, planning, approving, launching and steering queued mass messages."""

from collections.abc import Callable
from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from huntaze.kernel import clock
from huntaze.kernel.api.pagination import PAGE_PARAMETERS
from huntaze.kernel.api.schema import KEY_PARAMETER
from huntaze.kernel.errors import FieldError, Invalid
from huntaze.kernel.limiter import Outlook
from messaging.api import campaign_inputs as inputs
from messaging.api import campaign_shapes as shapes
from messaging.api.base import ACCOUNT, MessagingBase
from messaging.models import Campaign
from messaging.selectors.campaigns import campaign_of, campaigns_of
from messaging.services.campaigns import approve, edit, launch, plan, steer
from messaging.services.campaigns.preview import MOST_SHOWN, cost_of, previews
from messaging.services.campaigns.progress import progress
from messaging.types import CampaignState

TAGS = ["Campaigns"]
STATUS = OpenApiParameter("status", str, description="Only those in this state.")
EXAMPLE = {
    "name": "Friday set",
    "content": {"en": "Hey {firstName|you}, a new set this {timeOfDay}"},
    "mediaIds": ["90210"],
    "price": "15.00",
    "include": [{"list": "lst_01KAJ3Z8Q4W5T6Y7V8B9N0M1C2"}],
    "exclude": [{"segment": "seg_01KAJ3Z8Q4W5T6Y7V8B9N0M1C3"}],
    "automaticExclusions": {"inConversationMinutes": 30, "recentCampaignHours": 24, "sameTextDays": 30},
    "schedule": {"kind": "at", "date": "2026-11-27", "at": "20:00", "timezone": "Europe/Paris"},
}


class CampaignViewSet(MessagingBase):
    capabilities = {
        "list": "queue.view", "create": "campaigns.edit", "retrieve": "queue.view", "change": "campaigns.edit",
        "destroy": "campaigns.edit", "plan": "campaigns.edit", "approve": "campaigns.launch",
        "launch": "campaigns.launch", "pause": "queue.manage", "resume": "campaigns.launch",
        "cancel": "queue.manage", "unsend": "campaigns.launch", "retry_failed": "queue.manage",
        "progress": "queue.view", "preview": "campaigns.edit",
    }  # fmt: skip
    once = frozenset({"create", "launch", "resume", "unsend", "retry_failed"})

    @extend_schema(
        operation_id="campaigns_list",
        summary="Campaigns, newest first",
        tags=TAGS,
        parameters=[ACCOUNT, STATUS, *PAGE_PARAMETERS],
        responses=shapes.CampaignsOutput,
    )
    def list(self, request: Request) -> Response:
        rows = self.of_account(campaigns_of(self.reach)).order_by("-pk")
        state = request.query_params.get("status")
        if state is not None:
            if state not in frozenset(CampaignState):
                raise Invalid(FieldError("status", "Unknown status."))
            rows = rows.filter(state=state)
        return self.paged("campaigns", rows, shapes.campaign)

    @extend_schema(
        operation_id="campaigns_create", summary="Write a campaign",
        description=(
            "A draft; nothing is sent. Placeholders: {name}, {firstName}, {displayName}, {creatorName}, {timeOfDay}, "
            "each with a fallback of its own as in {firstName|you}; \\{ is a brace."
        ),
        tags=TAGS, parameters=[KEY_PARAMETER], request=inputs.CampaignInput, responses={201: shapes.CampaignOutput},
        examples=[OpenApiExample("A paid set", value=EXAMPLE, request_only=True)],
    )  # fmt: skip
    def create(self, request: Request) -> Response:
        data = self.valid(inputs.CampaignInput)
        account = self.account(data.get("account_id"))
        draft = inputs.new_draft(data, account)

        def work() -> Response:
            row = edit.make(
                account=account,
                draft=draft,
                member_pk=self.principal.member_pk,
                actor=self.actor,
                now=clock.now(),
            )
            return Response(shapes.campaign(row), status=status.HTTP_201_CREATED)

        return self.answer_once(work)

    @extend_schema(
        operation_id="campaigns_read", summary="One campaign", tags=TAGS, responses=shapes.CampaignOutput
    )
    def retrieve(self, request: Request, campaign_id: str) -> Response:
        return Response(shapes.campaign(self._campaign(campaign_id)))

    @extend_schema(
        operation_id="campaigns_change",
        summary="Change a campaign that has not begun",
        description="Another text, price, media or audience ends its approval; any change takes back its launch.",
        tags=TAGS,
        request=inputs.CampaignChange,
        responses=shapes.CampaignOutput,
        examples=[OpenApiExample("Another price", value={"price": "12.00"}, request_only=True)],
    )
    def change(self, request: Request, campaign_id: str) -> Response:
        row = self._campaign(campaign_id)
        data = self.valid(inputs.CampaignChange, partial=True)
        draft = inputs.changed_draft(edit.draft_of(row), data, row.account)
        changed = edit.change(
            campaign=row,
            draft=draft,
            member_pk=self.principal.member_pk,
            actor=self.actor,
            now=clock.now(),
        )
        return Response(shapes.campaign(changed))

    @extend_schema(
        operation_id="campaigns_delete",
        summary="Delete a campaign that was never launched",
        tags=TAGS,
        responses={204: None},
    )
    def destroy(self, request: Request, campaign_id: str) -> Response:
        edit.delete(campaign=self._campaign(campaign_id), actor=self.actor, now=clock.now())
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(
        operation_id="campaigns_plan",
        summary="Count who gets it and who does not",
        description="With somebody in it the campaign awaits approval. `credits` says what it would cost now.",
        tags=TAGS,
        request=None,
        responses=shapes.CampaignPlannedOutput,
    )
    def plan(self, request: Request, campaign_id: str) -> Response:
        row = plan.plan(campaign=self._campaign(campaign_id), actor=self.actor, now=clock.now())
        return Response(shapes.campaign(row) | {"credits": self._credits(row)})

    @extend_schema(
        operation_id="campaigns_approve", summary="Approve exactly this content",
        description=(
            "Above 50 recipients, or a price above 100, the approver must be somebody else than the last editor; "
            "where only one member may launch at all, `secondPerson` says `not_available`."
        ),
        tags=TAGS, request=inputs.ApproveInput, responses=shapes.CampaignOutput,
        examples=[
            OpenApiExample("What was looked at", value={"contentHash": f"sha256:{'0f' * 32}"}, request_only=True)
        ],
    )  # fmt: skip
    def approve(self, request: Request, campaign_id: str) -> Response:
        row = self._campaign(campaign_id)
        data = self.valid(inputs.ApproveInput)
        approve.approve(
            campaign=row,
            agreed_hash=data["content_hash"],
            member_pk=self.principal.member_pk,
            actor=self.actor,
            now=clock.now(),
        )
        return Response(shapes.campaign(self._campaign(campaign_id)))

    @extend_schema(
        operation_id="campaigns_launch",
        summary="Launch an approved campaign",
        description="It starts at once or at its time, when no other campaign of the account is running.",
        tags=TAGS,
        parameters=[KEY_PARAMETER],
        request=None,
        responses={202: shapes.BulkOutput},
    )
    def launch(self, request: Request, campaign_id: str) -> Response:
        row = self._campaign(campaign_id)

        def work() -> Response:
            launched = launch.launch(
                campaign=row, member_pk=self.principal.member_pk, actor=self.actor, now=clock.now()
            )
            return self._bulk(launched, queued=0)

        return self.answer_once(work)

    @extend_schema(
        operation_id="campaigns_pause",
        summary="Pause",
        tags=TAGS,
        request=None,
        responses=shapes.ProgressOutput,
        description="Nothing leaves any more but what is on the wire.",
    )
    def pause(self, request: Request, campaign_id: str) -> Response:
        return self._steered(steer.pause, campaign_id)

    @extend_schema(
        operation_id="campaigns_resume",
        summary="Go on",
        tags=TAGS,
        parameters=[KEY_PARAMETER],
        request=None,
        responses=shapes.ProgressOutput,
        description="409 while another campaign of the account is running.",
    )
    def resume(self, request: Request, campaign_id: str) -> Response:
        row = self._campaign(campaign_id)
        outlook, now = steer.outlook_for(row), clock.now()

        def work() -> Response:
            resumed = steer.resume(campaign=row, outlook=outlook, actor=self.actor, now=now)
            return self._progress(resumed, outlook)

        return self.answer_once(work)

    @extend_schema(
        operation_id="campaigns_cancel",
        summary="Cancel what has not left",
        tags=TAGS,
        request=None,
        responses=shapes.ProgressOutput,
    )
    def cancel(self, request: Request, campaign_id: str) -> Response:
        return self._steered(steer.cancel, campaign_id)

    @extend_schema(
        operation_id="campaigns_unsend",
        summary="Take back what was sent",
        description="What was bought stays; `progress` tells what was removed and what was too late.",
        tags=TAGS,
        parameters=[KEY_PARAMETER],
        request=None,
        responses={202: shapes.BulkOutput},
    )
    def unsend(self, request: Request, campaign_id: str) -> Response:
        row = self._campaign(campaign_id)

        def work() -> Response:
            return self._bulk(*steer.unsend(campaign=row, actor=self.actor, now=clock.now()))

        return self.answer_once(work)

    @extend_schema(
        operation_id="campaigns_retry_failed",
        summary="Queue the failed ones again",
        description="Attempts already made are kept.",
        tags=TAGS,
        parameters=[KEY_PARAMETER],
        request=None,
        responses={202: shapes.BulkOutput},
    )
    def retry_failed(self, request: Request, campaign_id: str) -> Response:
        row = self._campaign(campaign_id)
        outlook, now = steer.outlook_for(row), clock.now()

        def work() -> Response:
            retried = steer.retry_failed(campaign=row, outlook=outlook, actor=self.actor, now=now)
            return self._bulk(*retried, outlook)

        return self.answer_once(work)

    @extend_schema(
        operation_id="campaigns_progress",
        summary="How far it is",
        tags=TAGS,
        responses=shapes.ProgressOutput,
        description="Counted from the rows; the end follows from the account's limit.",
    )
    def progress(self, request: Request, campaign_id: str) -> Response:
        return self._progress(self._campaign(campaign_id))

    @extend_schema(
        operation_id="campaigns_preview",
        summary="The text as some of its recipients would get it",
        tags=TAGS,
        responses=shapes.PreviewsOutput,
        description=(
            f"Up to {MOST_SHOWN} real fans, those first who would get it first, and which placeholders fall back. "
            "Nothing is stored."
        ),
    )
    def preview(self, request: Request, campaign_id: str) -> Response:
        row = self._campaign(campaign_id)
        seen = previews(campaign=row, now=clock.now())
        return Response({"previews": [shapes.preview(one) for one in seen], "credits": self._credits(row)})

    def _credits(self, row: Campaign) -> dict[str, Any] | None:
        found = cost_of(row, clock.now())
        return shapes.credits(found) if found else None

    def _campaign(self, campaign_id: str) -> Campaign:
        return campaign_of(self.reach, campaign_id)

    def _steered(self, deed: Callable[..., Campaign], campaign_id: str) -> Response:
        return self._progress(deed(campaign=self._campaign(campaign_id), actor=self.actor, now=clock.now()))

    def _progress(self, row: Campaign, outlook: Outlook | None = None) -> Response:
        return Response(shapes.progress(row, progress(row, clock.now(), outlook)))

    def _bulk(self, row: Campaign, queued: int, outlook: Outlook | None = None) -> Response:
        body = shapes.bulk(row, progress(row, clock.now(), outlook), queued=queued)
        return Response(body, status=status.HTTP_202_ACCEPTED)
