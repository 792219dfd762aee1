"""Pages of accounts."""

from django.urls import path

from accounts import views

urlpatterns = [
    path("signin", views.sign_in, name="signin"),
    path("signout", views.sign_out, name="signout"),
    path("profile/locale", views.locale, name="profile_locale"),
]
