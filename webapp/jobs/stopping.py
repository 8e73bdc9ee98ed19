"""Whether the process that runs the jobs has been told to stop, for a job that would keep it waiting."""

import threading

from flask import current_app

_NAME = "grapevine_jobs_stop"


def stop_at(stop: threading.Event) -> None:
    """Let jobs of this application know by what they are told."""
    current_app.extensions[_NAME] = stop


def stopping() -> threading.Event:
    """Return what is set when the process has been told to stop; never, where nobody would tell it."""
    stop: threading.Event = current_app.extensions.get(_NAME) or threading.Event()
    return stop


def is_stopping() -> bool:
    """Say whether the process has been told to stop."""
    return stopping().is_set()
