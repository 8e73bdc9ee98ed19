"""Things that happen at the same moment, each in a thread with an application context of its own."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from flask import Flask

PATIENCE_SECONDS = 30


def at_once(app: Flask, calls: Sequence[Callable[[], Any]]) -> list[Any]:
    """Start all calls together. Returns what each returned, or the exception that it raised."""
    start = threading.Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        with app.app_context():
            start.wait(PATIENCE_SECONDS)
            try:
                return call()
            except Exception as error:
                return error

    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result(PATIENCE_SECONDS) for future in [pool.submit(run, call) for call in calls]]
