"""Several processes that send the same request at the same moment, each copy on a connection that is open already."""

import http.client
import json
import threading
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from typing import Any, NamedTuple

PATIENCE_SECONDS = 60


class Answer(NamedTuple):
    status: int
    body: bytes


class Callers:
    """`processes` that wait for each other. Use it in a `with` block."""

    def __init__(self, port: int, *, processes: int) -> None:
        self.port = port
        self.processes = processes

    def __enter__(self) -> "Callers":
        spawn = get_context("spawn")
        together = spawn.Barrier(self.processes)
        self._pool = ProcessPoolExecutor(self.processes, mp_context=spawn, initializer=_meet_at, initargs=(together,))
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def post(self, path: str, body: dict[str, Any], *, times: int, secrets: Sequence[str]) -> list[Answer]:
        """Send a request `times` times at once, shared out among the processes, each with a key of its own."""
        shares = [times // self.processes + (number < times % self.processes) for number in range(self.processes)]
        sent = [
            # Nobody takes a second share before all are taken: each process waits for the others.
            self._pool.submit(_send, self.port, path, json.dumps(body), secret, share)
            for share, secret in zip(shares, secrets, strict=True)
        ]
        return [answer for share in sent for answer in share.result(PATIENCE_SECONDS)]


_together: Any = None


def _meet_at(together: Any) -> None:
    global _together
    _together = together


def _send(port: int, path: str, body: str, secret: str, times: int) -> list[Answer]:
    headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json", "Connection": "close"}
    start = threading.Barrier(times + 1)

    def send(connection: http.client.HTTPConnection) -> Answer:
        start.wait(PATIENCE_SECONDS)
        connection.request("POST", path, body, headers)
        response = connection.getresponse()
        return Answer(response.status, response.read())

    connections = [http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS) for _ in range(times)]
    try:
        for connection in connections:
            connection.connect()
        with ThreadPoolExecutor(times) as threads:
            answers = [threads.submit(send, connection) for connection in connections]
            _together.wait(PATIENCE_SECONDS)
            start.wait(PATIENCE_SECONDS)
            return [answer.result(PATIENCE_SECONDS) for answer in answers]
    finally:
        for connection in connections:
            connection.close()
