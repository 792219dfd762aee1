"""`/api/billing/…`: buying, changing and ending a subscription, and what Stripe has billed."""

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Workspace
from billing.api import shapes
from billing.selectors.billing_page import subscription_facts
from billing.services.stripe import changes, checkout
from huntaze.kernel import clock, context
from huntaze.kernel.api.pagination import PAGE_PARAMETERS, page_of
from huntaze.kernel.api.views import HuntazeViewSet
from huntaze.kernel.money import Money

TAGS = ["Billing"]
MOST_INVOICES = 500


class StripeViewSet(HuntazeViewSet):
    """No call here grants anything: what was paid is learned from Stripe."""

    capabilities = {
        "checkout": "billing.manage",
        "packs": "billing.manage",
        "portal": "billing.manage",
        "preview": "billing.manage",
        "change": "billing.manage",
        "cancel": "billing.manage",
        "resume": "billing.manage",
        "subscription": "billing.view",
        "invoices": "billing.view",
    }

    @property
    def workspace(self) -> Workspace:
        return Workspace.objects.get(pk=self.principal.workspace_pk)

    @extend_schema(
        operation_id="billing_checkout",
        summary="A page on which to pay for a plan",
        description=(
            "The same choice gives the same page for as long as it is open. 409 `Already subscribed`: change the "
            "subscription instead. 503 with `retryAfter` while payments are away."
        ),
        tags=TAGS,
        request=shapes.CheckoutInput,
        responses=shapes.CheckoutOutput,
        examples=[
            OpenApiExample("Pro by the month", value={"plan": "pro", "interval": "month"}, request_only=True)
        ],
    )
    def checkout(self, request: Request) -> Response:
        form = self.valid(shapes.CheckoutInput)
        intent = checkout.start_plan(
            workspace=self.workspace,
            plan=form["plan"],
            interval=form["interval"],
            currency=form["currency"].upper(),
            actor=self.actor,
            now=clock.now(),
        )
        return Response({"url": intent.url, "request_id": context.trace_id()})

    @extend_schema(
        operation_id="billing_message_packs_checkout",
        summary="A page on which to pay for a message pack",
        description="503 with reason `pack_price_missing` while the operator has set no price.",
        tags=TAGS,
        request=shapes.PackInput,
        responses=shapes.CheckoutOutput,
        examples=[OpenApiExample("25,000 messages", value={"pack": "25k"}, request_only=True)],
    )
    def packs(self, request: Request) -> Response:
        form = self.valid(shapes.PackInput)
        intent = checkout.start_pack(
            workspace=self.workspace, pack=form["pack"], actor=self.actor, now=clock.now()
        )
        return Response({"url": intent.url, "request_id": context.trace_id()})

    @extend_schema(
        operation_id="billing_portal",
        summary="Stripe's own pages for cards and invoices",
        tags=TAGS,
        request=shapes.PortalInput,
        responses=shapes.PortalOutput,
        examples=[
            OpenApiExample("Back to the billing page", value={"returnPath": "/billing"}, request_only=True)
        ],
    )
    def portal(self, request: Request) -> Response:
        form = self.valid(shapes.PortalInput)
        url = changes.portal(workspace=self.workspace, return_path=form["return_path"], now=clock.now())
        return Response({"url": url})

    @extend_schema(
        operation_id="billing_subscription_preview",
        summary="What a change of plan would cost now",
        tags=TAGS,
        request=shapes.PlanInput,
        responses=shapes.ChangePreviewOutput,
        examples=[
            OpenApiExample(
                "To Enterprise", value={"plan": "enterprise", "interval": "month"}, request_only=True
            )
        ],
    )
    def preview(self, request: Request) -> Response:
        form = self.valid(shapes.PlanInput)
        found = changes.preview(workspace=self.workspace, now=clock.now(), **form)
        return Response(
            {
                "amount_due": str(Money(found.amount_due, found.currency).amount),
                "currency": found.currency,
                "proration_date": found.proration_date,
                "lines": [
                    {"description": text, "amount": str(Money(amount, found.currency).amount)}
                    for text, amount in found.lines
                ],
                "effective": found.effective,
            }
        )

    @extend_schema(
        operation_id="billing_subscription_change",
        summary="Change the plan",
        description="An upgrade is paid and in force at once; a downgrade comes at the period's end.",
        tags=TAGS,
        request=shapes.PlanChangeInput,
        responses=shapes.ChangeOutput,
        examples=[
            OpenApiExample(
                "To Enterprise", value={"plan": "enterprise", "interval": "month"}, request_only=True
            )
        ],
    )
    def change(self, request: Request) -> Response:
        form = self.valid(shapes.PlanChangeInput)
        effective = changes.change(workspace=self.workspace, actor=self.actor, now=clock.now(), **form)
        return Response({"effective": effective})

    @extend_schema(
        operation_id="billing_subscription_cancel",
        summary="End the subscription at the period's end",
        tags=TAGS,
        request=None,
        responses=shapes.DoneOutput,
    )
    def cancel(self, request: Request) -> Response:
        changes.cancel(workspace=self.workspace, actor=self.actor, now=clock.now())
        return Response({"success": True})

    @extend_schema(
        operation_id="billing_subscription_resume",
        summary="Go on with a subscription that was to end",
        tags=TAGS,
        request=None,
        responses=shapes.DoneOutput,
    )
    def resume(self, request: Request) -> Response:
        changes.resume(workspace=self.workspace, actor=self.actor, now=clock.now())
        return Response({"success": True})

    @extend_schema(
        operation_id="billing_subscription",
        summary="The plan in force, what was bought, and what it allows",
        tags=TAGS,
        responses=shapes.SubscriptionOutput,
    )
    def subscription(self, request: Request) -> Response:
        return Response(subscription_facts(self.principal.workspace_pk, clock.now()))

    @extend_schema(
        operation_id="billing_invoices",
        summary="Invoices, newest first",
        description="The newest 500; older ones stand in the portal.",
        tags=TAGS,
        parameters=PAGE_PARAMETERS,
        responses=shapes.InvoicesOutput,
    )
    def invoices(self, request: Request) -> Response:
        page = page_of(request)
        rows = changes.invoices(workspace=self.workspace, most=MOST_INVOICES)
        found = [
            {
                "id": row.id,
                "number": row.number,
                "date": row.created_at,
                "total": str(Money(row.total, row.currency).amount),
                "currency": row.currency,
                "status": row.status,
                "url": row.url,
                "pdf": row.pdf,
            }
            for row in rows[page.offset : page.offset + page.limit]
        ]
        return Response(page.answer("invoices", found, len(rows)))
