"""Shared by the doors of accounts: where a request comes from."""
from django.http import HttpRequest
from rest_framework.request import Request

from accounts.types import Device
from huntaze.kernel.web import client_ip, user_agent_digest


def device_of(request: HttpRequest | Request) -> Device:
    agent = request.META.get("HTTP_USER_AGENT", "")[:400]
    return Device(ip=client_ip(request), user_agent=agent, fingerprint=user_agent_digest(request))
