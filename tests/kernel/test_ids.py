"""Public ids: a round trip for every UUID, order by time, and None for everything that is not one."""

import time
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntaze.kernel import ids

ZERO = "0" * 26
PREFIXES = st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=4)


@given(PREFIXES, st.uuids())
def test_every_uuid_survives_the_round_trip(prefix: str, uid: UUID) -> None:
    text = ids.encode(prefix, uid)
    assert len(text) == len(prefix) + 27
    assert ids.decode(prefix, text) == uid


@given(st.lists(st.uuids(), min_size=2, max_size=20))
def test_texts_sort_as_their_uuids_do(uids: list[UUID]) -> None:
    texts = [ids.encode("msg", uid) for uid in uids]
    assert sorted(texts) == [ids.encode("msg", uid) for uid in sorted(uids)]


@given(st.text(max_size=40))
def test_garbage_is_none_or_the_text_of_its_own_uuid(text: str) -> None:
    uid = ids.decode("msg", text)
    assert uid is None or ids.encode("msg", uid) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "msg",
        "msg_",
        "_" + ZERO,
        "msg_" + ZERO[:-1],
        "msg_" + ZERO + "0",
        "MSG_" + ZERO,
        "usr_" + ZERO,
        "msg-" + ZERO,
        "msg__" + ZERO[:-1],
        "msg_8" + ZERO[:-1],  # more than 128 bits
        "msg_" + "I" * 26,
        "msg_0" + "u" * 25,
        "msg_0" + "a" * 25,
        "msg_" + ZERO[:-1] + "\u0660",
        "msg_" + ZERO[:-1] + "\n",
    ],
)
def test_what_is_not_an_id_is_none(text: str) -> None:
    assert ids.decode("msg", text) is None


def test_the_largest_uuid_has_a_text() -> None:
    assert ids.encode("msg", UUID(int=2**128 - 1)) == "msg_7" + "Z" * 25
    assert ids.decode("msg", "msg_7" + "Z" * 25) == UUID(int=2**128 - 1)


def test_ids_made_in_different_milliseconds_sort_by_time() -> None:
    found = []
    for _ in range(8):
        found.append(ids.encode("msg", ids.uuid7()))
        time.sleep(0.002)
    assert found == sorted(found)


def test_a_new_id_is_a_version_7_uuid_of_now() -> None:
    before = time.time_ns() // 1_000_000
    uids = [ids.uuid7() for _ in range(1000)]
    after = time.time_ns() // 1_000_000
    assert len(set(uids)) == 1000
    assert {(uid.version, uid.variant) for uid in uids} == {(7, "specified in RFC 4122")}
    assert {before <= uid.int >> 80 <= after for uid in uids} == {True}
