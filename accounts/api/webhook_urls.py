"""`/api/webhooks/endpoints…`: outgoing webhooks. What platforms send us has addresses of its own."""

from django.urls import path

from accounts.api.webhooks import EndpointViewSet, WebhookDeliveryViewSet

urlpatterns = [
    path("webhooks/endpoints", EndpointViewSet.as_view({"get": "list", "post": "create"})),
    path(
        "webhooks/endpoints/<str:endpoint_id>",
        EndpointViewSet.as_view({"get": "retrieve", "patch": "change", "delete": "remove"}),
    ),
    path("webhooks/endpoints/<str:endpoint_id>/rotate", EndpointViewSet.as_view({"post": "rotate"})),
    path("webhooks/endpoints/<str:endpoint_id>/ping", EndpointViewSet.as_view({"post": "ping"})),
    path(
        "webhooks/endpoints/<str:endpoint_id>/deliveries",
        WebhookDeliveryViewSet.as_view({"get": "list"}),
    ),
    path(
        "webhooks/endpoints/<str:endpoint_id>/replay",
        WebhookDeliveryViewSet.as_view({"post": "send_failed_again"}),
    ),
    path(
        "webhooks/endpoints/<str:endpoint_id>/deliveries/<str:event_row_id>/replay",
        WebhookDeliveryViewSet.as_view({"post": "send_again"}),
    ),
]
