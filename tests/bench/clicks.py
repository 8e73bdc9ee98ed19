"""Clicks on the real server, beside a bare Flask route on the same one; alone, beside page readers, and killed."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from flask import Flask
from sqlalchemy import func, select

from tests import factories
from tests.factories import PASSWORD
from tests.serving.server import Server, environment, flask_command, free_port, request, submit
from webapp.clicks.visitors import COOKIE
from webapp.config import ROOT
from webapp.database import close_connections, write_transaction
from webapp.extensions import db
from webapp.models import Click
from webapp.queries.rollups import breaches
from webapp.signing import read_id

LINKS = 1_000
READERS = 4
MARKETER, REFERRER = "marketer@example.com", "reader@example.com"
PAGES = ("/dashboard", "/dashboard/links", "/analytics", "/analytics/funnel", "/analytics/links.csv")


@dataclass
class Site:
    """A program with many links, and what a server of it is started with."""

    app: Flask
    database_url: str
    folder: Path

    @property
    def codes(self) -> Path:
        return self.folder / "codes"

    @contextmanager
    def served(self) -> Iterator[Server]:
        port = free_port()
        # Nothing but clicks: the jobs would do their own, at their own times.
        command = [*flask_command(), "serve", "--host", "127.0.0.1", "--port", str(port), "--no-worker"]
        environ = environment(self.database_url, self.folder, TRUSTED_PROXIES="0")
        with Server(command, environ, self.folder / "server.log", port=port) as server:
            yield server


def build(app: Flask, database_url: str, folder: Path) -> Site:
    site = Site(app, database_url, folder)
    with app.app_context():
        with write_transaction() as session:
            people = [factories.person(session, email=f"ada{number}@example.com") for number in range(LINKS)]
            site.codes.write_text("\n".join(factories.link_of(session, person).code for person in people))
            factories.person(session, email=MARKETER, role="marketer", password=PASSWORD)
            factories.person(session, email=REFERRER, password=PASSWORD)
        db.session.remove()
        close_connections()
    return site


@contextmanager
def bare() -> Iterator[int]:
    """Serve the anchor, and give its port."""
    port = free_port()
    command = [sys.executable, "-m", "tests.bench.bare", str(port)]
    with Server(command, dict(os.environ), Path(os.devnull), port=port):
        yield port


def load(port: int, codes: Path, *, seconds: float, **more: object) -> dict[str, Any]:
    """Send clicks from a process of its own, and return what came of them."""
    options = [part for name, value in more.items() for part in (f"--{name}", str(value))]
    command = [sys.executable, "-m", "tests.bench.http_load", str(port), str(codes), "--seconds", str(seconds)]
    ended = subprocess.run([*command, *options], capture_output=True, text=True, check=True, cwd=ROOT)
    return json.loads(ended.stdout)


def clicks(site: Site, server: Server, *, seconds: float) -> dict[str, Any]:
    """Click for some seconds. What was answered is stored, and counted."""
    before = _stored(site)
    found = load(server.port, site.codes, seconds=seconds)
    assert set(found["statuses"]) == {"302"}, found["statuses"]
    assert not found["broken"]
    assert _stored(site) - before >= found["answers"], "an acknowledged click is gone"
    return found


def beside_readers(site: Site, server: Server, *, seconds: float) -> dict[str, Any]:
    """Click while people load pages and a CSV, each as soon as the one before is there."""
    stop, read = threading.Event(), [0] * READERS

    def reader(number: int) -> None:
        cookies = _sign_in(server, MARKETER if number % 2 else REFERRER)
        pages = [page for page in PAGES if page.startswith("/analytics") == bool(number % 2)]
        while not stop.is_set():
            answer = request(server.port, "GET", pages[read[number] % len(pages)], headers={"Cookie": cookies})
            assert answer.status == 200, answer.status
            read[number] += 1

    threads = [threading.Thread(target=reader, args=(number,)) for number in range(READERS)]
    for thread in threads:
        thread.start()
    try:
        found = clicks(site, server, seconds=seconds)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    return {**found, "pages": sum(read)}


def killed(site: Site, *, seconds: float) -> tuple[int, int]:
    """Kill the server under load; return how many visitors were answered, and how many of them are not stored."""
    file = site.folder / "acknowledged"
    with site.served() as server:
        killer = threading.Timer(seconds, lambda: os.killpg(server.process.pid, signal.SIGKILL))
        killer.start()
        load(server.port, site.codes, seconds=seconds + 5, acknowledged=file)
        killer.join()
    with site.app.app_context():
        answered = {read_id("visitor", cookie) for cookie in file.read_text().split()}
        stored: set[UUID] = set(db.session.scalars(select(Click.visitor_id)))
        db.session.remove()
    assert answered, "nobody was answered before the end"
    return len(answered), len(answered - stored)


def check(site: Site) -> None:
    """What was stored is counted, each once."""
    with site.app.app_context():
        assert list(breaches(db.session())) == []
        db.session.remove()


def _stored(site: Site) -> int:
    with site.app.app_context():
        found = db.session.scalar(select(func.count()).select_from(Click))
        db.session.remove()
        return found or 0


def _sign_in(server: Server, email: str) -> str:
    answer = submit(server.port, "/login", {"email": email, "password": PASSWORD})
    assert answer.status == 303, answer.status
    return "; ".join(f"{name}={value}" for name, value in answer.cookies.items() if name != COOKIE)
