"""Visitors in threads, each request on a connection of its own, who remember what they were promised."""

import secrets
import threading
import time
from dataclasses import dataclass, field
from itertools import count
from uuid import UUID

from tests.factories import PASSWORD
from tests.serving.server import RefusedError, get, submit
from tests.serving.site import Site
from webapp.clicks.visitors import COOKIE
from webapp.signing import read_id


@dataclass
class Load:
    """Clicks and sign-ups until the `with` block ends, or nobody listens any more."""

    site: Site
    port: int
    clickers: int = 3
    joiners: int = 2
    visitors: set[UUID] = field(default_factory=set)
    emails: set[str] = field(default_factory=set)
    # What went wrong with a request that had found a listener.
    failures: list[str] = field(default_factory=list)
    # When a request began, and when its good answer was there.
    answered: list[tuple[float, float]] = field(default_factory=list)

    def __enter__(self) -> "Load":
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._repeat, args=(self._click,)) for _ in range(self.clickers)]
        self._threads += [threading.Thread(target=self._repeat, args=(self._join,)) for _ in range(self.joiners)]
        self._networks = count(1)
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(30)
        assert not any(thread.is_alive() for thread in self._threads)

    def wait_for(self, *, clicks: int, signups: int, seconds: float = 30) -> None:
        deadline = time.monotonic() + seconds
        while len(self.visitors) < clicks or len(self.emails) < signups:
            assert time.monotonic() < deadline, f"only {len(self.visitors)} clicks and {len(self.emails)} signups"
            time.sleep(0.01)

    def _repeat(self, once) -> None:
        while not self._stop.is_set():
            began = time.monotonic()
            try:
                once()
            except RefusedError:
                return
            except Exception as error:
                self.failures.append(f"{once.__name__}: {error!r}")
            else:
                self.answered.append((began, time.monotonic()))

    def _click(self) -> None:
        answer = get(self.port, f"/r/{self.site.code}")
        assert answer.status == 302, answer.status
        with self.site.app.app_context():
            visitor = read_id("visitor", answer.cookies.get(COOKIE, ""))
        assert visitor, "a click without its cookie"
        self.visitors.add(visitor)

    def _join(self) -> None:
        email = f"{secrets.token_hex(8)}@example.org"
        number = next(self._networks)
        network = {"X-Forwarded-For": f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"}
        answer = submit(
            self.port,
            f"/signup?ref={self.site.code}",
            {"name": "Bob Miller", "email": email, "password": PASSWORD, "ref": self.site.code},
            network,
        )
        assert answer.status == 303, answer.status
        self.emails.add(email)
