"""`/api/user/…`, `/api/users/…`"""

from django.urls import path

from accounts.api.onboarding import OnboardingViewSet
from accounts.api.profile import ProfileViewSet

urlpatterns = [
    path("user/me", ProfileViewSet.as_view({"get": "retrieve"})),
    path("user/profile", ProfileViewSet.as_view({"patch": "change"})),
    path("users/onboarding-status", OnboardingViewSet.as_view({"get": "retrieve", "patch": "skip"})),
    path("users/profile", ProfileViewSet.as_view({"get": "retrieve", "patch": "change"})),
]
