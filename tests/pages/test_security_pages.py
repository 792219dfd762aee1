"""Pages of a forgotten password, of changing it, and of one's sessions."""

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import BrowserSession, User
from tests.accounts.letters import link, send
from tests.conftest import World
from tests.factories.accounts import PASSWORD, UserFactory

Browser = Callable[..., Client]
NEW = "Another-horse-8"


def signed_in(world: World, password: str = PASSWORD) -> Client:
    client = Client()
    answer = client.post("/signin", {"email": world.owner.user.email, "password": password})
    assert answer.status_code == 302
    return client


def test_the_answer_is_the_same_for_a_known_and_an_unknown_address(browser: Browser, world: World) -> None:
    pages = []
    for email in (world.owner.user.email, "nobody@example.test"):
        answer = browser().post("/password/reset", {"email": email})
        pages.append((answer.status_code, "Look in your inbox" in answer.content.decode()))
    assert pages == [(200, True), (200, True)]
    assert len(send()) == 1


def test_the_link_leads_to_a_new_password_and_to_signing_in(browser: Browser, world: World) -> None:
    old = signed_in(world)
    client = browser()
    client.post("/password/reset", {"email": world.owner.user.email})
    path = link("/password/reset/")
    assert client.get(path).status_code == 200
    weak = client.post(path, {"password": "Password1"})
    assert (weak.status_code, "among the commonest" in weak.content.decode()) == (422, True)
    answer = client.post(path, {"password": NEW}, follow=True)
    assert "Your password was changed. Sign in with the new one." in answer.content.decode()
    assert old.get("/onlyfans").status_code == 302
    assert signed_in(world, NEW).get("/onlyfans").status_code == 200
    stale = client.get(path)
    assert (stale.status_code, "does not work any more" in stale.content.decode()) == (400, True)


def test_a_change_keeps_this_browser_and_ends_the_others(world: World) -> None:
    here, there = signed_in(world), signed_in(world)
    sent = {"current_password": PASSWORD, "new_password": NEW}
    answer = here.post("/settings/security/password", sent, follow=True)
    assert "every other session was signed out" in answer.content.decode()
    assert [here.get("/onlyfans").status_code, there.get("/onlyfans").status_code] == [200, 302]
    assert User.objects.get(pk=world.owner.user_id).check_password(NEW)


@pytest.mark.parametrize(
    ("current", "new", "sentence"),
    [
        ("Wrong-password-1", NEW, "This is not your password."),
        (PASSWORD, "Password1", "among the commonest"),
        (PASSWORD, "", "This field is required."),
    ],
)
def test_what_is_wrong_is_said_and_nothing_changes(
    world: World, current: str, new: str, sentence: str
) -> None:
    client = signed_in(world)
    answer = client.post("/settings/security/password", {"current_password": current, "new_password": new})
    assert (answer.status_code, sentence in answer.content.decode()) == (422, True)
    assert client.get("/onlyfans").status_code == 200
    assert User.objects.get(pk=world.owner.user_id).check_password(PASSWORD)


def test_a_session_is_ended_from_the_list(world: World) -> None:
    here, there = signed_in(world), signed_in(world)
    page = here.get("/settings/security").content.decode()
    assert page.count("This one") == 1
    other = BrowserSession.objects.order_by("pk").exclude(session_key__in=[]).last()
    ids = [row.public_id for row in BrowserSession.objects.all() if f"{row.public_id}/end" in page]
    assert len(ids) == 1
    assert other is not None
    answer = here.post(f"/settings/security/sessions/{ids[0]}/end", follow=True)
    assert "The session was ended." in answer.content.decode()
    assert [here.get("/onlyfans").status_code, there.get("/onlyfans").status_code] == [200, 302]


def test_somebody_else_s_session_is_a_404(browser: Browser, world: World) -> None:
    mine, theirs = signed_in(world), browser(world.manager)
    row = BrowserSession.objects.get(user=world.manager.user)
    assert mine.post(f"/settings/security/sessions/{row.public_id}/end").status_code == 404
    assert theirs.get("/onlyfans").status_code == 200


def test_signing_out_everywhere(world: World) -> None:
    here, there = signed_in(world), signed_in(world)
    answer = here.post("/settings/security/sessions/end")
    assert (answer["Location"], answer["Clear-Site-Data"]) == ("/signin", '"cache", "storage"')
    assert [here.get("/onlyfans").status_code, there.get("/onlyfans").status_code] == [302, 302]


def test_staff_without_a_workspace_have_the_page_too(browser: Browser, db: None) -> None:
    client = browser()
    client.force_login(UserFactory(is_staff=True))
    assert client.get("/settings/security").status_code == 200


def test_nobody_has_no_page(browser: Browser) -> None:
    assert browser().get("/settings/security")["Location"] == "/signin?next=/settings/security"
    assert browser().post("/settings/security/password").status_code == 302
