"""What a member sends from a page waits a moment, and they alone can take it back while it does."""

from datetime import timedelta
from uuid import uuid4

import pytest

from accounts.models import Membership
from accounts.selectors import principal_of
from huntaze.kernel import clock
from huntaze.kernel.api.principal import Principal
from huntaze.kernel.tenancy import cross_workspace, workspace_scope
from messaging.errors import TooLate
from messaging.models import Delivery
from messaging.selectors.undo import held_of, may_undo
from messaging.services.send_once import send_once
from messaging.services.sending.upkeep import make_due
from messaging.services.undo import undo
from messaging.types import SendCommand
from tests.conftest import World


def principal(member: Membership) -> Principal:
    return principal_of(member, limit=60)


def send(world: World, member: Membership, hold: int) -> Delivery:
    command = SendCommand(world.fan.public_id, "Bonsoir", account_id=world.account.public_id)
    send_once(
        principal=principal(member),
        command=command,
        token=uuid4().hex,
        now=clock.now(),
        hold=timedelta(seconds=hold),
    )
    return Delivery.objects.with_everything().latest("pk")


def test_its_sender_alone_takes_it_back_while_it_waits(world: World) -> None:
    with workspace_scope(world.owner.workspace_id):
        row, now = send(world, world.chatter, 30), clock.now()
        assert row.state == "scheduled"
        assert row.available_at - row.queued_at == timedelta(seconds=30)
        assert row.promised_at >= row.available_at
        assert held_of([world.account], world.chatter.pk, now) == row
        assert held_of([world.account], world.owner.pk, now) is None
        with pytest.raises(TooLate):
            undo(delivery=row, principal=principal(world.owner), now=now)
        undo(delivery=row, principal=principal(world.chatter), now=now)
        row.refresh_from_db()
        assert (row.state, row.credit_state) == ("cancelled", "released")
        with pytest.raises(TooLate):
            undo(delivery=row, principal=principal(world.chatter), now=now)


def test_what_has_been_let_go_is_not_taken_back(world: World) -> None:
    with workspace_scope(world.owner.workspace_id):
        row = send(world, world.chatter, 10)
        Delivery.objects.update(available_at=clock.now() - timedelta(seconds=1))
    with cross_workspace("demo"):
        make_due()
    with workspace_scope(world.owner.workspace_id):
        assert may_undo(row, world.chatter.pk)  # as the page still believes
        with pytest.raises(TooLate):
            undo(delivery=row, principal=principal(world.chatter), now=clock.now())
        assert Delivery.objects.get().state == "queued"
        assert send(world, world.chatter, 0).state == "queued"
