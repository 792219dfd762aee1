"""What docs/audit.md says must be recorded is recorded, by the doors that people use."""

from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.contrib.admin.models import LogEntry
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import AuditEvent, FailedSignIn, Mail, User
from accounts.services import links
from accounts.services.failures import tell_failures
from huntaze.kernel import clock
from huntaze.kernel.tenancy import cross_workspace
from tests.accounts.factors import shown, with_app
from tests.factories.accounts import NOW, PASSWORD
from tests.factories.visits import staff

pytestmark = pytest.mark.django_db
Person = Callable[[Any], APIClient]


def log(*prefixes: str) -> list[tuple[str, str, str]]:
    """Action, kind of actor and target, oldest first."""
    with cross_workspace("demo"):
        rows = AuditEvent.objects.order_by("pk").values_list("action", "actor_kind", "target")
        return [row for row in rows if row[0].startswith(prefixes)]


def sign_in(user: User, password: str = PASSWORD, **more: str) -> Any:
    body = {"email": user.email, "password": password} | more
    return APIClient().post("/api/auth/signin", body, format="json")


def test_signing_in_is_recorded(world: Any) -> None:
    user = world.owner.user
    assert sign_in(user).status_code == 200
    Client().post("/signin", {"email": user.email, "password": PASSWORD})
    assert log("auth.") == [("auth.signed_in", "member", user.public_id)] * 2


def noted() -> list[str]:
    return list(FailedSignIn.objects.order_by("pk").values_list("email", flat=True))


@pytest.mark.parametrize("door", ["api", "page"])
def test_a_failed_sign_in_is_recorded_and_nobody_s_deed(world: Any, door: str) -> None:
    user = world.owner.user
    if door == "api":
        assert sign_in(user, "Wrong-password-1").status_code == 401
    else:
        Client().post("/signin", {"email": user.email, "password": "Wrong-password-1"})
    assert (noted(), log("auth.")) == ([user.email], [])
    assert tell_failures() == 1
    assert (noted(), log("auth.")) == ([], [("auth.sign_in_failed", "system", user.public_id)])


def test_a_failure_is_told_with_its_own_time_and_place(world: Any) -> None:
    body = {"email": world.owner.user.email.upper(), "password": "Wrong-password-1"}
    headers = {"User-Agent": "Firefox", "X-Request-ID": "trace-failed-1"}
    with time_machine.travel(NOW, tick=False):
        APIClient().post("/api/auth/signin", body, format="json", headers=headers, REMOTE_ADDR="203.0.113.9")
    tell_failures()
    with cross_workspace("demo"):
        row = AuditEvent.objects.get(action="auth.sign_in_failed")
    assert (row.at, row.ip, row.user_agent, row.trace_id) == (NOW, "203.0.113.9", "Firefox", "trace-failed-1")


def test_an_unknown_mail_costs_the_same_row_and_is_in_nobody_s_log(world: Any) -> None:
    body = {"email": "nobody@example.test", "password": "Wrong-password-1"}
    assert APIClient().post("/api/auth/signin", body, format="json").status_code == 401
    assert noted() == ["nobody@example.test"]
    assert tell_failures() == 1
    assert (noted(), log("auth.")) == ([], [])


def test_a_wrong_second_factor_is_recorded(world: Any) -> None:
    user = world.owner.user
    with_app(user, clock.now())
    assert sign_in(user, code="000000").status_code == 401
    assert log("auth.factor_failed", "auth.signed") == [("auth.factor_failed", "system", user.public_id)]


def test_ways_in_are_recorded(world: Any, person: Person) -> None:
    user, client = world.owner.user, person(world.owner)
    secret = client.post("/api/auth/mfa/enrol", {"type": "totp"}, format="json").json()["secret"]
    client.post("/api/auth/mfa/confirm", {"code": shown(secret, clock.now())}, format="json")
    client.post("/api/auth/mfa/recovery-codes", {}, format="json")
    new = {"currentPassword": PASSWORD, "newPassword": "Another-horse-8"}
    assert client.post("/api/auth/password/change", new, format="json").status_code == 200
    assert [action for action, _, _ in log("auth.")] == [
        "auth.factor_added",
        "auth.recovery_codes_renewed",
        "auth.password_changed",
    ]
    assert {target for _, _, target in log("auth.")} == {user.public_id}


def test_a_verified_mail_is_recorded(world: Any) -> None:
    User.objects.filter(pk=world.owner.user_id).update(email_verified_at=None)
    user = User.objects.get(pk=world.owner.user_id)
    body = {"token": links.verify_token(user)}
    assert APIClient().post("/api/auth/verify-email", body, format="json").status_code == 200
    assert APIClient().post("/api/auth/verify-email", body, format="json").status_code == 400
    assert log("auth.") == [("auth.email_verified", "member", user.public_id)]


def test_keys_are_recorded(world: Any, person: Person) -> None:
    client = person(world.owner)
    made = client.post("/api/keys", {"name": "One", "scopes": ["read"]}, format="json").json()
    second = client.post(f"/api/keys/{made['id']}/rotate", {}, format="json").json()
    client.delete(f"/api/keys/{second['id']}")
    assert [action for action, _, _ in log("key.")] == ["key.created", "key.rotated", "key.revoked"]
    assert made["key"] not in str(log("key."))


def test_roles_and_assignments_are_recorded(world: Any, person: Person) -> None:
    client, member = person(world.owner), world.chatter.public_id
    base = f"/api/workspaces/{world.owner.workspace.public_id}/members/{member}"
    creator = f"{base}/creators/{world.other_creator.public_id}"
    assert client.put(creator, {}, format="json").status_code == 200
    assert client.delete(creator).status_code == 200
    assert client.patch(base, {"role": "manager"}, format="json").status_code == 200
    assert client.delete(base).status_code == 204
    assert log("member.") == [
        ("member.assigned", "member", member),
        ("member.unassigned", "member", member),
        ("member.changed", "member", member),
        ("member.ended", "member", member),
    ]


def test_sends_say_by_whom(world: Any, person: Person, api: Any) -> None:
    body = {"recipientId": world.fan.public_id, "content": "Hello"}
    for client in (person(world.chatter), api(world.owner)):
        assert client.post("/api/onlyfans/messaging/send", body, format="json").status_code == 202
    with cross_workspace("demo"):
        rows = AuditEvent.objects.filter(action="message.queued").order_by("pk")
        assert [(row.actor_kind, row.actor_member_id) for row in rows] == [
            ("member", world.chatter.pk),
            ("key", world.owner.pk),
        ]


def test_a_price_is_recorded_with_its_currency(world: Any, person: Person) -> None:
    body = {"recipientId": world.fan.public_id, "content": "Hello", "price": "12.50", "mediaIds": ["90210"]}
    assert person(world.owner).post("/api/onlyfans/messaging/send", body, format="json").status_code == 202
    with cross_workspace("demo"):
        changes = AuditEvent.objects.get(action="message.queued").changes
    assert changes["price"] == "12.50 USD"


def test_exports_and_erasures_are_recorded(world: Any, person: Person) -> None:
    for who, kind in ((world.owner, "exports"), (world.manager, "erasures")):
        answer = person(who).post(f"/api/privacy/{kind}", {"scope": "me"}, format="json")
        assert answer.status_code in {201, 202}, answer.content
    assert [action for action, _, _ in log("export.", "erasure.")] == ["export.asked", "erasure.asked"]


def test_what_staff_do_in_the_admin_is_recorded_on_both_sides(world: Any) -> None:
    support = staff()
    desk = Client()
    desk.force_login(support)
    form = {"action": "pause_sending", "_selected_action": [world.account.pk]}
    assert desk.post("/admin/accounts/platformaccount/", form).status_code == 302
    assert log("account.") == [("account.paused", "staff", world.account.public_id)]
    entry = LogEntry.objects.get()
    assert (entry.user, entry.object_id, entry.change_message) == (
        support,
        str(world.account.pk),
        "pause_sending",
    )


def test_what_belongs_to_no_workspace_is_in_the_staff_s_own_log(world: Any) -> None:
    now = clock.now()
    mail = Mail.objects.create(
        kind="welcome", to="a@example.test", locale="en", params="{}", queued_at=now, available_at=now,
        state="failed",
    )  # fmt: skip
    support = staff()
    desk = Client()
    desk.force_login(support)
    desk.post("/admin/accounts/mail/", {"action": "send_again", "_selected_action": [mail.pk]})
    assert [(row.user, row.change_message) for row in LogEntry.objects.all()] == [(support, "send_again")]
    shown_rows = desk.get("/admin/admin/logentry/").context["cl"].result_list
    assert [row.object_id for row in shown_rows] == [str(mail.pk)]


def test_an_action_that_is_refused_is_not_logged(world: Any) -> None:
    desk = Client()
    desk.force_login(staff("finance"))
    form = {"action": "pause_sending", "_selected_action": [world.account.pk]}
    desk.post("/admin/accounts/platformaccount/", form)
    assert (LogEntry.objects.count(), log("account.")) == (0, [])
