"""Waiting for one's turn to write: in order, not for ever, and no crowd while nobody gets on."""

import fcntl
import os
import threading
import time
from contextlib import contextmanager

import pytest

from webapp import write_turns
from webapp.write_turns import MOST_WRITERS, FileLock, NoTurnError, Turns

LONG, SHORT = 10, 0.2


def within(seconds):
    return time.monotonic() + seconds


def eventually(is_so):
    deadline = within(LONG)
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.fixture
def turns(monkeypatch):
    monkeypatch.setattr(write_turns, "STILL_SECONDS", SHORT)
    return Turns(1)


class Crowd:
    """Threads that wait for their turn, one behind the other, and what became of each."""

    def __init__(self, turns, count, *, patience=LONG):
        self.turns, self.patience = turns, patience
        self.got, self.refused = [], {}
        self.threads = []
        for number in range(count):
            self.threads.append(threading.Thread(target=self._wait, args=(number,)))
            self.threads[-1].start()
            eventually(lambda number=number: len(turns._waiting) + len(self.refused) > number)

    def _wait(self, number):
        began = time.monotonic()
        try:
            self.turns.take(within(self.patience))
        except NoTurnError:
            self.refused[number] = time.monotonic() - began
        else:
            self.got.append(number)
            self.turns.hand_over(went_well=True)

    def join(self):
        for thread in self.threads:
            thread.join(LONG)


def test_turns_go_to_whoever_has_waited_longest(turns):
    turns.take(None)
    crowd = Crowd(turns, 10)
    turns.hand_over(went_well=True)
    crowd.join()
    assert crowd.got == list(range(10))


def test_a_thread_that_comes_back_at_once_is_served_but_keeps_nobody_waiting_for_long(turns, monkeypatch):
    monkeypatch.setattr(write_turns, "FAIR_SECONDS", 0.1)
    turns.take(None)
    began = time.monotonic()
    crowd = Crowd(turns, 3)
    came_back = 0
    while not crowd.got:
        time.sleep(0.005)
        turns.hand_over(went_well=True)
        turns.take(within(LONG))
        came_back += 1
    assert came_back > 3
    assert time.monotonic() - began < 5
    turns.hand_over(went_well=True)
    crowd.join()
    assert crowd.got == [0, 1, 2]


def test_nobody_waits_for_longer_than_they_want_to(turns):
    turns.take(None)
    crowd = Crowd(turns, 3, patience=0.1)
    crowd.join()
    assert sorted(crowd.refused) == [0, 1, 2]
    assert all(0.1 <= waited < LONG / 2 for waited in crowd.refused.values())
    turns.hand_over(went_well=True)
    turns.take(within(0))


def test_a_crowd_goes_away_while_nobody_gets_on_and_half_of_the_threads_wait(turns, monkeypatch):
    turns.take(None)
    crowd = Crowd(turns, MOST_WRITERS + 3)
    # Those beyond the bound first wait whether it goes on.
    eventually(lambda: len(crowd.refused) == 4)
    assert sorted(crowd.refused) == list(range(MOST_WRITERS - 1, MOST_WRITERS + 3))
    assert max(crowd.refused.values()) < LONG / 2
    # Then they are told at once.
    with monkeypatch.context() as patched:
        patched.setattr(Turns, "_wait", lambda *_, **__: pytest.fail("somebody waits"))
        for _ in range(3):
            with pytest.raises(NoTurnError):
                turns.take(within(LONG))
    # Also after somebody gave up who had their turn: that is not getting on.
    turns.hand_over(went_well=False)
    crowd.join()
    assert crowd.got == list(range(MOST_WRITERS - 1))


def test_whoever_waits_without_end_is_not_sent_away(turns):
    turns.take(None)
    crowd = Crowd(turns, MOST_WRITERS)
    eventually(lambda: crowd.refused)
    patient = threading.Thread(target=turns.take, args=(None,))
    patient.start()
    patient.join(2 * SHORT)
    assert patient.is_alive()
    turns.hand_over(went_well=True)
    crowd.join()
    patient.join(LONG)
    assert not patient.is_alive()


def test_a_crowd_that_gets_on_is_served_however_long_it_takes_in_all(turns, monkeypatch):
    monkeypatch.setattr(write_turns, "STILL_SECONDS", 1.0)
    turns.take(None)
    crowd = Crowd(turns, 3 * MOST_WRITERS)
    for _ in range(4):
        time.sleep(0.4)
        turns.hand_over(went_well=True)
        turns.take(within(LONG))
    turns.hand_over(went_well=True)
    crowd.join()
    assert len(crowd.got) == 3 * MOST_WRITERS


def test_a_crowd_that_comes_after_a_pause_is_served(turns, monkeypatch):
    monkeypatch.setattr(write_turns, "STILL_SECONDS", LONG)
    turns.take(None)
    turns.hand_over(went_well=True)
    # Long ago.
    turns._progress._moved_at = -LONG
    turns.take(None)
    crowd = Crowd(turns, 2 * MOST_WRITERS)
    turns.hand_over(went_well=True)
    crowd.join()
    assert len(crowd.got) == 2 * MOST_WRITERS


def test_several_places_are_had_at_once():
    turns = Turns(2)
    turns.take(within(0))
    turns.take(within(0))
    with pytest.raises(NoTurnError):
        turns.take(within(0))


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "lock")


@contextmanager
def held(path):
    """Hold the lock through a file of one's own, as another process does."""
    with open(path, "a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def waiting():
    return [thread for thread in threading.enumerate() if thread.name == "grapevine-write-lock"]


def test_a_lock_on_a_file_is_had_in_time_or_not_at_all(path):
    lock = FileLock(path)
    with held(path):
        for _ in range(5):
            began = time.monotonic()
            with pytest.raises(NoTurnError):
                lock.take(within(0.05))
            assert 0.05 <= time.monotonic() - began < LONG / 2
        assert len(waiting()) == 1, "whoever comes next waits with the thread that is left"
    eventually(lambda: not waiting())
    # The thread had it, and nobody wanted it any more.
    file = lock.take(within(0))
    with pytest.raises(NoTurnError):
        lock.take(within(0))
    os.close(file)
    eventually(lambda: not waiting())
    os.close(lock.take(within(0)))


def test_whoever_comes_next_takes_the_place_of_whoever_gave_up(path):
    lock = FileLock(path)
    files = []
    with held(path):
        with pytest.raises(NoTurnError):
            lock.take(within(0.05))
        patient = threading.Thread(target=lambda: files.append(lock.take(within(LONG))))
        patient.start()
        eventually(lambda: lock._left is None)
        assert len(waiting()) == 1
    patient.join(LONG)
    with pytest.raises(BlockingIOError), open(path, "a") as other:
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(files[0])
    with held(path):
        pass


def test_many_who_wait_for_a_lock_at_once_have_it_one_after_the_other(path):
    lock, inside, most = FileLock(path), [], []

    def use():
        file = lock.take(within(LONG))
        inside.append(file)
        most.append(len(inside))
        time.sleep(0.005)
        inside.remove(file)
        os.close(file)

    threads = [threading.Thread(target=use) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LONG)
    assert most == [1] * 20
