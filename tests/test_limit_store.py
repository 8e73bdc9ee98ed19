"""Where limits are counted: in a store that processes share, and in the process itself while that is away."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from limits import RateLimitItemPerMinute
from limits.storage import RedisStorage
from structlog.testing import capture_logs

from tests.factories import NOON
from webapp.limit_store import FEW_NAMES, RETRY_SECONDS, LimitStore, OwnCounts, store_at

THREE = RateLimitItemPerMinute(3)


class Slow:
    """A limit of twenty; while it says so, others get their turn."""

    key_for, get_expiry = RateLimitItemPerMinute(20).key_for, RateLimitItemPerMinute(20).get_expiry

    @property
    def amount(self):
        time.sleep(0.001)
        return 20


class Moody(OwnCounts):
    """A shared store that can be away."""

    away = False

    def count(self, *args):
        if self.away:
            raise ConnectionError("redis://user:hunter2@cache")
        return super().count(*args)


@pytest.fixture
def shared():
    return Moody()


@pytest.fixture
def store(shared, time_machine):
    time_machine.move_to(NOON, tick=False)
    return LimitStore(shared)


@pytest.fixture
def own(time_machine):
    """A store of this process alone."""
    time_machine.move_to(NOON, tick=False)
    return store_at("memory://")


def counted(store, times, whose="ada", limit=THREE):
    """How many of so many are let through."""
    return sum(store.count(limit, whose).allowed for _ in range(times))


def test_as_many_as_the_limit_says_are_let_through_for_each(own):
    assert counted(own, 5) == 3
    assert counted(own, 5, whose="bob") == 3


def test_the_refused_are_told_how_long_to_wait_and_do_not_count(own, time_machine):
    counted(own, 3)
    time_machine.move_to("2026-11-22 12:00:20.5+00:00", tick=False)
    assert own.count(THREE, "ada").wait_seconds == 40
    time_machine.move_to("2026-11-22 12:01:00.5+00:00", tick=False)
    assert counted(own, 5) == 3


def test_what_is_taken_back_makes_room_for_one_more(own):
    first = own.count(THREE, "ada")
    assert counted(own, 2) == 2
    own.take_back(first)
    assert counted(own, 5) == 1


def test_taking_back_from_an_empty_count_takes_nothing(own, time_machine):
    first = own.count(THREE, "ada")
    time_machine.move_to("2026-11-22 12:05:00+00:00", tick=False)
    own.take_back(first)
    own.take_back(first)
    assert counted(own, 5) == 3


def test_of_many_at_once_as_many_as_the_limit_says_are_let_through_and_none_fails(own):
    together = threading.Barrier(8)

    def ask():
        together.wait(5)
        return counted(own, 5, limit=Slow())

    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(ask) for _ in range(8)]
        assert sum(answer.result(10) for answer in asked) == 20


def test_counting_starts_no_thread_that_two_could_start_at_once(monkeypatch):
    monkeypatch.delattr(threading.Thread, "start")
    assert counted(store_at("memory://"), 5) == 3


def test_names_whose_time_is_over_are_forgotten(own, time_machine):
    own.count(THREE, "ada")
    for number in range(FEW_NAMES):
        own.count(THREE, f"flood {number}")
    time_machine.shift(40)
    own.count(THREE, "ada")
    time_machine.shift(40)
    for number in range(FEW_NAMES):
        own.count(THREE, f"another flood {number}")
    assert len(own.own.windows) == FEW_NAMES + 1
    assert counted(own, 5) == 2, "one of ada's counts still"


def test_a_clock_that_is_set_back_makes_nobody_wait_longer(own, store, shared, time_machine):
    counted(own, 3)
    shared.away = True
    counted(store, 1)
    shared.away = False
    time_machine.move_to("2026-11-20 12:00:00+00:00", tick=False)
    assert own.count(THREE, "ada").wait_seconds == 60
    assert counted(store, 3) == 3, "the shared store is asked again"
    time_machine.shift(61)
    assert counted(own, 5) == 3


def test_while_the_shared_store_is_away_the_process_counts_for_itself(store, shared):
    shared.away = True
    assert counted(store, 10) == 3


def test_an_outage_is_said_once_when_it_begins_and_once_when_it_ends(store, shared, time_machine):
    with capture_logs() as logged:
        shared.away = True
        counted(store, 10)
        time_machine.shift(RETRY_SECONDS)
        counted(store, 10)
        shared.away = False
        time_machine.shift(RETRY_SECONDS)
        counted(store, 10)
    assert [(entry["event"], entry["log_level"]) for entry in logged] == [
        ("rate_limit_store_away", "warning"),
        ("rate_limit_store_back", "info"),
    ]
    assert "hunter2" not in str(logged)


def test_the_shared_store_is_asked_again_by_one_after_a_while(store, shared, time_machine):
    shared.away = True
    counted(store, 1)
    shared.away = False
    assert counted(store, 3) == 2, "nobody asks again at once"
    time_machine.shift(RETRY_SECONDS)
    assert counted(store, 10) == 3, "what it had counted is what counts"


def test_what_was_counted_in_a_store_that_went_away_is_not_taken_back_elsewhere(store, shared):
    in_the_shared_one = store.count(THREE, "ada")
    shared.away = True
    counted(store, 3)
    store.take_back(in_the_shared_one)
    assert not store.count(THREE, "ada").allowed


def test_a_shared_store_that_fails_to_take_back_is_away_and_nobody_pays_for_it(monkeypatch):
    def gone(_self):
        raise ConnectionError

    store = store_at("redis://127.0.0.1:1/0")
    monkeypatch.setattr(RedisStorage, "acquire_entry", lambda *_args, **_kwargs: True)
    counted_there = store.count(THREE, "ada")
    monkeypatch.setattr(RedisStorage, "get_connection", gone)
    with capture_logs() as logged:
        store.take_back(counted_there)
    assert [entry["event"] for entry in logged] == ["rate_limit_store_away"]
    assert counted(store, 10) == 3


def test_in_redis_the_newest_entry_of_the_count_is_taken_back(monkeypatch):
    popped = []

    class Connection:
        def lpop(self, key):
            popped.append(key)

    store = store_at("redis://127.0.0.1:1/0")
    monkeypatch.setattr(RedisStorage, "acquire_entry", lambda *_args, **_kwargs: True)
    monkeypatch.setattr(RedisStorage, "get_connection", lambda _self: Connection())
    store.take_back(store.count(THREE, "ada"))
    assert popped == [f"LIMITS:{THREE.key_for('ada')}"]
