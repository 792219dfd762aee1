"""Staff in their browsers, and visits for tests."""

from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import Group
from django.test import Client

from accounts.models import ImpersonationGrant, Membership, User
from accounts.sessions import note_factor, note_proof
from huntaze.kernel import clock
from huntaze.kernel.tenancy import cross_workspace
from tests.factories.accounts import UserFactory

REASON = "Ticket 4711: the queue stands still"


def staff(group: str = "support", **fields: Any) -> User:
    user: User = UserFactory(is_staff=True, **fields)
    user.groups.set([Group.objects.get(name=group)])
    return user


def browser(user: User, *, proved_at: datetime | None = None, **options: Any) -> Client:
    """A signed-in browser whose person has just given their password and their second factor."""
    client = Client(**options)
    client.force_login(user)
    session = client.session
    note_proof(session, proved_at or clock.now())
    note_factor(session, proved_at or clock.now())
    session.save()
    return client


def ask(client: Client, member: Membership, **changes: Any) -> Any:
    """The form on a member's page, sent."""
    body = {"reason": REASON, "minutes": "30"} | changes
    return client.post(f"/admin/accounts/membership/{member.pk}/visit/", body)


def visiting(member: Membership, user: User | None = None, **changes: Any) -> Client:
    """A browser in which a member of staff visits."""
    client = browser(user or staff())
    answer = ask(client, member, **changes)
    assert (answer.status_code, answer["Location"]) == (302, "/"), answer.content.decode()
    return client


def grants() -> list[ImpersonationGrant]:
    with cross_workspace("demo"):
        return list(ImpersonationGrant.objects.order_by("pk"))


def agreed(grant: ImpersonationGrant, by: User | None = None) -> None:
    """A second person has agreed that the visitor may change something."""
    client = browser(by or staff())
    client.post(
        "/admin/accounts/impersonationgrant/", {"action": "agree_to_writing", "_selected_action": [grant.pk]}
    )


def forget_proof(client: Client) -> None:
    """The session's proofs are older than ten minutes from now on."""
    session, before = client.session, clock.now() - timedelta(minutes=11)
    note_proof(session, before)
    note_factor(session, before)
    session.save()
