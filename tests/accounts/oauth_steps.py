"""What tests of connecting by OAuth share: to the consent page and back, and what is stored."""

from typing import Any

from accounts.models import AuditEvent, PlatformAccount, TokenRefresh
from accounts.rules import oauth as rules
from huntaze.kernel import clock
from huntaze.kernel.tenancy import cross_workspace
from tests.sandbox.server import Sandbox

AGREED = {"consent": "2026-11"}
VENDORS = ("instagram", "tiktok", "whatsapp")


def root(vendor: str) -> str:
    return f"/api/integrations/{vendor}"


def begin(client: Any, creator: Any, vendor: str) -> Any:
    return client.post(
        f"{root(vendor)}/connections", AGREED | {"creatorId": creator.public_id}, format="json"
    )


def bring(client: Any, vendor: str, back: dict[str, str]) -> Any:
    """The answer of the consent page, brought to the API."""
    body = {name: value for name, value in back.items() if name in {"state", "code", "error"}}
    return client.post(f"{root(vendor)}/callback", body, format="json")


def connect(client: Any, platform: Sandbox, creator: Any, vendor: str, **choice: Any) -> Any:
    """From the start to the end; the answer of the callback."""
    begun = begin(client, creator, vendor)
    assert begun.status_code == 201, begun.json()
    return bring(client, vendor, platform.agree(begun.json()["address"], **choice))


def told(answer: Any) -> tuple[int, str, str]:
    body = answer.json()
    return answer.status_code, body["state"], body["reasonText"]


def stored(model: Any, **which: Any) -> Any:
    with cross_workspace("demo"):
        return list(model.objects.filter(**which).order_by("pk"))


def account_of(vendor: str) -> PlatformAccount:
    (row,) = stored(PlatformAccount, platform=vendor)
    return row  # type: ignore[no-any-return]


def opened(account: PlatformAccount) -> Any:
    """The tokens at rest."""
    account.refresh_from_db()
    assert account.credentials is not None
    return rules.unpacked(account.credentials.reveal())


def actions() -> list[str]:
    return [row.action for row in stored(AuditEvent)]


def make_due(*, renewal: bool) -> None:
    """The job has to look now: to renew, or only to try."""
    with cross_workspace("demo"):
        rows = TokenRefresh.objects.all()
        rows.update(available_at=clock.now())
        if renewal:
            rows.update(refresh_at=clock.now())
