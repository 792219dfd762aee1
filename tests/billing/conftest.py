"""A workspace whose plan gives no messages, so that a test says itself which credits there are."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from accounts.models import Workspace
from billing.types import Feature
from huntaze.kernel.tenancy import cross_workspace
from tests.factories.accounts import WorkspaceFactory
from tests.factories.billing import limit

#: Its months begin on the 15th.
BORN = datetime(2026, 1, 15, 18, 30, tzinfo=UTC)


@pytest.fixture
def purse(db: None) -> Workspace:
    workspace: Workspace = WorkspaceFactory(is_limited=True)
    Workspace.objects.filter(pk=workspace.pk).update(created_at=BORN)
    limit(workspace, Feature.MESSAGES, 0)
    return workspace


@pytest.fixture
def inside(purse: Workspace) -> Iterator[Any]:
    """That workspace, with the wall lifted."""
    with cross_workspace("demo"):
        yield purse
