"""`/api/billing/…`."""

from django.urls import path

from billing.api.ledger import LedgerViewSet
from billing.api.stripe import StripeViewSet
from billing.api.usage import UsageViewSet

urlpatterns = [
    path("billing/usage", UsageViewSet.as_view({"get": "read"})),
    path("billing/ledger", LedgerViewSet.as_view({"get": "read"})),
    path("billing/checkout", StripeViewSet.as_view({"post": "checkout"})),
    path("billing/message-packs/checkout", StripeViewSet.as_view({"post": "packs"})),
    path("billing/portal", StripeViewSet.as_view({"post": "portal"})),
    path("billing/subscription", StripeViewSet.as_view({"get": "subscription"})),
    path("billing/subscription/preview", StripeViewSet.as_view({"post": "preview"})),
    path("billing/subscription/change", StripeViewSet.as_view({"post": "change"})),
    path("billing/subscription/cancel", StripeViewSet.as_view({"post": "cancel"})),
    path("billing/subscription/resume", StripeViewSet.as_view({"post": "resume"})),
    path("billing/invoices", StripeViewSet.as_view({"get": "invoices"})),
]
