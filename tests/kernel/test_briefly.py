"""What is remembered for some seconds: found until then, and never too many."""

from huntaze.kernel.briefly import Briefly
from tests.faults.house import wait_for


def test_it_is_found_until_its_seconds_are_over() -> None:
    kept: Briefly[str, int] = Briefly(most=10)
    kept.put("a", 1, seconds=0.1)
    assert kept.get("a") == 1
    wait_for(lambda: kept.get("a") is None, seconds=2, what="it is forgotten")


def test_nothing_is_kept_for_no_time() -> None:
    kept: Briefly[str, int] = Briefly(most=10)
    kept.put("a", 1, seconds=0.0)
    assert kept.get("a") is None


def test_it_can_be_forgotten_before() -> None:
    kept: Briefly[str, int] = Briefly(most=10)
    kept.put("a", 1, seconds=60)
    kept.forget("a")
    kept.forget("b")
    assert kept.get("a") is None


def test_when_it_is_full_it_begins_anew_and_a_newer_value_takes_no_place() -> None:
    kept: Briefly[int, int] = Briefly(most=3)
    for key in (1, 2, 3, 3):
        kept.put(key, key, seconds=60)
    assert [kept.get(key) for key in (1, 2, 3)] == [1, 2, 3]
    kept.put(4, 4, seconds=60)
    assert [kept.get(key) for key in (1, 2, 3, 4)] == [None, None, None, 4]
