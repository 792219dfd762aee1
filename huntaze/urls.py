"""Every address of the house."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from django.views.decorators.csrf import csrf_exempt
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from billing.api.webhooks import stripe as stripe_webhook
from huntaze import gallery
from huntaze.apps import find_staff_pages
from huntaze.home import home
from huntaze.kernel import csp_reports
from huntaze.kernel.api import ops
from messaging.api import webhooks

handler400 = "huntaze.errors.bad_request"
handler403 = "huntaze.errors.permission_denied"
handler404 = "huntaze.errors.not_found"
handler500 = "huntaze.errors.server_error"

find_staff_pages()

#: Looking only: the library's view has no answer to OPTIONS.
docs = SpectacularSwaggerSplitView.as_view(url_name="schema", http_method_names=["get", "head"])

api: list[URLPattern | URLResolver] = [
    path("health/live", csrf_exempt(ops.live)),
    path("health/ready", csrf_exempt(ops.ready)),
    path("health", csrf_exempt(ops.health)),
    path("metrics", csrf_exempt(ops.metrics)),
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("docs/", docs, name="docs"),
    path("webhooks/onlyfans", webhooks.onlyfans),
    path("", include("messaging.api.urls")),  # asked most, and addresses are tried one after the other
    path("webhooks/stripe", stripe_webhook),
    path("billing/stripe/webhook", stripe_webhook),
    path("", include("accounts.api.urls")),
    path("", include("billing.api.urls")),
]

urlpatterns = [
    path("api/", include(api)),
    path("admin/", admin.site.urls),
    path("", home, name="home"),
    path("_states/", gallery.gallery, name="gallery"),
    path("_states/<str:name>", gallery.state, name="gallery_state"),
    path(csp_reports.PATH.removeprefix("/"), csp_reports.receive),
    path("", include("accounts.urls")),
    path("", include("billing.urls")),
    path("", include("messaging.urls")),
]
