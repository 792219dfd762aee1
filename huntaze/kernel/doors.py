"""What is refused before any view: methods nobody needs, plain HTTP for programs, and files where none are taken."""

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.utils.deprecation import MiddlewareMixin

from huntaze.kernel import context

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
#: What balancers and collectors ask for inside the house, where there is no TLS.
_PLAIN = ("/api/health", "/api/metrics")


class DoorMiddleware(MiddlewareMixin):
    """A program that speaks plain HTTP is refused and not led to HTTPS: led there, it would go on sending its key in
    the clear each time and nobody would notice. Browsers are led by Django's own middleware."""

    def process_request(self, request: HttpRequest) -> HttpResponseBase | None:
        if request.method not in METHODS:
            return HttpResponse(status=405, headers={"Allow": ", ".join(METHODS)}, content_type="text/plain")
        is_program = request.path.startswith("/api/") and not request.path.startswith(_PLAIN)
        if settings.SECURE_SSL_REDIRECT and is_program and not request.is_secure():
            body = {"error": "HTTPS is required", "requestId": context.trace_id()}
            return JsonResponse(body, status=403, headers={"Cache-Control": "no-store"})
        return None


class NoFiles(FileUploadHandler):
    """No address takes a file, so none is read: a form with one is refused, and nothing of it is kept."""

    def new_file(self, *args: object, **kwargs: object) -> None:
        raise RequestDataTooBig("files are not taken")

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        raise RequestDataTooBig("files are not taken")

    def file_complete(self, file_size: int) -> None:
        return None
