"""Model fields of the kernel: text that is encrypted at rest and hidden until it is asked for.

`EncryptedTextField` holds a `Sealed`. A str may be assigned; it is sealed when the row is written, with the
data key of `instance.workspace_id` (the installation's, where the model has no such attribute) and bound to
table, column and the row's `uid`, which has to be set before the insert. Renaming the table or the column
therefore needs a data migration. Opening happens at `.reveal()`, so loading rows costs nothing.
"""

from typing import TYPE_CHECKING, Any, Generic, NoReturn, TypeVar
from uuid import UUID

from django.core.exceptions import FieldError
from django.db import models
from django.db.models.query_utils import DeferredAttribute

from huntaze.kernel.crypto import MASK, Sealed

_ST = TypeVar("_ST", contravariant=True)
_GT = TypeVar("_GT", covariant=True)

if TYPE_CHECKING:

    class _TextField(models.TextField[_ST, _GT], Generic[_ST, _GT]):
        """What may be assigned and what is read; None joins both where the column is nullable."""

        _pyi_private_set_type: Sealed | str  # type: ignore[assignment]
        _pyi_private_get_type: Sealed  # type: ignore[assignment]
else:

    class _TextField(models.TextField, Generic[_ST, _GT]):
        """A text column."""


class _Ciphertext(str):
    """Sealed text on its way to the database: the only thing besides None that the column takes."""


class _SealedAttribute(DeferredAttribute):
    """Turns what is assigned into a Sealed, and ties loaded text to its row when it is read."""

    field: "EncryptedTextField[Any, Any]"

    def __get__(self, instance: Any, cls: Any = None) -> Any:
        value = super().__get__(instance, cls)
        if isinstance(value, Sealed) and not value.is_bound:
            value = value.bound(**self.field.place_of(instance))
            instance.__dict__[self.field.attname] = value
        return value

    def __set__(self, instance: Any, value: Any) -> None:
        instance.__dict__[self.field.attname] = self.field.to_python(value)


class EncryptedTextField(_TextField[_ST, _GT]):
    """Text under AES-256-GCM. Can't be filtered, indexed, defaulted from the database or put in a form."""

    descriptor_class = _SealedAttribute

    def place_of(self, instance: models.Model) -> dict[str, Any]:
        """Workspace and additional data of this column in a row. Raises FieldError without a `uid`."""
        uid = getattr(instance, "uid", None)
        if uid is None:
            raise FieldError(f"{self.name} is bound to the row's uid, and the row has none yet")
        aad = f"{instance._meta.db_table}:{self.column}:{uid if isinstance(uid, UUID) else UUID(str(uid))}"
        return {"workspace_id": getattr(instance, "workspace_id", None), "aad": aad}

    def to_python(self, value: Any) -> Any:
        """None, a Sealed as it is, or a Sealed made of a str. Raises TypeError, ValueError for the mask."""
        if value is None or isinstance(value, Sealed) or hasattr(value, "resolve_expression"):
            return value
        if not isinstance(value, str):
            raise TypeError(f"{self.name} takes a str, not {type(value).__name__}")
        return Sealed(value)

    def from_db_value(self, value: str | None, *_: Any) -> Sealed | None:
        return None if value is None else Sealed.of_stored(value)

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        """Seal for this row. The instance keeps the sealed form, so that no plain text stays behind."""
        value = getattr(model_instance, self.attname)
        if not isinstance(value, Sealed):
            return value
        place = self.place_of(model_instance)
        text = value.stored_for(**place)
        setattr(model_instance, self.attname, Sealed.of_stored(text, **place))
        return _Ciphertext(text)

    def get_prep_value(self, value: Any) -> Any:
        if value is None or isinstance(value, _Ciphertext):
            return value
        raise FieldError(
            f"{self.name} is encrypted for its row: save the instance. update(), bulk_update() and "
            "comparisons don't know the row"
        )

    def get_lookup(self, lookup_name: str) -> Any:
        if lookup_name == "isnull":
            return super().get_lookup(lookup_name)
        self._refuse(lookup_name)

    def get_transform(self, lookup_name: str) -> Any:
        self._refuse(lookup_name)

    def _refuse(self, lookup: str) -> NoReturn:
        raise FieldError(
            f"{self.name} is encrypted and can't be searched ({lookup}); only isnull works. "
            "For exact matches keep a blind index beside it"
        )

    def value_to_string(self, obj: models.Model) -> str:
        return MASK

    def formfield(self, *_: Any, **__: Any) -> None:
        """Never in a model form: the mask would come back as the value."""
        return None
