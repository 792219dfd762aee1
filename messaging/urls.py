"""Pages of messaging; every fragment has an address of its own."""
from django.urls import path

from messaging import views

urlpatterns = [
    path("onlyfans", views.onlyfans, name="onlyfans"),
    path("onlyfans/figures", views.figures, name="onlyfans_figures"),
    path("onlyfans/list", views.listing, name="onlyfans_list"),
    path("onlyfans/recipient", views.recipient, name="onlyfans_recipient"),
    path("onlyfans/fans", views.fans, name="onlyfans_fans"),
    path("onlyfans/forecast", views.forecast, name="onlyfans_forecast"),
    path("onlyfans/send", views.send, name="onlyfans_send"),
    path("onlyfans/accounts/<str:account_id>/<str:deed>", views.account_deed, name="onlyfans_account_deed"),
    path("onlyfans/messages/<str:message_id>", views.message, name="onlyfans_message"),
    path("onlyfans/messages/<str:message_id>/<str:deed>", views.deed, name="onlyfans_deed"),
]
