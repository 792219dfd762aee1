"""`/api/keys…`, `/api/audit`."""

from django.urls import path

from accounts.api.audit import AuditViewSet
from accounts.api.keys import KeyCheckViewSet, KeyViewSet

urlpatterns = [
    path("audit", AuditViewSet.as_view({"get": "list"})),
    path("keys", KeyViewSet.as_view({"get": "list", "post": "create"})),
    path("keys/check", KeyCheckViewSet.as_view({"post": "check"})),
    path("keys/<str:key_id>", KeyViewSet.as_view({"delete": "revoke"})),
    path("keys/<str:key_id>/rotate", KeyViewSet.as_view({"post": "rotate"})),
]
