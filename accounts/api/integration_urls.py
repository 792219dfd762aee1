"""`/api/integrations/…`"""

from django.urls import path

from accounts.api.integrations import ConnectionViewSet, IntegrationViewSet

_PLATFORM = "integrations/<str:platform>"
_ACCOUNT = f"{_PLATFORM}/accounts/<str:account_id>"
_CONNECTION = f"{_PLATFORM}/connections/<str:connection_id>"

urlpatterns = [
    path(_PLATFORM, IntegrationViewSet.as_view({"get": "retrieve"})),
    path(f"{_PLATFORM}/connections", IntegrationViewSet.as_view({"post": "start"})),
    path(f"{_PLATFORM}/callback", IntegrationViewSet.as_view({"post": "callback"})),
    path(_ACCOUNT, IntegrationViewSet.as_view({"delete": "disconnect"})),
    path(f"{_ACCOUNT}/reconnect", IntegrationViewSet.as_view({"post": "reconnect"})),
    path(_CONNECTION, ConnectionViewSet.as_view({"get": "retrieve"})),
    path(f"{_CONNECTION}/check", ConnectionViewSet.as_view({"post": "check"})),
    path(f"{_CONNECTION}/choose", ConnectionViewSet.as_view({"post": "choose"})),
    path(f"{_CONNECTION}/code", ConnectionViewSet.as_view({"post": "code"})),
    path(f"{_CONNECTION}/face-mail", ConnectionViewSet.as_view({"post": "face_mail"})),
    path(f"{_CONNECTION}/face-done", ConnectionViewSet.as_view({"post": "face_done"})),
]
