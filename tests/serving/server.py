"""The real server as its own process, and clients that open a connection for every request."""

import http.client
import json
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from http.cookies import SimpleCookie
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode

from webapp.config import ROOT

SECRET_KEY = "a secret for tests that is long enough"
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
START_SECONDS = 40
# Of what a server wrote, the lines that say nothing: a request that was answered well.
_ANSWERED_WELL = re.compile(r'\bstatus"?[=:] ?[23]\d\d\b')
LAST_LINES = 40


class Answer(NamedTuple):
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def cookies(self) -> dict[str, str]:
        jar = SimpleCookie()
        for line in self.headers.get_all("Set-Cookie", []):
            jar.load(line)
        return {name: morsel.value for name, morsel in jar.items()}


class RefusedError(Exception):
    """No connection came about: nobody listens (any more)."""


def free_port() -> int:
    """Return a port below those that systems hand out to clients: one of those could take it before the server does."""
    while True:
        port = secrets.choice(range(20_000, 32_000))
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def nobody_listens(port: int, *, within: float = 3) -> bool:
    """Say whether new connections are refused; what is just dying gets a moment to be dead."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        try:
            get(port, "/healthz")
        except RefusedError:
            return True
        except OSError:
            # Let in by the kernel, and then there was nobody.
            pass
        time.sleep(0.05)
    return False


def environment(database_url: str, folder: Path, **more: str) -> dict[str, str]:
    """What the server is given: this, the path to programs, and nothing of the tester's own settings."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    return {
        **kept,
        "GRAPEVINE_ENV": "development",
        "DATABASE_URL": database_url,
        "SECRET_KEY": SECRET_KEY,
        "BASE_URL": "http://127.0.0.1",
        "MAIL_URL": f"file:{folder / 'mail'}",
        # Clients choose their network, so that no limit stands in the way.
        "TRUSTED_PROXIES": "1",
        **more,
    }


def flask_command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "flask", "--app", "wsgi", *arguments]


class Server:
    """A command that serves, in a process group of its own. Use it in a `with` block: nothing outlives that."""

    def __init__(
        self, command: list[str], environ: dict[str, str], log: Path, *, port: int, address: str = "127.0.0.1"
    ) -> None:
        self.port = port
        self.address = address
        self.log = log
        self.seen: set[int] = set()
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=environ, stdout=output, stderr=output, start_new_session=True
            )

    def __enter__(self) -> "Server":
        try:
            self.wait_until_ready()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, _kind: object = None, error: BaseException | None = None, _where: object = None) -> None:
        for pid in self.alive():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait(10)
        if error is not None:
            # The folder of the test is gone when somebody asks why.
            error.add_note("\n".join(["The server wrote:", *self.telling_lines()]))

    def telling_lines(self) -> list[str]:
        """The last lines of its log that tell of something else than a request that was answered well."""
        lines = self.log.read_text(errors="replace").splitlines()
        return [line for line in lines if not _ANSWERED_WELL.search(line)][-LAST_LINES:]

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                if request(self.port, "GET", "/healthz", address=self.address).status == 200:
                    self.pids()
                    return
            except (RefusedError, OSError):
                time.sleep(0.05)
        raise AssertionError(f"the server does not answer:\n{self.log.read_text()}")

    def pids(self) -> list[int]:
        """Every process that the server consists of now: itself, its children and theirs."""
        found, todo = [], [self.process.pid]
        while todo:
            pid = todo.pop()
            if _running(pid):
                found.append(pid)
                todo += _children(pid)
        self.seen.update(found)
        return found

    def jobs_pids(self) -> list[int]:
        """Children that do not listen: workers do, and the process for clicks on a socket of its own."""
        return [
            pid
            for pid in self.pids()
            if pid != self.process.pid and not _listens(pid, self.port) and not _takes_clicks(pid)
        ]

    def clicks_pids(self) -> list[int]:
        """The process that stores the clicks of all workers."""
        return [pid for pid in self.pids() if _takes_clicks(pid)]

    def alive(self) -> list[int]:
        """Those of its processes, as far as they were ever seen, that still run."""
        self.pids()
        self.process.poll()
        return [pid for pid in self.seen if _running(pid)]

    def wait_until_gone(self, seconds: float) -> float:
        """Wait for the end of every process; return how long it took. Fails when one is left."""
        began = time.monotonic()
        while left := self.alive():
            assert time.monotonic() - began < seconds, f"still running: {[_describe(pid) for pid in left]}"
            time.sleep(0.02)
        return time.monotonic() - began

    def terminate(self) -> None:
        self.pids()
        os.kill(self.process.pid, signal.SIGTERM)


def request(
    port: int,
    method: str,
    path: str,
    *,
    data: dict[str, str] | None = None,
    json_data: dict[str, object] | None = None,
    headers: dict[str, str] | None = None,
    address: str = "127.0.0.1",
) -> Answer:
    """Send one request on a connection of its own. RefusedError when there was none to be had."""
    connection = http.client.HTTPConnection(address, port, timeout=20)
    try:
        try:
            connection.connect()
        except OSError as error:
            raise RefusedError from error
        sent = {"User-Agent": BROWSER, "Connection": "close", **(headers or {})}
        if data is not None:
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        if json_data is not None:
            sent["Content-Type"] = "application/json"
        body = urlencode(data) if data is not None else json.dumps(json_data) if json_data is not None else None
        connection.request(method, path, body=body, headers=sent)
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read())
    finally:
        connection.close()


def get(port: int, path: str, **headers: str) -> Answer:
    return request(port, "GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})


def submit(port: int, path: str, data: dict[str, str], headers: dict[str, str] | None = None) -> Answer:
    """Open a form and send it, as a browser would."""
    page = request(port, "GET", path, headers=headers)
    token = re.search(rb'name="csrf_token"[^>]*value="([^"]+)"', page.body)
    assert token, f"no form at {path}: {page.status}"
    cookies = {**_cookies_of(headers), **page.cookies}
    sent = {**(headers or {}), "Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
    return request(port, "POST", path, data={"csrf_token": token[1].decode(), **data}, headers=sent)


def _cookies_of(headers: dict[str, str] | None) -> dict[str, str]:
    return {name: morsel.value for name, morsel in SimpleCookie((headers or {}).get("Cookie", "")).items()}


def _children(pid: int) -> list[int]:
    # Threads end while they are listed and read.
    try:
        threads = list(Path(f"/proc/{pid}/task").glob("*/children"))
    except OSError:
        return []
    return [int(child) for thread in threads for child in _read(str(thread)).split()]


def _listens(pid: int, port: int) -> bool:
    """Say whether a process holds a socket that listens on this port."""
    return _holds(
        pid,
        {
            f"socket:[{fields[9]}]"
            for fields in (line.split() for line in _read("/proc/net/tcp").decode().splitlines()[1:])
            if fields[1].endswith(f":{port:04X}") and fields[3] == "0A"
        },
    )


def _takes_clicks(pid: int) -> bool:
    """Say whether a process holds a socket that listens for clicks, or a connection that was made to it."""
    lines = (line.split() for line in _read("/proc/net/unix").decode().splitlines()[1:])
    return _holds(pid, {f"socket:[{fields[6]}]" for fields in lines if "grapevine-clicks-" in fields[-1]})


def _holds(pid: int, sockets: set[str]) -> bool:
    try:
        held = {os.readlink(file) for file in Path(f"/proc/{pid}/fd").iterdir()}
    except OSError:
        return False
    return bool(sockets & held)


def _running(pid: int) -> bool:
    """A zombie is not running: it only waits to be asked for its exit code, once its last thread has ended too."""
    try:
        threads = list(Path(f"/proc/{pid}/task").glob("*/stat"))
    except OSError:
        return False
    states = [_read(str(thread)).rpartition(b")")[2].split() for thread in threads]
    return any(state[0] not in {b"Z", b"X"} for state in states if state)


def _describe(pid: int) -> str:
    return f"{pid} {_read(f'/proc/{pid}/cmdline').replace(bytes(1), b' ').decode()}"


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError:
        return b""
