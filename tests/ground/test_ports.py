"""Ports: taken, free, and the sentence that says so."""

import socket
from collections.abc import Iterator

import pytest
from ground import ports
from ground.messages import Problem


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server((ports.HOST, ports.pick_free())) as server:
        yield server.getsockname()[1]


def test_a_port_with_a_listener_is_not_free(taken: int) -> None:
    assert not ports.is_free(taken)


def test_a_taken_port_is_named_with_the_option_that_changes_it(taken: int) -> None:
    with pytest.raises(Problem) as problem:
        ports.require_free(taken, "the web server", "--port")
    assert f"Port {taken} for the web server is taken by another program" in str(problem.value)
    assert "--port N" in str(problem.value)


def test_a_number_that_is_no_port_is_refused() -> None:
    with pytest.raises(Problem, match=r"70000 is not a port; give --port a number from 1 to 65535\."):
        ports.require_free(70000, "the web server", "--port")


def test_free_ports_are_below_the_range_of_client_sockets() -> None:
    assert ports.pick_free() in ports.FREE_RANGE
    assert ports.FREE_RANGE.stop < 32768


def test_the_preferred_port_is_kept_while_it_is_free_and_left_when_it_is_taken(taken: int) -> None:
    free = ports.pick_free()
    assert ports.pick_free(prefer=free) == free
    assert ports.pick_free(prefer=taken) != taken
