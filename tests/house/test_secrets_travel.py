"""Secrets travel in bodies and headers: no form sends one in an address, and no answer of the API holds one twice."""

import json
import re
from pathlib import Path
from typing import Any

from django.conf import settings

from tests.architecture.calls import make_target
from tests.architecture.routes import routes
from tests.architecture.test_permissions import World as _World
from tests.architecture.test_permissions import client_of
from tests.factories.team import make_team
from tests.house.test_headers import addresses

TEMPLATES = Path(settings.BASE_DIR, "templates")
#: Tokens in addresses: the links of mails, which work once and shortly, and the link to an export's files.
LINKS = {
    "/verify-email/<token>", "/password/reset/<token>", "/invitation/<token>", "/api/privacy/files/<token>",
}  # fmt: skip
#: Names of fields that no reading answer holds.
BARRED = re.compile(
    r"password|digest|secret|^token$|credential|sessionKey|^pk$|hash$|recoveryCodes|^seed", re.IGNORECASE
)
#: Which approval a person looked at, how long an old secret is valid, how many codes are left: they open nothing.
HARMLESS = {"contentHash", "oldSecretUntil", "recoveryCodesLeft"}


def test_a_form_with_a_secret_is_a_post() -> None:
    wrong = []
    for path in TEMPLATES.rglob("*.html"):
        for form in re.findall(r"<form\b[^>]*>.*?</form>", path.read_text(encoding="utf-8"), re.DOTALL):
            asks = re.search(r"form\.(?:password|code|current_password|new_password)|type=\"password\"", form)
            if asks and 'method="post"' not in form:
                wrong.append(path.name)
    assert wrong == []


def test_only_links_of_mails_have_a_token_in_their_address() -> None:
    secret = re.compile(r"<(?:token|key|secret|password|code)>")
    assert {route.path for route in routes() if secret.search(route.path)} == LINKS


def test_an_answer_holds_only_fields_for_its_reader(db: None, settings: Any) -> None:
    """Every reading answer of the API, for every role: no secret, no digest, and no key of a table."""
    settings.API_REQUESTS_PER_MINUTE = 1_000_000
    team = make_team("Ours")
    world = _World(team, {"ours": make_target(team, "Ours", team.own, team.own_account)})
    wrong, seen = set(), 0
    for who in ("owner", "manager", "chatter", "creator", "key"):
        client = client_of("api", who, world)
        for path, query in addresses(world.targets["ours"]):
            if not path.startswith("/api/") or path.startswith(
                ("/api/schema", "/api/docs", "/api/health", "/api/metrics")
            ):
                continue
            answer = client.get(path, dict(query))
            if answer.status_code == 200 and answer["Content-Type"] == "application/json":
                seen += 1
                wrong |= {
                    f"{path}: {name}" for name in names_in(json.loads(answer.content)) if is_barred(*name)
                }
    assert seen > 60
    assert wrong == set()


def names_in(value: Any) -> list[tuple[str, Any]]:
    """Every name of an object in it, at any depth, with what stands there."""
    if isinstance(value, dict):
        return [*value.items(), *(name for item in value.values() for name in names_in(item))]
    return [name for item in value for name in names_in(item)] if isinstance(value, list) else []


def is_barred(name: str, value: Any) -> bool:
    is_row_number = name.lower().endswith("id") and isinstance(value, int) and not isinstance(value, bool)
    return is_row_number or (bool(BARRED.search(name)) and name not in HARMLESS)
