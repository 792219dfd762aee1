"""The first wall: no scope, no rows; one scope, one workspace; and no way round by accident."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps

from accounts.models import Creator, CreatorAssignment, Membership, PlatformAccount, Workspace
from huntaze.kernel import metrics, tenancy
from huntaze.kernel.tenancy import ScopeMissing, WrongWorkspace, cross_workspace, workspace_scope
from tests.factories.accounts import NOW, CreatorFactory

READS: dict[str, Callable[[], Any]] = {
    "all": lambda: list(Creator.objects.all()),
    "filter": lambda: Creator.objects.filter(stage_name="x"),
    "get": lambda: Creator.objects.get(pk=1),
    "count": lambda: Creator.objects.count(),
    "in_bulk": lambda: Creator.objects.in_bulk([1]),
    "first": lambda: Creator.objects.first(),
    "values": lambda: Creator.objects.values_list("pk"),
    "iterator": lambda: list(Creator.objects.iterator()),
    "aggregate": lambda: Creator.objects.aggregate(),
    "exists": lambda: Creator.objects.exists(),
    "aexists": lambda: asyncio.run(_aexists()),
    "async_for": lambda: asyncio.run(_async_for()),
    "explain": lambda: Creator.objects.explain(),
    "subquery": lambda: Workspace.objects.filter(pk__in=Creator.objects.values("workspace_id")),
    "raw": lambda: Creator.objects.raw("SELECT * FROM accounts_creator"),
    "own_vocabulary": lambda: PlatformAccount.objects.present(),
    "select_for_update": lambda: Creator.objects.select_for_update(),
}
WRITES: dict[str, Callable[[], Any]] = {
    "update": lambda: Creator.objects.update(stage_name="x"),
    "delete": lambda: Creator.objects.all().delete(),
    "create": lambda: Creator.objects.create(stage_name="x", workspace_id=1),
    "bulk_create": lambda: Creator.objects.bulk_create([Creator(stage_name="x", workspace_id=1)]),
    "get_or_create": lambda: Creator.objects.get_or_create(stage_name="x", workspace_id=1),
    "update_or_create": lambda: Creator.objects.update_or_create(stage_name="x", workspace_id=1),
    "save": lambda: Creator(stage_name="x", workspace_id=1).save(),
    "bulk_update": lambda: Creator.objects.bulk_update([], ["stage_name"]),
}


async def _aexists() -> bool:
    return await Creator.objects.aexists()


async def _async_for() -> list[Creator]:
    return [row async for row in Creator.objects.all()]


def names() -> set[str]:
    with cross_workspace("demo"):
        return set(Creator.objects.values_list("stage_name", flat=True))


@pytest.mark.parametrize("name", READS)
def test_a_read_without_a_scope_is_refused(name: str) -> None:
    """No database is opened for these: they end before a query exists."""
    with pytest.raises(ScopeMissing):
        READS[name]()


@pytest.mark.parametrize("name", WRITES)
def test_a_write_without_a_scope_is_refused(name: str) -> None:
    with pytest.raises(ScopeMissing):
        WRITES[name]()


def test_none_is_free() -> None:
    assert list(Creator.objects.none()) == []
    assert list(PlatformAccount.objects.none()) == []


def test_related_managers_need_the_scope_and_keep_to_it(world: Any) -> None:
    with pytest.raises(ScopeMissing):
        world.creator.platform_accounts.count()
    with pytest.raises(ScopeMissing):
        world.chatter.assignments.exists()
    with workspace_scope(world.owner.workspace_id):
        assert list(world.creator.platform_accounts.all()) == [world.account]
        assert list(world.outsider_account.creator.platform_accounts.all()) == []
    with workspace_scope(world.outsider.workspace_id):
        assert list(world.creator.platform_accounts.all()) == []


def test_inside_a_workspace_the_others_rows_do_not_exist(world: Any) -> None:
    with workspace_scope(world.owner.workspace_id):
        mine = {world.creator.pk, world.other_creator.pk}
        assert set(Creator.objects.values_list("pk", flat=True)) == mine
        assert set(Creator.objects.in_bulk([*mine, world.outsider_account.creator_id])) == mine
        with pytest.raises(Creator.DoesNotExist):
            Creator.objects.get(pk=world.outsider_account.creator_id)
        assert not Creator.objects.filter(uid=world.outsider_account.creator.uid).exists()
        assert Creator.objects.filter(pk=world.outsider_account.creator_id).update(stage_name="taken") == 0
        assert Creator.objects.filter(pk=world.outsider_account.creator_id).delete() == (0, {})
        assert list(PlatformAccount.objects.filter(creator__workspace_id=world.outsider.workspace_id)) == []
    assert "taken" not in names()


def test_a_bulk_update_does_not_reach_the_others_rows(world: Any) -> None:
    theirs = world.outsider_account.creator
    theirs.stage_name = "taken"
    with workspace_scope(world.owner.workspace_id):
        assert Creator.objects.bulk_update([theirs], ["stage_name"]) == 0
    assert "taken" not in names()


def test_an_update_of_everything_is_of_everything_of_ours(world: Any) -> None:
    with workspace_scope(world.owner.workspace_id):
        assert Creator.objects.update(stage_name="ours") == 2
    assert names() == {"ours", world.outsider_account.creator.stage_name}


def test_a_row_of_another_workspace_can_not_be_written(world: Any) -> None:
    theirs, before = world.outsider.workspace_id, names()
    with workspace_scope(world.owner.workspace_id):
        for write in (
            lambda: Creator.objects.create(stage_name="x", workspace_id=theirs),
            lambda: Creator.objects.get_or_create(stage_name="x", workspace_id=theirs),
            lambda: Creator(stage_name="x", workspace_id=theirs).save(),
            lambda: Creator.objects.bulk_create(
                [Creator(stage_name="a"), Creator(stage_name="x", workspace_id=theirs)]
            ),
            lambda: world.outsider_account.creator.save(),
        ):
            with pytest.raises(WrongWorkspace):
                write()
    assert names() == before


def test_the_scope_fills_in_the_workspace(world: Any) -> None:
    with workspace_scope(world.owner.workspace_id):
        saved = Creator(stage_name="saved")
        saved.save()
        rows = [Creator.objects.create(stage_name="made"), saved]
        rows += Creator.objects.bulk_create([Creator(stage_name="one"), Creator(stage_name="two")])
    assert {row.workspace_id for row in rows} == {world.owner.workspace_id}


def test_refreshing_a_row_in_hand_does_not_let_it_be_saved_elsewhere(world: Any) -> None:
    theirs = world.outsider_account.creator
    with workspace_scope(world.owner.workspace_id):
        theirs.refresh_from_db()
        theirs.stage_name = "taken"
        with pytest.raises(WrongWorkspace):
            theirs.save(update_fields=["stage_name"])
    assert "taken" not in names()


@pytest.mark.parametrize("value", [None, "1", [1, 2], (1,), {1}, 1.0, True, object()])
def test_a_scope_is_one_integer_key(value: Any) -> None:
    with pytest.raises(TypeError), workspace_scope(value):
        pytest.fail("the scope opened")  # pragma: no cover
    with pytest.raises(ScopeMissing):
        tenancy.current_workspace_id()


def test_an_instance_is_no_scope(world: Any) -> None:
    with pytest.raises(TypeError), workspace_scope(world.owner.workspace):
        pytest.fail("the scope opened")  # pragma: no cover


def test_scopes_nest_only_in_themselves() -> None:
    with workspace_scope(1):
        with workspace_scope(1):
            assert tenancy.current_workspace_id() == 1
        with pytest.raises(WrongWorkspace), workspace_scope(2):
            pytest.fail("another workspace's scope opened")  # pragma: no cover
        with pytest.raises(WrongWorkspace), cross_workspace("demo"):
            pytest.fail("the wall was lifted")  # pragma: no cover
        assert tenancy.current_workspace_id() == 1
    with pytest.raises(ScopeMissing):
        tenancy.current_workspace_id()


def test_a_scope_ends_with_its_block_also_after_an_error() -> None:
    with pytest.raises(ZeroDivisionError), workspace_scope(1):
        raise ZeroDivisionError
    with pytest.raises(ZeroDivisionError), cross_workspace("demo"):
        raise ZeroDivisionError
    with pytest.raises(ScopeMissing):
        tenancy.current_workspace_id()


def test_the_lifted_wall_shows_everything_and_is_counted(world: Any) -> None:
    counter = metrics.CROSS_WORKSPACE.labels(reason="tenancy test")
    before = counter._value.get()
    with cross_workspace("tenancy test"):
        assert tenancy.current_workspace_id() is None
        assert Creator.objects.count() == 3
        with workspace_scope(world.owner.workspace_id):
            assert Creator.objects.count() == 2
    assert counter._value.get() == before + 1
    with pytest.raises(ValueError, match="reason"), cross_workspace(""):
        pytest.fail("lifted without a reason")  # pragma: no cover


def test_a_thread_starts_without_a_scope() -> None:
    found: list[object] = []

    def look() -> None:
        try:
            found.append(Creator.objects.all())
        except ScopeMissing:
            found.append("refused")

    with workspace_scope(1):
        thread = threading.Thread(target=look)
        thread.start()
        thread.join()
    assert found == ["refused"]


def test_what_a_filter_was_built_under_is_what_it_reads(world: Any) -> None:
    """A queryset carries the workspace it was made in: it can't be widened by evaluating it elsewhere."""
    with workspace_scope(world.owner.workspace_id):
        rows = Creator.objects.all()
    assert {row.workspace_id for row in rows} == {world.owner.workspace_id}
    with workspace_scope(world.outsider.workspace_id):
        assert {row.workspace_id for row in rows.all()} == {world.owner.workspace_id}


def test_every_tenant_model_is_behind_the_wall(world: Any) -> None:
    tenant = [model for model in apps.get_models() if issubclass(model, tenancy.WorkspaceModel)]
    assert {Membership, Creator, CreatorAssignment, PlatformAccount} <= set(tenant)
    for model in tenant:
        with pytest.raises(ScopeMissing):
            model._default_manager.exists()


def test_an_assignment_of_ours_can_not_be_added_through_the_others_member(world: Any) -> None:
    creator = CreatorFactory(workspace=world.outsider.workspace)
    with workspace_scope(world.owner.workspace_id), pytest.raises(WrongWorkspace):
        creator.assignments.create(
            membership=world.outsider, started_at=NOW, workspace_id=world.outsider.workspace_id
        )
