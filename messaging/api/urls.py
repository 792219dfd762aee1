"""`/api/onlyfans/messaging/…`"""
from django.urls import path

from messaging.api.views import MessagingViewSet

urlpatterns = [
    path("onlyfans/messaging/test", MessagingViewSet.as_view({"get": "test"})),
    path("onlyfans/messaging/status", MessagingViewSet.as_view({"get": "status"})),
    path("onlyfans/messaging/send", MessagingViewSet.as_view({"post": "send"})),
    path("onlyfans/messaging/failed", MessagingViewSet.as_view({"get": "failed"})),
    path("onlyfans/messaging/<str:message_id>/retry", MessagingViewSet.as_view({"post": "retry"})),
]
