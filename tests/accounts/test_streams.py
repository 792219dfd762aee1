"""A stream answers whom the pages answer, with the rights of this moment."""

from datetime import timedelta
from typing import Any

from django.conf import settings as django_settings
from django.test import Client

from accounts.models import BrowserSession, Membership, User
from accounts.services.impersonation import end
from accounts.services.tokens import end_everywhere
from accounts.streams import listener_of
from huntaze.kernel import clock
from huntaze.kernel.tenancy import cross_workspace
from tests.conftest import World
from tests.factories.visits import grants, visiting


def cookie(member: Membership) -> str:
    client = Client()
    client.force_login(member.user)
    return str(client.cookies[django_settings.SESSION_COOKIE_NAME].value)


def test_everybody_listens_with_their_own_rights(world: World) -> None:
    owner, chatter, outsider = (
        listener_of(cookie(member)) for member in (world.owner, world.chatter, world.outsider)
    )
    assert owner is not None
    assert (owner.workspace_pk, owner.creator_ids) == (world.owner.workspace_id, None)
    assert chatter is not None
    assert chatter.creator_ids == frozenset({world.creator.pk})
    assert not chatter.can("billing.view")
    assert outsider is not None
    assert outsider.workspace_pk == world.outsider.workspace_id


def test_nobody_listens_without_a_living_session(world: World, settings: Any) -> None:
    key = cookie(world.owner)
    assert listener_of("") is None
    assert listener_of("nonsense") is None
    settings.MFA_REQUIRED_ROLES = ["owner"]  # a second factor is overdue: the pages are closed as well
    assert listener_of(key) is None
    settings.MFA_REQUIRED_ROLES = []
    before = BrowserSession.objects.values_list("expire_date", "last_used_at").get()
    assert listener_of(key) is not None
    assert BrowserSession.objects.values_list("expire_date", "last_used_at").get() == before
    end_everywhere(user=world.owner.user, reason="test", now=clock.now())
    assert listener_of(key) is None
    idle = cookie(world.chatter)
    BrowserSession.objects.update(expire_date=clock.now() - timedelta(seconds=1))
    assert listener_of(idle) is None
    gone = cookie(world.manager)
    User.objects.filter(pk=world.manager.user_id).update(is_active=False)
    assert listener_of(gone) is None


def test_a_visitor_hears_what_the_member_may_and_no_longer_than_the_visit(world: World) -> None:
    client = visiting(world.chatter)
    key = str(client.cookies[django_settings.SESSION_COOKIE_NAME].value)
    (grant,) = grants()
    found = listener_of(key)
    assert found is not None
    assert (found.user_pk, found.acting_pk) == (world.chatter.user_id, grant.staff_id)
    assert found.creator_ids == frozenset({world.creator.pk})
    assert (found.can("queue.view"), found.can("messages.send")) == (True, False)
    with cross_workspace("visit"):
        end(grant=grant, by_pk=None, reason="expired", now=clock.now())
    assert listener_of(key) is None
