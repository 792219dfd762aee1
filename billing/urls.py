"""Pages of billing."""

from django.urls import path

from billing.views import pages

urlpatterns = [
    path("billing", pages.overview, name="billing"),
    path("billing/history", pages.history, name="billing_history"),
    path("billing/plan", pages.buy_plan, name="billing_buy_plan"),
    path("billing/pack", pages.buy_pack, name="billing_buy_pack"),
    path("billing/portal", pages.portal, name="billing_portal"),
    path("billing/preview", pages.preview, name="billing_preview"),
    path("billing/change", pages.change, name="billing_change"),
    path("billing/cancel", pages.cancel, name="billing_cancel"),
    path("billing/resume", pages.resume, name="billing_resume"),
    path("billing/return", pages.came_back, name="billing_return"),
]
