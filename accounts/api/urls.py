"""`/api/auth/…`, `/api/keys…`, and the team's."""

from django.urls import include, path

from accounts.api.keys import KeyCheckViewSet, KeyViewSet

urlpatterns = [
    path("auth/", include("accounts.api.auth_urls")),
    path("", include("accounts.api.team_urls")),
    path("keys", KeyViewSet.as_view({"get": "list", "post": "create"})),
    path("keys/check", KeyCheckViewSet.as_view({"post": "check"})),
    path("keys/<str:key_id>", KeyViewSet.as_view({"delete": "revoke"})),
    path("keys/<str:key_id>/rotate", KeyViewSet.as_view({"post": "rotate"})),
]
