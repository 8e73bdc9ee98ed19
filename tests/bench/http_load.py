"""Browsers in a process of their own: 32 connections that are kept alive, each asking again as soon as it was answered.

Run as a module, so that it takes nothing of the interpreter that measures. Speaks as much HTTP as our server does,
in as little time as Python can: what it takes of the machine, it takes of the server.
"""

import argparse
import json
import random
import selectors
import socket
import time
from collections import Counter
from dataclasses import dataclass

USER_AGENTS = 300
COOKIES_REMEMBERED = 5_000
_COOKIE = b"set-cookie: gv_visitor="


@dataclass(slots=True)
class Connection:
    """One browser window: what it has read of its answer, and when it asked."""

    socket: socket.socket
    asked_at: float = 0.0
    read: bytes = b""


class Browsers:
    """Who asks: 300 kinds of browsers that open one of many links, some of them again."""

    def __init__(self, codes: list[str], *, port: int, returning: float, seed: int) -> None:
        self.random = random.Random(seed)
        self.heads = [
            (
                f" HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUser-Agent: {_user_agent(number)}\r\n"
                "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n"
                "Accept-Language: en-US,en;q=0.5\r\nAccept-Encoding: gzip, deflate, br\r\n"
                "Sec-Fetch-Dest: document\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Site: cross-site\r\n"
                f"Referer: https://{_SOURCES[number % len(_SOURCES)]}/\r\n"
            ).encode()
            for number in range(USER_AGENTS)
        ]
        # One in four comes with a campaign.
        campaigns = (b"", b"", b"", b"?utm_source=newsletter&utm_medium=email&utm_campaign=autumn")
        self.starts = [b"GET /r/" + code.encode() + campaigns[place % 4] for place, code in enumerate(codes)]
        self.returning = returning
        self.cookies: list[bytes] = []
        self.acknowledged: set[bytes] = set()

    def request(self) -> bytes:
        """Return the next request of somebody."""
        draw = self.random.random
        start = self.starts[int(draw() * len(self.starts))]
        head = self.heads[int(draw() * USER_AGENTS)]
        if self.cookies and draw() < self.returning:
            cookie = self.cookies[int(draw() * len(self.cookies))]
            return start + head + b"Cookie: gv_visitor=" + cookie + b"\r\n\r\n"
        return start + head + b"\r\n"

    def remember(self, cookie: bytes) -> None:
        """Come back with a cookie one day."""
        self.acknowledged.add(cookie)
        if len(self.cookies) < COOKIES_REMEMBERED:
            self.cookies.append(cookie)
        else:
            self.cookies[int(self.random.random() * COOKIES_REMEMBERED)] = cookie


_SOURCES = ("news.example", "chat.example", "mail.example", "forum.example", "video.example")


def _user_agent(number: int) -> str:
    version = 100 + number % 50
    kinds = (
        f"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:{version}.0) Gecko/20100101 Firefox/{version}.{number}",
        f"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{version}.0.{number}.1"
        " Safari/537.36",
        f"Mozilla/5.0 (Linux; Android 14; SM-S{number}) AppleWebKit/537.36 (KHTML, like Gecko)"
        f" Chrome/{version}.0.0.0 Mobile Safari/537.36",
        f"Mozilla/5.0 (iPhone; CPU iPhone OS 17_{number % 7} like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
        f" Version/17.{number} Mobile/15E148 Safari/604.1",
    )
    return kinds[number % len(kinds)]


def run(browsers: Browsers, *, port: int, connections: int, seconds: float) -> dict[str, object]:
    """Ask until the time is over or nobody listens any more. An answer counts when all of it is there."""
    selector = selectors.DefaultSelector()
    for _ in range(connections):
        opened = socket.create_connection(("127.0.0.1", port), timeout=10)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = Connection(opened)
        selector.register(opened, selectors.EVENT_READ, connection)
        connection.asked_at = time.perf_counter()
        opened.sendall(browsers.request())
    statuses: Counter[str] = Counter()
    took: list[float] = []
    began = time.perf_counter()
    ends, broken = began + seconds, 0
    while (now := time.perf_counter()) < ends and broken < connections:
        for key, _ in selector.select(0.05):
            connection = key.data
            try:
                data = connection.socket.recv(65_536)
                if connection.read:
                    data = connection.read + data
                if not data:
                    raise ConnectionResetError
                if not _whole(data):
                    connection.read = data
                    continue
                connection.read = b""
                now = time.perf_counter()
                took.append(now - connection.asked_at)
                statuses[data[9:12].decode()] += 1
                place = data.find(_COOKIE)
                if place > 0:
                    browsers.remember(data[place + len(_COOKIE) : data.index(b";", place)])
                connection.asked_at = now
                connection.socket.sendall(browsers.request())
            except OSError:
                selector.unregister(connection.socket)
                broken += 1
    lasted = time.perf_counter() - began
    # What is still on its way is not waited for: it may or may not be stored.
    took.sort()
    return {
        "answers": len(took),
        "statuses": dict(statuses),
        "rate": len(took) / lasted,
        "broken": broken,
        "p50_ms": round(1000 * took[len(took) // 2], 2) if took else None,
        "p99_ms": round(1000 * took[int(len(took) * 0.99)], 2) if took else None,
        "longest_ms": round(1000 * took[-1], 2) if took else None,
    }


def _whole(data: bytes) -> bool:
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return False
    place = data.find(b"content-length: ", 0, end)
    length = int(data[place + 16 : data.index(b"\r", place)]) if place > 0 else 0
    return len(data) >= end + 4 + length


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("codes", help="a file with a code a line")
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--returning", type=float, default=0.3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--acknowledged", help="a file for the cookies of all visitors who were answered")
    chosen = parser.parse_args()
    with open(chosen.codes) as file:
        codes = file.read().split()
    browsers = Browsers(codes, port=chosen.port, returning=chosen.returning, seed=chosen.seed)
    found = run(browsers, port=chosen.port, connections=chosen.connections, seconds=chosen.seconds)
    if chosen.acknowledged:
        with open(chosen.acknowledged, "wb") as file:
            file.write(b"\n".join(browsers.acknowledged))
    print(json.dumps(found))


if __name__ == "__main__":
    main()
