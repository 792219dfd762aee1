"""`/api/auth/…`, the team's, and keys, audit and privacy."""

from django.urls import include, path

urlpatterns = [
    path("auth/", include("accounts.api.auth_urls")),
    path("", include("accounts.api.team_urls")),
    path("", include("accounts.api.trust_urls")),
]
