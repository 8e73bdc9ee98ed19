"""What is asked of every request before anything else: that it is meant for us, and that it is whole."""

import re
from collections.abc import Callable, Iterable
from io import BytesIO
from typing import IO, Any, TypeVar
from urllib.parse import urlsplit

import flask
from flask import Flask, current_app
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.exceptions import RequestEntityTooLarge, SecurityError
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.utils import cached_property
from werkzeug.wsgi import LimitedStream

MIB = 1024 * 1024
ViewT = TypeVar("ViewT", bound=Callable[..., object])
_LIMIT, _FILE = "largest_body", "file_field"
# As in 192.0.2.7:50123 and [2001:db8::7]:50123.
_WITH_PORT = re.compile(r"(?:(?P<v4>[0-9.]{7,15})|\[(?P<v6>[0-9A-Fa-f:.]{2,45})\]):[0-9]{1,5}")

WSGIApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Request(flask.Request):
    """A request that has its whole body or none, and whose fields are text."""

    # Under which name a file may be sent.
    file_field: str | None = None
    # Only forms ask, and would read JSON as one, with numbers and lists in its fields. The API looks for itself.
    is_json = False  # type: ignore[assignment]

    @cached_property
    def stream(self) -> IO[bytes]:
        """The body. One whose length nobody told would be cut at the limit without a word; it is refused instead."""
        if "wsgi.input_terminated" not in self.environ:
            return super().stream
        try:
            return self._whole_body() if self.content_length is None else super().stream
        except RequestEntityTooLarge:
            # Whoever is still sending hears of a broken connection instead of the answer.
            LimitedStream(self.environ["wsgi.input"], 2 * MIB, is_max=True).exhaust()
            raise

    def _load_form_data(self) -> None:
        super()._load_form_data()
        # What is sent as a file where text is wanted is as if it had not been sent.
        wanted = []
        for name, file in self.files.items(multi=True):
            if name == self.file_field:
                wanted.append((name, file))
            else:
                file.close()
        self.__dict__["files"] = ImmutableMultiDict(wanted)

    def _whole_body(self) -> IO[bytes]:
        limit = self.max_content_length
        if limit is None:
            return super().stream
        body = LimitedStream(self.environ["wsgi.input"], limit + 1, is_max=True).readall()
        if len(body) > limit:
            raise RequestEntityTooLarge
        return BytesIO(body)


def behind_proxies(app: WSGIApp, count: int) -> WSGIApp:
    """Return the application as it stands behind so many proxies: it believes what they say of who asks.

    The Host header is the proxy's to pass on; a forwarded host is not believed. Some proxies write a port behind an
    address, and it is none of it.
    """

    def without_port(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if found := _WITH_PORT.fullmatch(environ.get("REMOTE_ADDR", "")):
            environ["REMOTE_ADDR"] = found["v4"] or found["v6"]
        return app(environ, start_response)

    return ProxyFix(without_port, x_for=count, x_proto=count, x_host=0)


def init_app(app: Flask) -> None:
    """Give the application its kind of request, and refuse those for another host."""
    app.request_class = Request
    app.before_request(_refuse_foreign_host)
    app.before_request(_let_file_in)


def takes_file(field: str, *, up_to: int) -> Callable[[ViewT], ViewT]:
    """Let a view be sent a file in this field, and a body of so many bytes: all others take fewer, and none."""

    def mark(view: ViewT) -> ViewT:
        setattr(view, _LIMIT, up_to)
        setattr(view, _FILE, field)
        return view

    return mark


def host_name(host: str) -> str:
    """Return the name in a Host header, without port and brackets, in small letters; empty for what is none.

    One dot at the end is a way to write a name in full.
    """
    try:
        return (urlsplit(f"//{host}").hostname or "").removesuffix(".")
    except ValueError:
        return ""


def _refuse_foreign_host() -> None:
    # What could not be a host at all has become an empty one by now.
    if host_name(flask.request.host) not in current_app.config["OWN_HOSTS"]:
        raise SecurityError


def _let_file_in() -> None:
    """Before anything reads the body, which the check of a form's token does already."""
    view = current_app.view_functions.get(flask.request.endpoint or "")
    if largest := getattr(view, _LIMIT, None):
        flask.request.max_content_length = flask.request.max_form_memory_size = largest
        flask.request.file_field = getattr(view, _FILE)  # type: ignore[attr-defined]
