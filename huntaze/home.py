"""Where `/` leads: members to their work, staff without a workspace to the admin."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect


def home(request: HttpRequest) -> HttpResponse:
    is_staff_only = getattr(request, "principal", None) is None and getattr(request.user, "is_staff", False)
    return redirect("admin:index" if is_staff_only else "onlyfans")
