"""`/api/auth/…`, `/api/keys…`"""

from django.urls import path

from accounts.api.keys import KeyCheckViewSet, KeyViewSet
from accounts.api.views import AuthViewSet

urlpatterns = [
    path("auth/signin", AuthViewSet.as_view({"post": "sign_in"})),
    path("auth/refresh", AuthViewSet.as_view({"post": "refresh"})),
    path("auth/logout", AuthViewSet.as_view({"post": "logout"})),
    path("keys", KeyViewSet.as_view({"get": "list", "post": "create"})),
    path("keys/check", KeyCheckViewSet.as_view({"post": "check"})),
    path("keys/<str:key_id>", KeyViewSet.as_view({"delete": "revoke"})),
    path("keys/<str:key_id>/rotate", KeyViewSet.as_view({"post": "rotate"})),
]
