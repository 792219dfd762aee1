"""The encrypted field on a real table: sealed in the column, hidden on the instance, bound to its row."""

import contextlib
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.admin.utils import display_for_field
from django.core import serializers
from django.core.exceptions import FieldError
from django.db import connection, models, transaction
from django.forms import modelform_factory
from django.test.utils import CaptureQueriesContext, isolate_apps

from huntaze.kernel import crypto
from huntaze.kernel.crypto import DecryptionFailed, Sealed
from huntaze.kernel.fields import EncryptedTextField

with isolate_apps():

    class Secret(models.Model):
        uid = models.UUIDField(default=uuid.uuid4, unique=True)
        workspace_id = models.BigIntegerField()
        name = models.TextField(default="")
        body = EncryptedTextField(null=True, blank=True)
        note = EncryptedTextField(default="")

        class Meta:
            app_label = "kernel_fields"
            db_table = "kernel_fields_secret"

    class SystemSecret(models.Model):
        uid = models.UUIDField(default=uuid.uuid4, unique=True)
        body = EncryptedTextField()

        class Meta:
            app_label = "kernel_fields"
            db_table = "kernel_fields_system"


class StoredKeys:
    """Data keys in a table, as the product has them: made at first use, inside whatever transaction runs."""

    def current(self, workspace_id: int | None) -> tuple[int, bytes]:
        found = self._read(workspace_id, 1)
        if found is None:
            with connection.cursor() as cursor:
                cursor.execute(
                    "insert into kernel_fields_key values (%s, gen_random_uuid())", [workspace_id or 0]
                )
            found = self._read(workspace_id, 1)
            assert found is not None
        return 1, found

    def by_version(self, workspace_id: int | None, version: int) -> bytes:
        found = self._read(workspace_id, version)
        if found is None:
            raise DecryptionFailed("the data key is gone")
        return found

    def _read(self, workspace_id: int | None, version: int) -> bytes | None:
        with connection.cursor() as cursor:
            cursor.execute("select key from kernel_fields_key where workspace = %s", [workspace_id or 0])
            row = cursor.fetchone()
        return row[0].bytes * 2 if row and version == 1 else None


@pytest.fixture
def tables(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Tables of our own that really commit; they are dropped, so nothing else has to be emptied."""
    before = crypto._source
    crypto.register_data_keys(StoredKeys())
    with django_db_blocker.unblock():
        with connection.schema_editor() as editor:
            editor.create_model(Secret)
            editor.create_model(SystemSecret)
            editor.execute("create table kernel_fields_key (workspace bigint primary key, key uuid not null)")
        yield
        with connection.schema_editor() as editor:
            editor.execute("drop table kernel_fields_key")
            editor.delete_model(SystemSecret)
            editor.delete_model(Secret)
    if before is not None:
        crypto.register_data_keys(before)


pytestmark = pytest.mark.usefixtures("tables")


def column(row: models.Model, name: str = "body") -> Any:
    with connection.cursor() as cursor:
        cursor.execute(f"select {name} from {row._meta.db_table} where id = %s", [row.pk])
        return cursor.fetchone()[0]


def test_a_saved_text_comes_back_and_is_sealed_in_the_column() -> None:
    row = Secret.objects.create(workspace_id=1, body="pay me", note="n")
    loaded = Secret.objects.get(pk=row.pk)
    assert isinstance(loaded.body, Sealed)
    assert loaded.body.reveal() == "pay me"
    assert loaded.note.reveal() == "n"  # type: ignore[union-attr]
    assert column(row).startswith("v1.1.")
    assert "pay me" not in column(row)


def test_the_saved_instance_itself_can_be_read_and_saved_again() -> None:
    row = Secret.objects.create(workspace_id=1, body="one")
    before = column(row)
    assert row.body.reveal() == "one"  # type: ignore[union-attr]
    row.name = "changed"
    row.save()
    assert column(row) == before
    row.body = "two"
    row.save(update_fields=["body"])
    assert Secret.objects.get().body.reveal() == "two"  # type: ignore[union-attr]


def test_none_stays_null_and_isnull_finds_it() -> None:
    empty = Secret.objects.create(workspace_id=1)
    full = Secret.objects.create(workspace_id=1, body="")
    assert empty.body is None
    assert list(Secret.objects.filter(body__isnull=True)) == [empty]
    assert list(Secret.objects.exclude(body__isnull=True)) == [full]
    assert Secret.objects.get(pk=full.pk).body.reveal() == ""  # type: ignore[union-attr]


def test_bulk_create_seals_each_row_for_itself() -> None:
    Secret.objects.bulk_create([Secret(workspace_id=i % 3, body=f"text {i}") for i in range(20)])
    revealed = [row.body.reveal() for row in Secret.objects.order_by("pk")]  # type: ignore[union-attr]
    assert revealed == [f"text {i}" for i in range(20)]
    assert len({column(row) for row in Secret.objects.all()}) == 20


def test_loading_opens_nothing() -> None:
    Secret.objects.bulk_create([Secret(workspace_id=1, body="x") for _ in range(3)])
    crypto.forget_data_keys()
    with CaptureQueriesContext(
        connection,
    ) as captured:
        rows = [(row.body, str(row.body)) for row in Secret.objects.all()]
    assert len(captured) == 1
    assert [shown for _, shown in rows] == ["•••"] * 3


def test_a_row_without_a_workspace_uses_the_installations_key() -> None:
    SystemSecret.objects.create(body="root")
    assert SystemSecret.objects.get().body.reveal() == "root"  # type: ignore[union-attr]
    with connection.cursor() as cursor:
        cursor.execute("select array_agg(workspace) from kernel_fields_key")
        assert cursor.fetchone()[0] == [0]


@pytest.mark.parametrize(
    "statement",
    [
        "update kernel_fields_secret a set body = b.body from kernel_fields_secret b where a.id <> b.id",
        "update kernel_fields_secret set note = body",
        "update kernel_fields_secret set uid = gen_random_uuid()",
        "update kernel_fields_secret set workspace_id = 3 - workspace_id",
    ],
)
def test_a_ciphertext_moved_elsewhere_does_not_open(statement: str) -> None:
    for workspace_id in (1, 2):
        Secret.objects.create(workspace_id=workspace_id, body=f"of {workspace_id}", note="n")
    with connection.cursor() as cursor:
        cursor.execute(statement)
    moved = "note" if "note" in statement else "body"
    for row in Secret.objects.all():
        with pytest.raises(DecryptionFailed):
            getattr(row, moved).reveal()


def test_a_value_assigned_from_another_row_is_sealed_for_the_new_one() -> None:
    first = Secret.objects.create(workspace_id=1, body="shared")
    second = Secret.objects.create(workspace_id=2, body=Secret.objects.get(pk=first.pk).body)
    assert Secret.objects.get(pk=second.pk).body.reveal() == "shared"  # type: ignore[union-attr]
    assert column(first) != column(second)


@pytest.mark.parametrize(
    "lookup", ["body", "body__exact", "body__icontains", "body__in", "body__gt", "body__regex"]
)
def test_it_refuses_to_search(lookup: str) -> None:
    with pytest.raises(FieldError, match="can't be searched"):
        list(Secret.objects.filter(**{lookup: "x"}))


def test_it_refuses_transforms() -> None:
    with pytest.raises(FieldError, match="can't be searched"):
        list(Secret.objects.filter(body__lower__exact="x"))


def test_update_refuses_text_and_takes_null() -> None:
    row = Secret.objects.create(workspace_id=1, body="kept")
    for value in ("x", Sealed("x"), row.body):
        with pytest.raises(FieldError, match="save the instance"):
            Secret.objects.update(body=value)
    row.body = "y"
    with pytest.raises(FieldError, match="save the instance"):
        Secret.objects.bulk_update([row], ["body"])
    assert Secret.objects.get().body.reveal() == "kept"  # type: ignore[union-attr]
    Secret.objects.update(body=None)
    assert Secret.objects.get().body is None


def test_refresh_only_and_defer_work() -> None:
    row = Secret.objects.create(workspace_id=1, body="one", note="two")
    stale = Secret.objects.get()
    row.body = "new"
    row.save()
    stale.refresh_from_db()
    assert stale.body.reveal() == "new"  # type: ignore[union-attr]
    assert Secret.objects.only("body").get().body.reveal() == "new"  # type: ignore[union-attr]
    assert Secret.objects.defer("body").get().body.reveal() == "new"  # type: ignore[union-attr]


def test_saving_a_row_with_a_deferred_secret_leaves_it_alone() -> None:
    row = Secret.objects.create(workspace_id=1, body="one")
    before = column(row)
    part = Secret.objects.defer("body").get()
    part.name = "changed"
    part.save()
    assert column(row) == before


def test_values_give_a_mask_that_opens_nothing() -> None:
    Secret.objects.create(workspace_id=1, body="one")
    (value,) = Secret.objects.values_list("body", flat=True)
    assert str(value) == "•••"
    with pytest.raises(DecryptionFailed):
        value.reveal()


def test_admin_serialisation_and_forms_show_no_text() -> None:
    row = Secret.objects.create(workspace_id=1, body="hunter2")
    field = Secret._meta.get_field("body")
    assert display_for_field(row.body, field, "-") == "•••"
    assert "hunter2" not in serializers.serialize("json", [row])
    assert '"body": "•••"' in serializers.serialize("json", [row])
    assert list(modelform_factory(Secret, fields=["name", "body"]).base_fields) == ["name"]
    assert "hunter2" not in repr(vars(row))


def test_the_mask_and_other_types_are_refused() -> None:
    row = Secret(workspace_id=1)
    with pytest.raises(ValueError, match="mask"):
        row.body = "•••"
    with pytest.raises(TypeError, match="takes a str"):
        row.body = 5  # type: ignore[assignment]


def test_a_row_without_uid_is_refused() -> None:
    with pytest.raises(FieldError, match="uid"):
        Secret(workspace_id=1, uid=None, body="x").save()


def test_cleaning_keeps_the_value() -> None:
    row = Secret(workspace_id=1, body="x", note="y", name="z")
    row.full_clean()
    assert row.body.reveal() == "x"  # type: ignore[union-attr]


def test_it_deconstructs_for_migrations() -> None:
    _, path, args, kwargs = Secret._meta.get_field("body").deconstruct()
    assert (path, args, kwargs) == (
        "huntaze.kernel.fields.EncryptedTextField",
        [],
        {"null": True, "blank": True},
    )


class Undo(Exception):
    pass


def create_and_undo(workspace_id: int) -> None:
    with contextlib.suppress(Undo), transaction.atomic():
        Secret.objects.create(workspace_id=workspace_id, body="gone")
        raise Undo


def test_a_key_made_in_a_transaction_that_rolls_back_is_not_used_again() -> None:
    create_and_undo(7)
    row = Secret.objects.create(workspace_id=7, body="stays")
    crypto.forget_data_keys()
    assert Secret.objects.get(pk=row.pk).body.reveal() == "stays"  # type: ignore[union-attr]


def test_a_key_made_in_a_savepoint_that_rolls_back_is_not_used_again() -> None:
    with transaction.atomic():
        create_and_undo(8)
        row = Secret.objects.create(workspace_id=8, body="stays")
    crypto.forget_data_keys()
    assert Secret.objects.get(pk=row.pk).body.reveal() == "stays"  # type: ignore[union-attr]


def test_a_transaction_reads_its_new_key_once() -> None:
    with CaptureQueriesContext(connection) as captured, transaction.atomic():
        for _ in range(5):
            Secret.objects.create(workspace_id=9, body="x", note="y")
    assert len([q for q in captured.captured_queries if "kernel_fields_key" in q["sql"]]) == 3
