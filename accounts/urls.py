"""Pages of accounts."""

from django.urls import path

from accounts.views import confirm, signin, signup

urlpatterns = [
    path("signup", signup.sign_up, name="signup"),
    path("verify-email", signup.unverified, name="verify_email"),
    path("verify-email/<str:token>", signup.verify, name="verify_link"),
    path("signin", signin.sign_in, name="signin"),
    path("signout", signin.sign_out, name="signout"),
    path("confirm", confirm.confirm, name="confirm"),
    path("profile/locale", signin.locale, name="profile_locale"),
]
