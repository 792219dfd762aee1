"""The send limiter on a real Redis: slots, lanes, holds and wishes, one rule a test."""

import math
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from redis.exceptions import RedisError

from huntaze.kernel import redis
from huntaze.kernel.limiter import Lane, Limit, Limiter, News, Outlook
from tests.kernel.limiter_steps import (
    ACCOUNT,
    SMALL,
    dated,
    first_grant,
    lost,
    names,
    quiet,
    ready,
    rebuild,
)

# --- a slot's life


def test_a_slot_is_dated_by_its_answer() -> None:
    limiter = ready(Limit(count=1, window=0.3, lease=5.0))
    limiter.poke([(ACCOUNT, Lane.INTERACTIVE)])
    grants = limiter.tick(News())
    time.sleep(0.15)
    assert limiter.tick(dated(grants)) == []
    assert 0.28 <= first_grant(limiter) < 2


def test_a_slot_in_flight_counts_however_long_it_takes() -> None:
    limiter = ready(Limit(count=1, window=0.05, lease=5.0))
    limiter.poke([(ACCOUNT, Lane.INTERACTIVE)])
    assert len(names(limiter.tick(News()))) == 1
    time.sleep(0.12)
    assert limiter.tick(News()) == []


def test_a_slot_whose_owner_died_counts_until_its_lease_and_the_window_are_over() -> None:
    limiter = ready(Limit(count=1, window=0.2, lease=0.2))
    limiter.poke([(ACCOUNT, Lane.INTERACTIVE)])
    assert len(names(limiter.tick(News()))) == 1
    assert 0.37 <= first_grant(limiter) < 2


# --- giving back, lanes, holds


def test_a_wait_for_everybody_holds_all_accounts_and_a_shorter_one_does_not_end_it() -> None:
    limiter = ready(SMALL)
    limiter.poke([(ACCOUNT, Lane.INTERACTIVE), (ACCOUNT + 1, Lane.BULK)])
    assert limiter.tick(News(held_all=0.4)) == []
    assert limiter.tick(News(held_all=0.1)) == []
    assert 0.3 < limiter.peek(ACCOUNT).held_for <= 0.4
    time.sleep(0.2)
    assert limiter.tick(News()) == []
    time.sleep(0.25)
    assert {grant.account for grant in limiter.tick(News())} == {ACCOUNT, ACCOUNT + 1}


def test_slots_are_granted_once() -> None:
    limiter = ready(SMALL)
    limiter.poke([(ACCOUNT, Lane.INTERACTIVE)])
    (grant,) = limiter.tick(News())
    assert (grant.account, grant.lane, len(set(grant.slots))) == (ACCOUNT, Lane.INTERACTIVE, 10)
    assert limiter.tick(News()) == []


def test_a_slot_given_back_is_free_at_once() -> None:
    limiter = ready(SMALL)
    limiter.poke([(ACCOUNT, Lane.INTERACTIVE)])
    (grant,) = limiter.tick(News())
    news = News(returned=[(ACCOUNT, slot, 0) for slot in grant.slots[:4]])
    assert len(names(limiter.tick(news))) == 4


def test_what_others_hold_can_not_be_given_back_by_guessing() -> None:
    limiter = ready(SMALL)
    limiter.poke([(ACCOUNT, Lane.INTERACTIVE)])
    limiter.tick(News())
    assert limiter.tick(News(returned=[(ACCOUNT, "another slot", 99)])) == []


def test_accounts_do_not_share_slots() -> None:
    limiter = ready(SMALL)
    limiter.poke([(account, Lane.INTERACTIVE) for account in (1, 2, 3)])
    grants = limiter.tick(News())
    assert sorted((grant.account, len(grant.slots)) for grant in grants) == [(1, 10), (2, 10), (3, 10)]


def test_those_who_waited_longest_come_first() -> None:
    limiter = ready(SMALL)
    for account in (3, 1, 2):
        limiter.poke([(account, Lane.INTERACTIVE)])
        time.sleep(0.002)
    order = [limiter.tick(News(), most=1)[0].account for _ in range(3)]
    assert order == [3, 1, 2]


def test_an_interactive_burst_takes_every_free_slot_and_bulk_one_at_a_time() -> None:
    limiter = ready(SMALL)
    limiter.poke([(1, Lane.INTERACTIVE), (2, Lane.BULK)])
    grants = limiter.tick(News())
    assert [(grant.account, grant.lane, len(grant.slots)) for grant in grants] == [
        (1, Lane.INTERACTIVE, 10),
        (2, Lane.BULK, 1),
    ]


def test_bulk_is_paced_one_slot_each_w_over_l() -> None:
    limiter = ready(Limit(count=10, window=1.0, lease=0.5))
    limiter.poke([(ACCOUNT, Lane.BULK)])
    started, times, news = time.monotonic(), [], News()
    while time.monotonic() - started < 0.75:
        grants = limiter.tick(news)
        times += [time.monotonic() - started for _ in names(grants)]
        news = dated(grants)
        time.sleep(0.004)
    assert 4 <= len(times) <= 8  # 8 unless the machine is busy
    # Redis counts whole milliseconds: a grant may come that much earlier than the clock here says.
    assert [at >= number * 0.1 - 0.002 for number, at in enumerate(times)] == [True] * len(times)


def test_a_campaign_leaves_room_for_a_reply() -> None:
    limiter = ready(Limit(count=5, window=1.0, lease=0.5))
    limiter.poke([(ACCOUNT, Lane.BULK)])
    campaign = limiter.tick(News())
    limiter.poke([(ACCOUNT, Lane.INTERACTIVE)])
    reply = limiter.tick(dated(campaign))
    assert [(grant.lane, len(grant.slots)) for grant in reply] == [(Lane.INTERACTIVE, 4)]


def test_what_replies_used_slows_the_campaign_down_so_that_the_next_reply_has_room_too() -> None:
    """Two replies of five slots push the campaign two steps of 0.2 s back; meanwhile three slots stay free."""
    limiter = ready(Limit(count=5, window=1.0, lease=0.5))
    limiter.poke([(ACCOUNT, Lane.INTERACTIVE)])
    (grant,) = limiter.tick(News())
    used, unused = grant.slots[:2], grant.slots[2:]
    limiter.poke([(ACCOUNT, Lane.BULK)])
    news = News(
        dated=[(ACCOUNT, slot, 0, 0) for slot in used],
        returned=[(ACCOUNT, slot, 0) for slot in unused],
        idle=[(ACCOUNT, str(Lane.INTERACTIVE), grant.sequence)],
    )
    assert limiter.tick(news) == []
    assert 0.3 <= limiter.peek(ACCOUNT).paced_for <= 0.4
    time.sleep(0.1)
    limiter.poke([(ACCOUNT, Lane.INTERACTIVE)])
    (reply,) = limiter.tick(News())
    assert (reply.lane, len(reply.slots)) == (Lane.INTERACTIVE, 3)
    limiter.tick(quiet(reply))
    assert 0.05 <= first_grant(limiter) < 2


def test_an_account_told_to_wait_waits_in_both_lanes() -> None:
    limiter = ready(SMALL)
    limiter.poke([(ACCOUNT, Lane.INTERACTIVE), (ACCOUNT, Lane.BULK), (8, Lane.INTERACTIVE)])
    grants = limiter.tick(News(held=[(ACCOUNT, 0.2)]))
    assert {grant.account for grant in grants} == {8}
    assert 0.15 < limiter.peek(ACCOUNT).held_for <= 0.2
    assert 0.1 <= first_grant(limiter) < 2


def test_a_shorter_wait_does_not_end_a_longer_one() -> None:
    limiter = ready(SMALL)
    limiter.tick(News(held=[(ACCOUNT, 20.0)]))
    limiter.tick(News(held=[(ACCOUNT, 1.0)]))
    assert 19 < limiter.peek(ACCOUNT).held_for <= 20


def test_what_everybody_was_told_stands_against_a_shorter_wait_and_is_seen_by_each() -> None:
    limiter = ready(SMALL)
    assert limiter.wait_of_all() == 0
    assert 19 < limiter.wait_of_all(more=20.0) <= 20
    assert 19 < limiter.wait_of_all(more=1.0) <= 20
    assert 29 < limiter.wait_of_all(more=30.0) <= 30
    limiter.poke([(ACCOUNT, Lane.INTERACTIVE)])
    assert limiter.tick(News()) == []
    assert [29 < seen.held_for <= 30 for seen in limiter.peeks([ACCOUNT, 8])] == [True, True]


def test_many_accounts_are_looked_at_in_their_order() -> None:
    limiter = ready(SMALL)
    limiter.tick(News(held=[(8, 20.0)]))
    assert [round(seen.held_for) for seen in limiter.peeks([ACCOUNT, 8, 9])] == [0, 20, 0]
    assert limiter.peeks([]) == []


# --- wishes


def test_an_account_with_nothing_to_send_is_left_alone() -> None:
    limiter = ready(SMALL)
    limiter.poke([(ACCOUNT, Lane.INTERACTIVE)])
    (grant,) = limiter.tick(News())
    assert limiter.tick(quiet(grant)) == []
    assert limiter.tick(News()) == []


def test_a_message_queued_while_the_queue_was_found_empty_is_not_forgotten() -> None:
    """The wish is taken off only if nobody wished since the grant: without that the poke between would be lost."""
    limiter = ready(SMALL)
    limiter.poke([(ACCOUNT, Lane.INTERACTIVE)])
    (grant,) = limiter.tick(News())
    limiter.poke([(ACCOUNT, Lane.INTERACTIVE)])
    (again,) = limiter.tick(quiet(grant))
    assert again.sequence > grant.sequence
    assert limiter.tick(quiet(again)) == []


def test_a_wish_stays_while_a_request_is_in_flight_because_the_next_may_wait_for_its_answer() -> None:
    limiter = ready(Limit(count=3, window=0.05, lease=2.0))
    limiter.poke([(ACCOUNT, Lane.INTERACTIVE)])
    (grant,) = limiter.tick(News())
    flying, left = grant.slots[0], grant.slots[1:]
    news = News(
        returned=[(ACCOUNT, slot, 0) for slot in left],
        idle=[(ACCOUNT, str(Lane.INTERACTIVE), grant.sequence)],
    )
    assert limiter.tick(news) == []
    (more,) = limiter.tick(News(dated=[(ACCOUNT, flying, 0, 0)]))
    assert len(more.slots) == 2


def test_pokes_of_many_threads_leave_one_wish_each() -> None:
    limiter = ready(SMALL)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: limiter.poke([(n % 4, Lane.BULK), (n % 4, Lane.INTERACTIVE)]), range(64)))
    grants = limiter.tick(News())
    assert sorted((grant.account, grant.lane) for grant in grants) == [
        (n, Lane.INTERACTIVE) for n in range(4)
    ]


# --- looking


def test_a_look_tells_when_slots_come_free() -> None:
    limiter = ready(Limit(count=10, window=10.0, lease=5.0))
    assert limiter.peek(ACCOUNT) == Outlook((), 0.0, 0.0)
    limiter.poke([(ACCOUNT, Lane.INTERACTIVE)])
    (grant,) = limiter.tick(News())
    news = News(
        dated=[(ACCOUNT, slot, 0, 0) for slot in grant.slots[:2]],
        returned=[(ACCOUNT, slot, 0) for slot in grant.slots[3:]],
        idle=[(ACCOUNT, str(Lane.INTERACTIVE), grant.sequence)],
    )
    limiter.tick(news)
    time.sleep(0.2)
    first, second, flying = limiter.peek(ACCOUNT).releases
    assert 9 < first == second <= 9.8
    assert flying == 10.0  # as if its answer came now


# --- losing the log


def test_a_new_redis_grants_nothing_before_the_log_is_made() -> None:
    limiter = Limiter(SMALL, prefix="test:")
    limiter.poke([(ACCOUNT, Lane.INTERACTIVE)])
    lost(limiter)
    assert rebuild(limiter, [], []) is True
    assert len(names(limiter.tick(News()))) == 10


def test_after_a_flush_the_log_counts_what_was_answered_and_what_is_in_flight() -> None:
    limiter = ready(Limit(count=10, window=10.0, lease=5.0))
    limiter.poke([(ACCOUNT, Lane.INTERACTIVE)])
    limiter.tick(News())
    redis.client().flushdb()
    slots = [(ACCOUNT, 1, 8000), (ACCOUNT, 2, 3000), (ACCOUNT, 3, 12_000), (ACCOUNT, 4, -3000), (8, 5, 10)]
    assert rebuild(limiter, slots, [(ACCOUNT, Lane.INTERACTIVE)]) is True
    (grant,) = limiter.tick(News())
    assert (grant.account, len(grant.slots)) == (ACCOUNT, 7)
    limiter.tick(quiet(grant))
    assert [math.ceil(at) for at in limiter.peek(ACCOUNT).releases] == [2, 7, 10]


def test_an_answer_that_comes_after_the_rebuild_takes_the_place_of_its_reservation() -> None:
    limiter = ready(Limit(count=10, window=10.0, lease=5.0))
    redis.client().flushdb()
    rebuild(limiter, [(ACCOUNT, 55, -300)], [])
    limiter.tick(News(dated=[(ACCOUNT, "an old slot", 55, 0)]))
    assert [math.ceil(at) for at in limiter.peek(ACCOUNT).releases] == [10]


def test_a_request_that_never_left_gives_its_reservation_back_after_a_rebuild() -> None:
    limiter = ready(SMALL)
    redis.client().flushdb()
    rebuild(limiter, [(ACCOUNT, 55, -300)], [])
    limiter.tick(News(returned=[(ACCOUNT, "an old slot", 55)]))
    assert limiter.peek(ACCOUNT).releases == ()


def test_one_caller_rebuilds() -> None:
    limiter = Limiter(SMALL, prefix="test:")
    run_id = lost(limiter)
    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(lambda _: limiter.may_rebuild(run_id), range(8))) == [False] * 7 + [True]


def test_a_rebuild_for_a_redis_that_is_gone_writes_nothing() -> None:
    limiter = Limiter(SMALL, prefix="test:")
    run_id = lost(limiter)
    assert limiter.rebuild("of an earlier run", [(ACCOUNT, 1, 0)], [(ACCOUNT, Lane.BULK)]) is False
    assert redis.client().keys("test:*") == []
    assert limiter.rebuild(run_id, [], []) is True


def test_without_redis_nothing_is_granted(settings: Any) -> None:
    limiter = ready(SMALL)
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    with pytest.raises(RedisError):
        limiter.tick(News())
    with pytest.raises(RedisError):
        limiter.peek(ACCOUNT)
