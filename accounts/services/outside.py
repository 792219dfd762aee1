"""What a demo's workspace may not do: reach a real platform, or anybody by mail or webhook. Asked where that begins."""

from django.conf import settings

from accounts.errors import DemoStaysInside
from accounts.models import Workspace
from accounts.types import Platform
from huntaze.platforms.sandbox import is_sandbox

#: Where each platform is reached.
ADDRESSES = {
    Platform.ONLYFANS: ("ONLYFANSAPI_BASE_URL",),
    Platform.INSTAGRAM: ("INSTAGRAM_AUTH_URL", "INSTAGRAM_API_URL", "INSTAGRAM_GRAPH_URL"),
    Platform.TIKTOK: ("TIKTOK_AUTH_URL", "TIKTOK_API_URL"),
    Platform.WHATSAPP: ("WHATSAPP_AUTH_URL", "WHATSAPP_GRAPH_URL"),
}


def keep_demo_inside(*, workspace_pk: int, platform: Platform) -> None:
    """Raises DemoStaysInside for a demo's workspace, unless the platform is our sandbox on this machine."""
    if all(is_sandbox(getattr(settings, name)) for name in ADDRESSES[platform]):
        return
    if Workspace.objects.filter(pk=workspace_pk, is_demo=True).exists():
        raise DemoStaysInside


def refuse_in_demo(workspace: Workspace) -> None:
    """Raises DemoStaysInside for a demo's workspace, unless the whole installation is a demo."""
    if workspace.is_demo and not settings.DEMO:
        raise DemoStaysInside
