"""`/api/keys…`, `/api/audit`, `/api/privacy/…`."""

from django.urls import path

from accounts.api.audit import AuditViewSet
from accounts.api.keys import KeyCheckViewSet, KeyViewSet
from accounts.api.privacy import ErasureViewSet, ExportViewSet, FilesViewSet

urlpatterns = [
    path("audit", AuditViewSet.as_view({"get": "list"})),
    path("keys", KeyViewSet.as_view({"get": "list", "post": "create"})),
    path("keys/check", KeyCheckViewSet.as_view({"post": "check"})),
    path("keys/<str:key_id>", KeyViewSet.as_view({"delete": "revoke"})),
    path("privacy/exports", ExportViewSet.as_view({"get": "list", "post": "create"})),
    path("privacy/exports/<str:request_id>", ExportViewSet.as_view({"get": "retrieve"})),
    path("privacy/exports/<str:request_id>/cancel", ExportViewSet.as_view({"post": "cancel"})),
    path("privacy/exports/<str:request_id>/link", ExportViewSet.as_view({"post": "link"})),
    path("privacy/erasures", ErasureViewSet.as_view({"get": "list", "post": "create"})),
    path("privacy/erasures/preview", ErasureViewSet.as_view({"post": "preview"})),
    path("privacy/erasures/<str:request_id>", ErasureViewSet.as_view({"get": "retrieve"})),
    path("privacy/erasures/<str:request_id>/undo", ErasureViewSet.as_view({"post": "undo"})),
    path("privacy/files/<str:token>", FilesViewSet.as_view({"get": "download"})),
    path("keys/<str:key_id>/rotate", KeyViewSet.as_view({"post": "rotate"})),
]
