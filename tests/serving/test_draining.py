"""Turning new connections away before the end."""

import multiprocessing
import signal
import subprocess
import sys
from types import SimpleNamespace

import pytest

from webapp.draining import drain_before_the_end


@pytest.fixture
def restored_signals():
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("restored_signals")
def test_a_worker_that_is_gone_already_does_not_stop_the_end(monkeypatch):
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    monkeypatch.setattr(multiprocessing, "active_children", lambda: [SimpleNamespace(pid=gone.pid)])
    ended = []
    drain_before_the_end(
        SimpleNamespace(on_startup=lambda start: start(), signal_handler_interrupt=lambda: ended.append(True))
    )
    signal.raise_signal(signal.SIGTERM)
    assert ended == [True]
