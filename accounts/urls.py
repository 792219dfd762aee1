"""Pages of accounts."""

from django.urls import path

from accounts.views import audit, confirm, factors, keys, password, privacy, security, signin, signup

urlpatterns = [
    path("signup", signup.sign_up, name="signup"),
    path("verify-email", signup.unverified, name="verify_email"),
    path("verify-email/<str:token>", signup.verify, name="verify_link"),
    path("password/reset", password.ask, name="password_reset"),
    path("password/reset/<str:token>", password.choose, name="password_choose"),
    path("settings/security", security.overview, name="security"),
    path("settings/security/password", security.change_password, name="security_password"),
    path("settings/security/app", factors.app, name="security_app"),
    path("settings/security/app/start", factors.app_start, name="security_app_start"),
    path("settings/security/app/off", factors.app_off, name="security_app_off"),
    path("settings/security/codes", factors.codes, name="security_codes"),
    path("settings/security/keys/new", factors.key_new, name="security_key_new"),
    path("settings/security/keys/<str:key_id>/remove", factors.key_remove, name="security_key_remove"),
    path("settings/security/sessions/end", security.end_all, name="security_end_all"),
    path("settings/security/sessions/<str:session_id>/end", security.end, name="security_session_end"),
    path("signin", signin.sign_in, name="signin"),
    path("signin/code", signin.second_step, name="signin_code"),
    path("signout", signin.sign_out, name="signout"),
    path("confirm", confirm.confirm, name="confirm"),
    path("settings/keys", keys.keys, name="keys"),
    path("settings/keys/new", keys.create, name="key_create"),
    path("settings/keys/<str:key_id>/replace", keys.rotate, name="key_rotate"),
    path("settings/keys/<str:key_id>/revoke", keys.revoke, name="key_revoke"),
    path("settings/audit", audit.log, name="audit_log"),
    path("settings/privacy", privacy.overview, name="privacy"),
    path("settings/privacy/exports", privacy.export, name="privacy_export"),
    path("settings/privacy/exports/<str:request_id>/files", privacy.files, name="privacy_files"),
    path("settings/privacy/erase", privacy.erase, name="privacy_erase"),
    path("settings/privacy/<str:kind>/<str:request_id>/undo", privacy.undo, name="privacy_undo"),
    path("profile/locale", signin.locale, name="profile_locale"),
]
