"""One's own person over the API: who is shown, what can be changed, by whom."""

from typing import Any

import pytest

from accounts.models import AuditEvent, User
from huntaze.kernel.tenancy import cross_workspace
from tests.factories.team import Team, reload

ME, CHANGE, PROFILE = "/api/user/me", "/api/user/profile", "/api/users/profile"


def change(client: Any, path: str = CHANGE, **fields: Any) -> Any:
    return client.patch(path, fields, format="json")


def test_a_person_sees_themselves_where_they_are(team: Team, person: Any) -> None:
    me = team["chatter"]
    answer = person(me).get(ME)
    assert answer.status_code == 200
    assert answer.json() == {
        "id": me.user.public_id,
        "email": "chatter.ours@example.test",
        "name": "Ours chatter",
        "avatar": None,
        "subscription": "free",
        "locale": "en",
        "timezone": None,
        "emailVerified": True,
        "createdAt": answer.json()["createdAt"],
        "workspace": {"id": team.workspace.public_id, "name": "Ours Workspace", "role": "chatter"},
    }
    assert person(me).get(PROFILE).json() == answer.json()


def test_a_key_shows_whose_it_is_and_changes_nothing(team: Team, api: Any) -> None:
    client = api(team["owner"])
    assert client.get(ME).json()["email"] == "owner.ours@example.test"
    for path in (CHANGE, PROFILE):
        assert change(client, path, name="Somebody Else").status_code == 403
    assert reload(team["owner"].user).name == "Ours owner"
    assert api(team["owner"], scopes=("messaging:read",)).get(ME).status_code == 403


def test_a_stranger_is_nobody(team: Team, api: Any) -> None:
    for method, path in (("get", ME), ("get", PROFILE), ("patch", PROFILE), ("patch", CHANGE)):
        assert getattr(api(), method)(path).status_code == 401


@pytest.mark.parametrize("path", [CHANGE, PROFILE])
def test_name_language_and_zone_are_changed_and_the_rest_stays(team: Team, person: Any, path: str) -> None:
    client = person(team["owner"])
    answer = change(client, path, name="Zoë Ångström", locale="fr", timezone="Europe/Paris")
    assert answer.status_code == 200
    found = {name: answer.json()[name] for name in ("name", "locale", "timezone", "email")}
    assert found == {
        "name": "Zoë Ångström",
        "locale": "fr",
        "timezone": "Europe/Paris",
        "email": "owner.ours@example.test",
    }
    assert change(client, path, timezone=None).json()["timezone"] is None
    assert reload(team["owner"].user).name == "Zoë Ångström"
    assert User.objects.filter(name="Zoë Ångström").count() == 1


def test_the_audit_row_holds_no_name(team: Team, person: Any) -> None:
    client = person(team["owner"])
    change(client, name="Zoë Ångström", locale="en")
    change(client, name="Zoë Ångström")
    with cross_workspace("demo"):
        rows = list(AuditEvent.objects.filter(action="profile.changed").values_list("target", "changes"))
    assert rows == [(team["owner"].user.public_id, {"fields": ["name"]})]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "L"),
        ("name", "x" * 51),
        ("name", "a\nb"),
        ("name", None),
        ("locale", "de"),
        ("timezone", "Mars/Base"),
        ("timezone", 3),
        ("timezone", "../../etc/passwd"),
        ("avatar", "https://example.com/me.png"),
    ],
)
def test_what_does_not_fit_is_named_and_changes_nothing(
    team: Team, person: Any, field: str, value: Any
) -> None:
    answer = change(person(team["owner"]), name_="", **{field: value})
    assert answer.status_code == 400
    assert [fault["field"] for fault in answer.json()["details"]] == [field]
    person_ = reload(team["owner"].user)
    assert (person_.name, person_.locale, person_.timezone, person_.avatar) == ("Ours owner", "en", "", "")


def test_what_is_nobodys_to_change_stays(team: Team, person: Any) -> None:
    """Mass assignment: fields of the row that the address does not take are not taken."""
    change(person(team["owner"]), name="Zoë", isStaff=True, email="x@example.test", emailVerifiedAt=None)
    row = reload(team["owner"].user)
    assert (row.is_staff, row.email, row.email_verified_at is None) == (
        False,
        "owner.ours@example.test",
        False,
    )
