"""Pages of accounts."""

from django.urls import path

from accounts.views import confirm, signin

urlpatterns = [
    path("signin", signin.sign_in, name="signin"),
    path("signout", signin.sign_out, name="signout"),
    path("confirm", confirm.confirm, name="confirm"),
    path("profile/locale", signin.locale, name="profile_locale"),
]
