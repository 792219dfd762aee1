"""Which words of its query an answer looked at: what it did not look at, it can't depend on."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.http import QueryDict

#: Stands for every word: all of them were gone through.
ALL = "*"


def noting(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """From now on the words that requests look at are put into this set; empty it before each."""
    noted: set[str] = set()

    class Noting(QueryDict):
        _is_made = False

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self._is_made = True

        def _note(self, word: str) -> None:
            if self._is_made:
                noted.add(word)

        def __getitem__(self, key: str) -> Any:
            self._note(key)
            return super().__getitem__(key)

        def _getlist(self, key: str, *args: Any, **kwargs: Any) -> Any:
            self._note(key)
            return super()._getlist(key, *args, **kwargs)  # type: ignore[misc]  # not in the stubs

        def __contains__(self, key: object) -> bool:
            self._note(str(key))
            return super().__contains__(key)

        def __iter__(self) -> Iterator[str]:
            self._note(ALL)
            return super().__iter__()

        def __len__(self) -> int:
            self._note(ALL)
            return super().__len__()

        def keys(self) -> Any:
            self._note(ALL)
            return super().keys()

        def lists(self) -> Any:
            self._note(ALL)
            return super().lists()

    monkeypatch.setattr("django.core.handlers.wsgi.QueryDict", Noting)
    return noted
