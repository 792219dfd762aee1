"""Who acts is read off the principal in one place: a door that built its own actor would forget staff who visit."""

import re
from pathlib import Path

from django.conf import settings

APPS = ("accounts", "billing", "messaging")
#: `Actor.member(principal.user_pk, …)`, `Actor.member(who.user_pk, …)`, `Actor("member", …)`.
BY_HAND = re.compile(r"Actor\.member\(\s*(self\.)?(principal|who)\b|Actor\(\"(member|key)\"")


def test_nobody_builds_an_actor_of_a_principal_by_hand() -> None:
    found = set()
    for app in APPS:
        for path in Path(settings.BASE_DIR, app).rglob("*.py"):
            name = path.relative_to(settings.BASE_DIR).as_posix()
            if BY_HAND.search(path.read_text()):
                found.add(name)
    assert found == {"accounts/services/signin.py"}, "use Actor.of; a sign-out knows its session only"
