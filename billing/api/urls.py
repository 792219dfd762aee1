"""`/api/billing/…`."""

from django.urls import path

from billing.api.usage import UsageViewSet

urlpatterns = [
    path("billing/usage", UsageViewSet.as_view({"get": "read"})),
]
