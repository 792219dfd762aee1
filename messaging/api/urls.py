"""`/api/onlyfans/messaging/…`, and the lists, segments and campaigns beside it."""

from django.urls import path

from messaging.api.campaigns import CampaignViewSet
from messaging.api.lists import ListViewSet
from messaging.api.segments import SegmentViewSet
from messaging.api.views import MessagingViewSet

urlpatterns = [
    path("onlyfans/messaging/test", MessagingViewSet.as_view({"get": "test"})),
    path("onlyfans/messaging/status", MessagingViewSet.as_view({"get": "status"})),
    path("onlyfans/messaging/send", MessagingViewSet.as_view({"post": "send"})),
    path("onlyfans/messaging/failed", MessagingViewSet.as_view({"get": "failed"})),
    path("onlyfans/messaging/<str:message_id>/retry", MessagingViewSet.as_view({"post": "retry"})),
    path("onlyfans/lists", ListViewSet.as_view({"get": "list", "post": "create"})),
    path(
        "onlyfans/lists/<str:list_id>",
        ListViewSet.as_view({"get": "retrieve", "patch": "change", "delete": "destroy"}),
    ),
    path("onlyfans/lists/<str:list_id>/fans", ListViewSet.as_view({"get": "fans", "post": "add"})),
    path("onlyfans/lists/<str:list_id>/fans/<str:fan_id>", ListViewSet.as_view({"delete": "remove"})),
    path("onlyfans/segments", SegmentViewSet.as_view({"get": "list", "post": "create"})),
    path("onlyfans/segments/preview", SegmentViewSet.as_view({"post": "preview"})),
    path(
        "onlyfans/segments/<str:segment_id>",
        SegmentViewSet.as_view({"get": "retrieve", "patch": "change", "delete": "destroy"}),
    ),
    path("onlyfans/segments/<str:segment_id>/count", SegmentViewSet.as_view({"get": "count"})),
    path("onlyfans/campaigns", CampaignViewSet.as_view({"get": "list", "post": "create"})),
    path(
        "onlyfans/campaigns/<str:campaign_id>",
        CampaignViewSet.as_view({"get": "retrieve", "patch": "change", "delete": "destroy"}),
    ),
    path("onlyfans/campaigns/<str:campaign_id>/progress", CampaignViewSet.as_view({"get": "progress"})),
    path("onlyfans/campaigns/<str:campaign_id>/preview", CampaignViewSet.as_view({"get": "preview"})),
    path(
        "onlyfans/campaigns/<str:campaign_id>/retry-failed", CampaignViewSet.as_view({"post": "retry_failed"})
    ),
    *(
        path(f"onlyfans/campaigns/<str:campaign_id>/{deed}", CampaignViewSet.as_view({"post": deed}))
        for deed in ("plan", "approve", "launch", "pause", "resume", "cancel", "unsend")
    ),
]
