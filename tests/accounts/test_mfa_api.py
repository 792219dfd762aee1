"""The second factor over the API: codes work once, sign-in asks for one, and where it is compulsory it is."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import connection
from rest_framework.test import APIClient

from accounts.models import AuditEvent, Membership, PlatformAccount, RecoveryCode, TotpDevice, User
from accounts.services import factors
from huntaze.kernel.tenancy import cross_workspace
from tests.accounts.factors import shown, with_app
from tests.accounts.letters import subjects
from tests.factories.accounts import NOW, PASSWORD, MembershipFactory

MFA = "/api/auth/mfa"
STATUS = "/api/onlyfans/messaging/status"


@pytest.fixture(autouse=True)
def clock() -> Any:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


def sign_in(user: User, password: str = PASSWORD, **body: Any) -> Any:
    return APIClient().post(
        "/api/auth/signin", {"email": user.email, "password": password} | body, format="json"
    )


def signed_in(user: User, **body: Any) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {sign_in(user, **body).json()['accessToken']}")
    return client


def post(client: APIClient, name: str, **body: Any) -> Any:
    return client.post(f"{MFA}/{name}", body, format="json")


def later(clock: Any, **parts: float) -> Any:
    clock.shift(timedelta(**parts))
    return clock


# --- setting up


def test_an_app_is_set_up_by_its_first_code(world: Any) -> None:
    client, user = signed_in(world.owner.user), world.owner.user
    made = post(client, "enrol", type="totp").json()
    assert set(made) == {"secret", "otpauthUri"}
    assert made["otpauthUri"].startswith("otpauth://totp/Huntaze:")
    assert f"secret={made['secret']}" in made["otpauthUri"]
    assert sign_in(user).status_code == 200
    answer = post(client, "confirm", code=shown(made["secret"], NOW))
    codes = answer.json()["recoveryCodes"]
    assert (answer.status_code, len(codes), len(set(codes)), {len(code) for code in codes}) == (
        200,
        10,
        10,
        {29},
    )
    assert sign_in(user).status_code == 401
    assert client.get(MFA).json() == {
        "methods": ["totp", "recovery_code"],
        "recoveryCodesLeft": 10,
        "requiredFrom": None,
    }
    assert subjects()[-1] == "A second factor was added"
    with cross_workspace("demo"):
        assert AuditEvent.objects.get(action="auth.factor_added").changes == {"kind": "totp"}


def test_a_wrong_first_code_sets_nothing_up(world: Any) -> None:
    client = signed_in(world.owner.user)
    secret = post(client, "enrol", type="totp").json()["secret"]
    wrong = post(client, "confirm", code=shown(secret, NOW + timedelta(minutes=5)))
    assert (wrong.status_code, wrong.json()["error"]) == (400, "Invalid code")
    assert sign_in(world.owner.user).status_code == 200
    assert RecoveryCode.objects.count() == 0


def test_there_is_one_app(world: Any) -> None:
    with_app(world.owner.user, NOW)
    client = signed_in(world.owner.user, code=RECOVERY(world.owner.user))
    answer = post(client, "enrol", type="totp")
    assert (answer.status_code, answer.json()["error"]) == (409, "An authenticator app is already set up")


def RECOVERY(user: User) -> str:
    """A fresh recovery code."""
    return factors.new_recovery_codes(user=user, now=NOW)[0]


def test_setting_up_asks_for_step_up_and_no_key_does_it(world: Any, api: Any, clock: Any) -> None:
    client = signed_in(world.owner.user)
    later(clock, minutes=11)
    assert post(client, "enrol", type="totp").json()["code"] == "step_up_required"
    assert post(api(world.owner), "enrol", type="totp").status_code == 403
    assert TotpDevice.objects.count() == 0


def test_secret_and_codes_are_not_at_rest(world: Any) -> None:
    secret, codes = with_app(world.owner.user, NOW)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT d::text FROM accounts_totpdevice d UNION ALL SELECT c::text FROM accounts_recoverycode c"
        )
        text = "".join(row[0] for row in cursor.fetchall())
    assert secret not in text
    assert not any(code in text or code.replace("-", "") in text for code in codes)


# --- signing in


def test_sign_in_says_what_is_missing(world: Any) -> None:
    with_app(world.owner.user, NOW)
    answer = sign_in(world.owner.user)
    body = answer.json()
    body.pop("requestId")
    assert (answer.status_code, body) == (
        401,
        {"error": "Second factor required", "methods": ["totp", "recovery_code"]},
    )
    assert sign_in(world.owner.user, "Wrong-password-1").json()["error"] == "Invalid credentials"


def test_a_code_signs_in_once(world: Any, clock: Any) -> None:
    user = world.owner.user
    secret, _ = with_app(user, NOW)
    now = NOW + timedelta(seconds=60)
    later(clock, seconds=60)
    code = shown(secret, now)
    assert sign_in(user, code=code).status_code == 200
    replay = sign_in(user, code=code)
    assert (replay.status_code, replay.json()["error"]) == (401, "Invalid code")


@pytest.mark.parametrize(
    ("is_strict", "steps", "status"),
    [
        *((False, steps, status) for steps, status in [(-2, 401), (-1, 200), (0, 200), (1, 200), (2, 401)]),
        *((True, steps, status) for steps, status in [(-1, 401), (0, 200), (1, 401)]),
    ],
)
def test_a_clock_may_be_off_by_one_step_unless_it_is_strict(
    world: Any, clock: Any, settings: Any, is_strict: bool, steps: int, status: int
) -> None:
    settings.TOTP_STRICT = is_strict
    user = world.owner.user
    secret, _ = with_app(user, NOW)
    later(clock, minutes=10)
    moment = NOW + timedelta(minutes=10, seconds=30 * steps)
    assert sign_in(user, code=shown(secret, moment)).status_code == status


def test_an_older_code_is_refused_after_a_newer_one(world: Any, clock: Any) -> None:
    user = world.owner.user
    secret, _ = with_app(user, NOW)
    later(clock, minutes=10)
    now = NOW + timedelta(minutes=10)
    assert sign_in(user, code=shown(secret, now)).status_code == 200
    assert sign_in(user, code=shown(secret, now - timedelta(seconds=30))).status_code == 401


@pytest.mark.django_db(transaction=True)
def test_of_two_sign_ins_with_one_code_one_wins(world: Any, clock: Any) -> None:
    user = world.owner.user
    secret, _ = with_app(user, NOW)
    later(clock, minutes=10)
    code, barrier = shown(secret, NOW + timedelta(minutes=10)), threading.Barrier(4)

    def work(_: int) -> int:
        try:
            barrier.wait(10)
            return int(sign_in(user, code=code).status_code)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(work, range(4))) == [200, 401, 401, 401]


def test_a_recovery_code_signs_in_once_however_it_is_typed(world: Any) -> None:
    user = world.owner.user
    _, codes = with_app(user, NOW)
    assert sign_in(user, code=codes[0].upper().replace("-", " ")).status_code == 200
    assert sign_in(user, code=codes[0]).status_code == 401
    assert sign_in(user, code=codes[1]).status_code == 200
    assert subjects().count("A recovery code was used") == 2


def test_somebody_else_s_codes_are_worth_nothing(world: Any) -> None:
    _, codes = with_app(world.manager.user, NOW)
    with_app(world.owner.user, NOW)
    assert sign_in(world.owner.user, code=codes[0]).status_code == 401
    assert sign_in(world.manager.user, code=codes[0]).status_code == 200


def test_five_wrong_codes_end_the_guessing(world: Any, clock: Any) -> None:
    user = world.owner.user
    _, codes = with_app(user, NOW)
    statuses = [sign_in(user, code=f"00000{number}").status_code for number in range(6)]
    assert statuses == [401] * 5 + [429]
    assert sign_in(user, code=codes[0]).status_code == 429


def test_new_codes_void_the_old_ones(world: Any) -> None:
    user = world.owner.user
    _, old = with_app(user, NOW)
    client = signed_in(user, code=old[0])
    new = post(client, "recovery-codes").json()["recoveryCodes"]
    assert sign_in(user, code=old[1]).status_code == 401
    assert sign_in(user, code=new[0]).status_code == 200


def test_step_up_takes_a_code_too(world: Any, clock: Any) -> None:
    user = world.owner.user
    secret, codes = with_app(user, NOW)
    client = signed_in(user, code=codes[0])
    later(clock, minutes=11)
    assert post(client, "recovery-codes").status_code == 403
    proof = client.post(
        "/api/auth/step-up", {"code": shown(secret, NOW + timedelta(minutes=11))}, format="json"
    )
    assert proof.status_code == 200
    assert post(client, "recovery-codes").status_code == 200
    assert client.post("/api/auth/step-up", {}, format="json").status_code == 401


# --- turning off


def test_turning_off_needs_password_and_code(world: Any, clock: Any) -> None:
    user = world.owner.user
    secret, codes = with_app(user, NOW)
    client = signed_in(user, code=codes[0])
    later(clock, minutes=5)
    code = shown(secret, NOW + timedelta(minutes=5))
    assert post(client, "disable", password="Wrong-password-1", code=code).status_code == 401
    assert post(client, "disable", password=PASSWORD, code="000000").status_code == 400
    assert sign_in(user).status_code == 401
    assert post(client, "disable", password=PASSWORD, code=code).json() == {"success": True}
    assert sign_in(user).status_code == 200
    assert RecoveryCode.objects.count() == 0
    assert "A second factor was removed" in subjects()


def test_there_is_nothing_to_turn_off(world: Any) -> None:
    answer = post(signed_in(world.owner.user), "disable", password=PASSWORD, code="000000")
    assert (answer.status_code, answer.json()["error"]) == (409, "No second factor is set up")


def test_an_operator_takes_lost_factors_away(world: Any) -> None:
    user = world.owner.user
    _, codes = with_app(user, NOW)
    client = signed_in(user, code=codes[0])
    evidence = "called back on the number in the contract, and named the last invoice"
    call_command("forget_factors", user.email.upper(), evidence=evidence)
    assert client.get(STATUS).status_code == 401
    assert sign_in(user).status_code == 200
    assert "A second factor was removed" in subjects()
    with cross_workspace("demo"):
        row = AuditEvent.objects.get(action="auth.factor_removed")
    assert row.changes == {"kind": "all", "evidence": evidence}
    with pytest.raises(CommandError, match="nobody has this address"):
        call_command("forget_factors", "nobody@example.test", evidence=evidence)


def test_lost_factors_stay_without_a_word_on_who_asks(world: Any) -> None:
    user = world.owner.user
    with_app(user, NOW)
    for evidence in ("", "      sure       "):
        with pytest.raises(CommandError, match="say in 15 to 300 characters"):
            call_command("forget_factors", user.email, evidence=evidence)
    assert factors.has_totp(user)


# --- compulsory


@pytest.fixture
def roles(settings: Any) -> None:
    settings.MFA_REQUIRED_ROLES = ["owner", "manager"]


def test_a_role_gets_seven_days_of_notice_and_then_a_wall(world: Any, roles: None, clock: Any) -> None:
    client = signed_in(world.owner.user)
    assert client.get(MFA).json()["requiredFrom"] == "2026-01-22T12:00:00Z"
    later(clock, days=7, seconds=-1)
    assert sign_in(world.owner.user).status_code == 200
    later(clock, seconds=1)
    answer = sign_in(world.owner.user)
    assert (answer.status_code, answer.json()["error"]) == (403, "Second factor setup required")
    assert sign_in(world.manager.user).status_code == 403
    assert sign_in(world.chatter.user).status_code == 200
    assert sign_in(world.owner.user, "Wrong-password-1").status_code == 401


def test_a_workspace_of_one_without_an_account_has_none(world: Any, roles: None, clock: Any) -> None:
    alone = MembershipFactory(role="owner")
    later(clock, days=30)
    assert sign_in(alone.user).status_code == 200
    with cross_workspace("demo"):
        Membership.objects.create(
            user=world.chatter.user,
            workspace=alone.workspace,
            role="chatter",
            joined_at=NOW + timedelta(days=29),
        )
    assert signed_in(alone.user).get(MFA).json()["requiredFrom"] == "2026-02-20T12:00:00Z"


def test_a_connected_account_starts_the_notice_and_a_disconnected_one_does_not(
    world: Any, roles: None, clock: Any
) -> None:
    later(clock, days=8)
    assert sign_in(world.outsider.user).status_code == 403
    with cross_workspace("demo"):
        PlatformAccount.objects.filter(pk=world.outsider_account.pk).update(state="disconnected")
    assert sign_in(world.outsider.user).status_code == 200


def test_who_has_a_factor_meets_no_wall(world: Any, roles: None, clock: Any) -> None:
    _, codes = with_app(world.owner.user, NOW)
    later(clock, days=30)
    assert sign_in(world.owner.user, code=codes[0]).status_code == 200


def test_keys_are_not_affected(world: Any, roles: None, api: Any, clock: Any) -> None:
    client = api(world.owner)
    later(clock, days=30)
    assert client.get(STATUS).status_code == 200


def test_staff_need_one_at_once(world: Any, settings: Any) -> None:
    settings.MFA_REQUIRED_FOR_STAFF = True
    User.objects.filter(pk=world.chatter.user_id).update(is_staff=True)
    assert sign_in(world.chatter.user).status_code == 403
