"""Pages of messaging; every fragment has an address of its own."""

from django.urls import path

from messaging.views import campaign_deeds, campaigns, dashboard, deeds, demo, queue, sending

urlpatterns = [
    path("dashboard", dashboard.overview, name="dashboard"),
    path("dashboard/payments", dashboard.payments, name="dashboard_payments"),
    path("demo", demo.overview, name="demo"),
    path("demo/make", demo.make, name="demo_make"),
    path("demo/enter", demo.enter, name="demo_enter"),
    path("demo/wipe", demo.wipe, name="demo_wipe"),
    path("onlyfans", queue.onlyfans, name="onlyfans"),
    path("onlyfans/figures", queue.figures, name="onlyfans_figures"),
    path("onlyfans/list", queue.listing, name="onlyfans_list"),
    path("onlyfans/recipient", sending.recipient, name="onlyfans_recipient"),
    path("onlyfans/fans", sending.fans, name="onlyfans_fans"),
    path("onlyfans/forecast", sending.forecast, name="onlyfans_forecast"),
    path("onlyfans/send", sending.send, name="onlyfans_send"),
    path("onlyfans/accounts/<str:account_id>/<str:deed>", deeds.account_deed, name="onlyfans_account_deed"),
    path("onlyfans/messages/<str:message_id>", queue.message, name="onlyfans_message"),
    path("onlyfans/messages/<str:message_id>/undo", sending.undo, name="onlyfans_undo"),
    path("onlyfans/messages/<str:message_id>/<str:deed>", deeds.deed, name="onlyfans_deed"),
    path("marketing", campaigns.marketing, name="marketing"),
    path("marketing/new", campaigns.new, name="campaign_new"),
    path("marketing/audience", campaigns.audience, name="campaign_audience"),
    path("marketing/<str:campaign_id>", campaigns.campaign, name="campaign"),
    path("marketing/<str:campaign_id>/edit", campaigns.change, name="campaign_change"),
    path("marketing/<str:campaign_id>/progress", campaigns.campaign_progress, name="campaign_progress"),
    path("marketing/<str:campaign_id>/steps", campaigns.campaign_steps, name="campaign_steps"),
    path("marketing/<str:campaign_id>/<str:deed>", campaign_deeds.deed, name="campaign_deed"),
]
