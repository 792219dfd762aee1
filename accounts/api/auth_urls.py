"""`/api/auth/…`"""

from django.urls import path

from accounts.api.mfa import FactorViewSet
from accounts.api.password import OwnPasswordViewSet, PasswordViewSet
from accounts.api.sessions import SessionViewSet
from accounts.api.signup import SignUpViewSet, VerificationViewSet
from accounts.api.views import AuthViewSet

urlpatterns = [
    path("signup", SignUpViewSet.as_view({"post": "sign_up"})),
    path("verify-email", SignUpViewSet.as_view({"post": "verify"})),
    path("verify-email/resend", VerificationViewSet.as_view({"post": "resend"})),
    path("signin", AuthViewSet.as_view({"post": "sign_in"})),
    path("refresh", AuthViewSet.as_view({"post": "refresh"})),
    path("logout", AuthViewSet.as_view({"post": "logout"})),
    path("password/reset", PasswordViewSet.as_view({"post": "reset"})),
    path("password/reset/confirm", PasswordViewSet.as_view({"post": "confirm"})),
    path("password/change", OwnPasswordViewSet.as_view({"post": "change"})),
    path("mfa", FactorViewSet.as_view({"get": "look"})),
    path("mfa/enrol", FactorViewSet.as_view({"post": "enrol"})),
    path("mfa/confirm", FactorViewSet.as_view({"post": "confirm"})),
    path("mfa/disable", FactorViewSet.as_view({"post": "disable"})),
    path("mfa/recovery-codes", FactorViewSet.as_view({"post": "renew"})),
    path("sessions", SessionViewSet.as_view({"get": "list"})),
    path("sessions/<str:session_id>", SessionViewSet.as_view({"delete": "end"})),
    path("workspace", SessionViewSet.as_view({"post": "move"})),
    path("step-up", SessionViewSet.as_view({"post": "step_up_now"})),
]
