"""`/api/auth/…`, one's own person, the team's, keys, audit, privacy, outgoing webhooks, and connected accounts."""

from django.urls import include, path

from accounts.api import schema  # noqa: F401  (tells the API document about bearer tokens)

urlpatterns = [
    path("auth/", include("accounts.api.auth_urls")),
    path("", include("accounts.api.profile_urls")),
    path("", include("accounts.api.team_urls")),
    path("", include("accounts.api.trust_urls")),
    path("", include("accounts.api.webhook_urls")),
    path("", include("accounts.api.integration_urls")),
]
