"""Requests as no client writes them, over a bare socket: refused, or what they seem; and the server goes on."""

import socket
from contextlib import suppress

import pytest

from tests.serving.server import get

pytestmark = pytest.mark.slow

PATIENCE_SECONDS = 3
FORM = "Content-Type: application/x-www-form-urlencoded\r\n"
# What is sent behind the line of the request, beside {own}, which names this site and closes the connection.
REFUSED = {
    "two hosts": ("GET /login HTTP/1.1", "{own}Host: evil.test\r\n\r\n", 400),
    "two hosts, ours behind": ("GET /login HTTP/1.1", "Host: evil.test\r\n{own}\r\n", 400),
    "no host": ("GET /login HTTP/1.1", "Connection: close\r\n\r\n", 400),
    "our host in the line, another as the host": (
        "GET http://{host}/login HTTP/1.1",
        "Host: evil.test\r\nConnection: close\r\n\r\n",
        400,
    ),
    "a space before the colon": ("GET /login HTTP/1.1", "{own}X-A : b\r\n\r\n", 400),
    "a folded header": ("GET /login HTTP/1.1", "{own}X-A: b\r\n c\r\n\r\n", 400),
    "a NUL in a header": ("GET /login HTTP/1.1", "{own}X-A: b\0c\r\n\r\n", 400),
    "two lengths": ("POST /login HTTP/1.1", "{own}Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef", 400),
    "a length below nothing": ("POST /login HTTP/1.1", "{own}Content-Length: -1\r\n\r\n", 400),
    "a length with a sign": ("POST /login HTTP/1.1", "{own}Content-Length: +5\r\n\r\nabcde", 400),
    "a header without end": ("GET /login HTTP/1.1", "{own}X-A: " + "a" * 1_000_000 + "\r\n\r\n", 431),
    "headers without end": ("GET /login HTTP/1.1", "{own}" + "X-A: a\r\n" * 2_000 + "\r\n", 431),
    "a path without end": ("GET /" + "a" * 100_000 + " HTTP/1.1", "{own}\r\n", 414),
    "what repeats a request": ("TRACE /login HTTP/1.1", "{own}X-Secret: evil\r\n\r\n", 405),
    "a tunnel": ("CONNECT evil.test:443 HTTP/1.1", "{own}\r\n", 404),
    "a way out of the folder": ("GET /static/..%2f..%2fwsgi.py HTTP/1.1", "{own}\r\n", 404),
    "no HTTP at all": ("\x16\x03\x01\x02\x00\x01\x00", "", 400),
}


def send(port, text):
    """Return everything that comes back."""
    received = b""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS) as connection:
        connection.sendall(text.encode("latin-1"))
        with suppress(TimeoutError, ConnectionResetError):
            while part := connection.recv(65_536):
                received += part
    return received


def test_what_is_no_request_is_refused_and_another_host_is_never_believed(site, subtests):
    with site.server(environ={"GRAPEVINE_ENV": "production"}) as server:
        host = f"127.0.0.1:{server.port}"
        own = f"Host: {host}\r\nConnection: close\r\n"
        for name, (line, rest, status) in REFUSED.items():
            with subtests.test(name):
                got = send(server.port, f"{line.replace('{host}', host)}\r\n{rest.replace('{own}', own)}")
                assert got.startswith(f"HTTP/1.1 {status} ".encode())
                assert got.count(b"HTTP/1.1 ") == 1
                assert b"evil" not in got

        with subtests.test("one request that would be two for somebody else"):
            smuggled = "0\r\n\r\nGET /admin HTTP/1.1\r\nHost: evil.test\r\n\r\n"
            lengths = f"Content-Length: {len(smuggled)}\r\nTransfer-Encoding: chunked\r\n"
            got = send(server.port, f"POST /login HTTP/1.1\r\n{own}{FORM}{lengths}\r\n{smuggled}")
            assert got.count(b"HTTP/1.1 ") == 1

        with subtests.test("other names and addresses than the host's"):
            told = "".join(
                f"{name}: {value}\r\n"
                for name, value in (
                    ("X-Forwarded-Host", "evil.test"),
                    ("Forwarded", "host=evil.test;proto=https"),
                    ("X-Original-URL", "/healthz"),
                    ("X-Rewrite-URL", "/healthz"),
                    ("X-HTTP-Method-Override", "POST"),
                )
            )
            for line in ("GET /dashboard HTTP/1.1", "GET http://evil.test/dashboard HTTP/1.1"):
                got = send(server.port, f"{line}\r\n{own}{told}\r\n")
                assert got.startswith(b"HTTP/1.1 302 ")
                assert b"location: /login?next=%2fdashboard\r\n" in got.lower().replace(b"next=/", b"next=%2f")
                assert b"evil" not in got

        with subtests.test("of several lines of where a request comes from, the last, which the proxy wrote, counts"):
            answers = [
                send(
                    server.port,
                    f"GET /r/NOSUCH{number} HTTP/1.1\r\n{own}"
                    f"X-Forwarded-For: 203.0.113.{number}\r\nX-Forwarded-For: 198.51.100.7\r\n\r\n",
                )[9:12]
                for number in range(32)
            ]
            assert answers == [b"404"] * 30 + [b"429"] * 2

        assert get(server.port, "/healthz").status == 200
