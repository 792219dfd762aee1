"""`/api/auth/…`"""

from django.urls import path

from accounts.api.views import AuthViewSet

urlpatterns = [
    path("auth/signin", AuthViewSet.as_view({"post": "sign_in"})),
    path("auth/refresh", AuthViewSet.as_view({"post": "refresh"})),
    path("auth/logout", AuthViewSet.as_view({"post": "logout"})),
]
