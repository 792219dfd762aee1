"""Errors outside the API's views: JSON under `/api/`, a page elsewhere."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from huntaze.kernel import context


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, 400, "Invalid request")


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, 403, "You do not have permission to do this")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, 404, "Not found")


def server_error(request: HttpRequest) -> HttpResponse:
    return _answer(request, 500, "Internal server error")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return _answer(request, 403, "Your form has expired: reload the page and try again", template=403)


def _answer(request: HttpRequest, status: int, sentence: str, template: int | None = None) -> HttpResponse:
    response: HttpResponse
    if request.path.startswith("/api/"):
        response = JsonResponse({"error": sentence, "requestId": context.trace_id()}, status=status)
    else:
        page = f"errors/{template or status}.html"
        response = render(request, page, {"trace_id": context.trace_id()}, status=status)
    response["Cache-Control"] = "no-store"
    return response
