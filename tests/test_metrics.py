"""Counting in several processes at once, without losing what one of them counted."""

import multiprocessing
import os

import pytest

from tests.threads import at_once
from webapp.metrics import FOLDER, Metrics, share_in, stop_sharing

CLICKS = ("grapevine_clicks_recorded", (), "")


@pytest.fixture
def folder(tmp_path):
    share_in(tmp_path)
    yield tmp_path
    stop_sharing()


def count(metrics, times):
    for _ in range(times):
        metrics.clicks_recorded.inc()
    metrics.clicks_not_counted.inc(2, reason="bot")


def forked(metrics, times):
    """Count in a process that begins as a copy of this one; it ends without tidying up."""

    def run():
        count(metrics, times)
        os._exit(0)

    process = multiprocessing.get_context("fork").Process(target=run)
    process.start()
    process.join()
    assert process.exitcode == 0


def test_whoever_is_asked_says_what_all_processes_counted_also_those_that_are_gone(folder):
    metrics = Metrics()
    count(metrics, 3)
    for times in (10, 20):
        forked(metrics, times)
    values = metrics.store.values()
    assert values[CLICKS] == 33
    assert values["grapevine_clicks_not_counted", ("bot",), ""] == 6
    assert Metrics().store.values() == values, "also by one that has counted nothing"
    assert b"grapevine_clicks_recorded_total 33.0" in metrics.as_text(version="1")
    metrics.store.close()


def test_a_process_with_the_number_of_a_dead_one_takes_nothing_from_it(folder):
    for _ in range(2):
        metrics = Metrics()
        count(metrics, 4)
        metrics.store.close()
    assert Metrics().store.values()[CLICKS] == 8


def test_without_a_folder_a_copy_of_the_process_counts_for_itself():
    metrics = Metrics()
    count(metrics, 3)
    forked(metrics, 10)
    assert metrics.store.values()[CLICKS] == 3


def test_a_folder_that_cannot_be_written_costs_the_counts_and_nothing_else(monkeypatch, tmp_path):
    monkeypatch.setenv(FOLDER, str(tmp_path / "nowhere"))
    metrics = Metrics()
    count(metrics, 3)
    assert metrics.store.values()[CLICKS] == 3


def test_threads_lose_nothing(app, folder):
    metrics = Metrics()
    assert at_once(app, [lambda: count(metrics, 200)] * 8) == [None] * 8
    assert metrics.store.values()[CLICKS] == 1600
    metrics.store.close()


def test_the_folder_goes_away_with_the_server(tmp_path):
    share_in(tmp_path / "shared")
    (tmp_path / "shared").mkdir()
    metrics = Metrics()
    count(metrics, 1)
    metrics.store.close()
    stop_sharing()
    assert not (tmp_path / "shared").exists()
    assert FOLDER not in os.environ
    stop_sharing()
