"""One sandbox a worker, a fresh world for each test."""

from collections.abc import Iterator

import pytest

from tests.sandbox.server import Receiver, Sandbox, run_receiver, run_sandbox


@pytest.fixture(scope="session")
def running() -> Iterator[Sandbox]:
    with run_sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running: Sandbox) -> Sandbox:
    running.reset()
    return running


@pytest.fixture(scope="session")
def running_receiver() -> Iterator[Receiver]:
    with run_receiver() as receiver:
        yield receiver


@pytest.fixture
def receiver(running_receiver: Receiver, sandbox: Sandbox) -> Receiver:
    running_receiver.got.clear()
    running_receiver.statuses.clear()
    return running_receiver
