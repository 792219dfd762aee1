"""Headers of every answer that Django has no setting for."""

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.deprecation import MiddlewareMixin

from huntaze.kernel.csp_reports import GROUP, PATH

#: What a page may ask of the browser: nothing, but for copying and for security keys, on our own pages.
#: Names that the browsers of today don't know would stand as warnings in everybody's console.
_OFF = (
    "accelerometer", "autoplay", "camera", "clipboard-read", "display-capture", "encrypted-media",
    "fullscreen", "gamepad", "geolocation", "gyroscope", "hid", "idle-detection", "local-fonts", "magnetometer",
    "microphone", "midi", "otp-credentials", "payment", "picture-in-picture", "screen-wake-lock", "serial",
    "storage-access", "usb", "window-management", "xr-spatial-tracking",
)  # fmt: skip
_OURS = ("clipboard-write", "publickey-credentials-create", "publickey-credentials-get")
PERMISSIONS_POLICY = ", ".join([*(f"{name}=()" for name in _OFF), *(f"{name}=(self)" for name in _OURS)])
#: No other site may put an answer of ours into its pages.
RESOURCE_POLICY = "same-origin"
#: Where browsers tell what the content policy made them refuse; older ones read it in the policy itself.
REPORTING = f'{GROUP}="{PATH}"'


class HeadersMiddleware(MiddlewareMixin):
    """Sets them where a view has not said otherwise, on static files and error pages too."""

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        response.headers.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        response.headers.setdefault("Cross-Origin-Resource-Policy", RESOURCE_POLICY)
        response.headers.setdefault("Reporting-Endpoints", REPORTING)
        return response
