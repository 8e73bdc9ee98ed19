"""Letting nobody new in before the server shuts down.

On SIGTERM granian closes its listener and, in the same moment, every connection
whose request it has not read yet: a visitor who was let in would get no answer.
So the workers first turn new connections away, a moment passes in which those
already there are read, and only then does granian hear of the signal.
"""

import ctypes
import multiprocessing
import os
import signal
import socket
import struct
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

DRAIN_SECONDS = 0.3
# Nobody sends it to a worker, and one that does not listen to it yet ignores it.
TURN_AWAY = signal.SIGURG
_SO_ATTACH_FILTER = 26
# Drops a packet with SYN and without ACK, lets all others pass (code, jump if true, jump if false, value).
_NO_NEW_CONNECTIONS = (
    (0x30, 0, 0, 13),  # load the byte of flags of the TCP header
    (0x54, 0, 0, 0x12),  # keep SYN and ACK
    (0x15, 0, 1, 0x02),  # SYN alone?
    (0x06, 0, 0, 0),  # drop
    (0x06, 0, 0, 0xFFFFFFFF),  # pass
)


def drain_before_the_end(server: Any) -> None:
    """Have the workers turn new connections away some time before granian's `server` hears of a signal to end."""

    def end(*_: object) -> None:
        for worker in multiprocessing.active_children():
            # One that heard of the end by itself may be gone by now.
            with suppress(ProcessLookupError):
                if worker.pid:
                    os.kill(worker.pid, TURN_AWAY)
        time.sleep(DRAIN_SECONDS)
        server.signal_handler_interrupt()

    def take_over_signals() -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, end)

    server.on_startup(take_over_signals)


def turn_away_when_told() -> None:
    """In a worker: drop new connections from the signal on.

    The visitor's system tries again by itself, a second later, with whoever listens then. Linux only; elsewhere the
    moment before the end changes nothing.
    """
    if sys.platform == "linux":
        signal.signal(TURN_AWAY, lambda *_: _turn_away())


def _turn_away() -> None:
    program = b"".join(struct.pack("HBBI", *instruction) for instruction in _NO_NEW_CONNECTIONS)
    buffer = ctypes.create_string_buffer(program)
    filter_ = struct.pack("HP", len(_NO_NEW_CONNECTIONS), ctypes.addressof(buffer))
    for listener in _listeners():
        # Where filters are not allowed the moment before the end changes nothing; a signal handler must not fail.
        with listener, suppress(OSError):
            listener.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, filter_)


def _listeners() -> list[socket.socket]:
    """Return this process's listening sockets, as copies. Other files are not even copied: a copy would share locks."""
    found = []
    for entry in Path("/proc/self/fd").iterdir():
        try:
            if not os.readlink(entry).startswith("socket:"):
                continue
            candidate = socket.socket(fileno=os.dup(int(entry.name)))
        except OSError:
            # Closed by another thread in the meantime.
            continue
        if candidate.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            found.append(candidate)
        else:
            candidate.close()
    return found
