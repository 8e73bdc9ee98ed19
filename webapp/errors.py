"""Refusals in the site's look, and as problem details (RFC 9457) for programs."""

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus

from flask import Flask, Response, current_app, g, jsonify, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException, InternalServerError, ServiceUnavailable, TooManyRequests

from webapp.database import DATABASE_UNAVAILABLE
from webapp.extensions import db
from webapp.formatting import size
from webapp.ids import new_id
from webapp.logs import log_failure, sparing_line
from webapp.trouble import TROUBLES, is_trouble, takes_no_writes

RETRY_SECONDS = 5
# Somebody has to make room, or to let the database be written again.
RETRY_LATER_SECONDS = 30
# The API, and what the script on the business's own site calls.
_FOR_PROGRAMS = ("/api/", "/t/")


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """What is wrong with one field: where it stands in the request, and a sentence that completes its name."""

    loc: tuple[str | int, ...]
    msg: str


class ProblemError(HTTPException):
    """A refusal of the API in words of its own."""

    def __init__(self, status: int, detail: str, errors: Sequence[FieldProblem] = ()) -> None:
        super().__init__(detail)
        self.code = status
        self.errors = errors


# status: (heading, what happened and what to do)
SENTENCES = {
    400: (_l("We could not read that"), _l("Something in the request was not right. Nothing was changed.")),
    403: (
        _l("This page is not open to you"),
        _l("It belongs to people with another role. Ask an admin if you need it."),
    ),
    404: (_l("There is nothing here"), _l("The page may have moved, or the address has a typing mistake.")),
    405: (_l("This page cannot do that"), _l("Nothing was changed. Go back and use the buttons of the page.")),
    413: (_l("That is too large"), _l("Nothing was changed. Send less and try again.")),
    422: (_l("Something is missing or not right"), _l("Nothing was changed. Go back and look at the fields again.")),
    429: (_l("That was too often"), _l("Nothing was lost. Please wait a little and try again.")),
    500: (_l("Something broke on our side"), _l("It was noted down and nothing was half saved. Please try again.")),
    503: (_l("We are not ready just now"), _l("Nothing was changed. Please try again in a few seconds.")),
}

NO_WRITES = (
    _l("Nothing can be changed just now"),
    _l("You can read everything as before. What you just sent was not stored; please try again in a minute."),
)


def init_app(app: Flask) -> None:
    """Answer every refusal and every failure through this module."""
    app.register_error_handler(HTTPException, _answer)
    for kind in TROUBLES:
        app.register_error_handler(kind, _database_trouble)


class NoWritesError(ServiceUnavailable):
    """What is stored can be read, and nothing can be changed: the disk is full, or the database may only be read."""


def _database_trouble(error: SQLAlchemyError) -> Response:
    if not is_trouble(error):
        # Something is wrong with what we asked: a failure like any other.
        raise error
    name = type(getattr(error, "orig", None) or error).__name__
    sparing_line(current_app, DATABASE_UNAVAILABLE).write(error=name)
    # A session that a failure has left broken would fail again while the page is made.
    db.session.remove()
    if takes_no_writes(error):
        return _answer(NoWritesError(retry_after=RETRY_LATER_SECONDS))
    return _answer(ServiceUnavailable(retry_after=RETRY_SECONDS))


def _answer(error: HTTPException) -> Response:
    if error.response is not None:
        return error.response  # type: ignore[return-value]
    status = error.code or 500
    if isinstance(error, InternalServerError) and error.original_exception is not None:
        log_failure("unhandled", error.original_exception)
        db.session.remove()
    retry_after = _retry_after(error)
    heading, message = SENTENCES.get(status, SENTENCES[500 if status >= 500 else 400])
    if isinstance(error, NoWritesError):
        heading, message = NO_WRITES
    if status == 413:
        most = _("At most %(size)s can be sent here at once.", size=size(request.max_content_length or 0))
        message = f"{most} {message}"
    if request.path == "/api" or request.path.startswith(_FOR_PROGRAMS):
        response = _problem(error, status, str(message))
    else:
        if status == 400 and error.description and type(error).__name__ == "CSRFError":
            message = _("The page was open for too long or belongs to another sign-in. Reload it and try again.")
        response = Response(
            render_template(
                "errors/show.html",
                status=status,
                heading=heading,
                message=message,
                request_id=g.get("request_id") or str(new_id()),
                retry_after=retry_after,
            ),
            mimetype="text/html",
        )
    response.status_code = status
    response.headers["Cache-Control"] = "no-store"
    if retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    if status == 405:
        response.headers["Allow"] = ", ".join(sorted(getattr(error, "valid_methods", None) or ()))
    return response


def _problem(error: HTTPException, status: int, message: str) -> Response:
    told = error if isinstance(error, ProblemError) else None
    response = jsonify(
        type="about:blank",
        title=HTTPStatus(status).phrase,
        status=status,
        detail=told.description if told else message,
        errors=[{"loc": list(problem.loc), "msg": problem.msg} for problem in (told.errors if told else ())],
    )
    response.mimetype = "application/problem+json"
    if status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _retry_after(error: HTTPException) -> int | None:
    """Return whole seconds, at least one, for the refusals that pass by themselves."""
    if not isinstance(error, (TooManyRequests, ServiceUnavailable)):
        return None
    return error.retry_after if isinstance(error.retry_after, int) else RETRY_SECONDS
