"""Reading what programs send: strict JSON into a model, or a problem that names every field that is wrong."""

import json
import re
from collections import Counter
from typing import Any, TypeVar
from uuid import UUID

from flask import request
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from webapp.errors import FieldProblem, ProblemError
from webapp.web import cursor_of

BodyT = TypeVar("BodyT", bound=BaseModel)

MOST_IN_A_PAGE = 200
IN_A_PAGE = 50
# Python refuses to read much longer numbers, and none of this length is taken anywhere.
MOST_DIGITS = 1_000

# Of pydantic's kinds of error, those whose own words are not plain enough.
_WORDS = {
    "missing": "is missing",
    "extra_forbidden": "is not a field of this request",
    "int_type": "must be a whole number, neither text nor a decimal number nor true or false",
    "string_type": "must be text",
    "string_unicode": "must be text that can be written as UTF-8",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
}


def read_body(model: type[BodyT], *, as_text: bool = False) -> BodyT:
    """Return the body of the request as `model`. Raises HTTPException: 413, 415, 400 broken JSON, 422 wrong fields.

    `as_text` takes JSON that is sent as plain text too, which a page of another site may do without asking first.
    """
    if request.mimetype != "application/json" and not (as_text and request.mimetype == "text/plain"):
        raise ProblemError(415, "Send JSON, with the header “Content-Type: application/json”.")
    data = request.get_data()
    try:
        raw = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_without_doubles,
            parse_constant=_no_constant,
            parse_int=_whole_number,
        )
    except (ValueError, RecursionError) as error:
        raise ProblemError(400, f"The body is not JSON in UTF-8: {_where(error)}. Nothing was written.") from error
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        problems = [FieldProblem(problem["loc"], _words(problem)) for problem in error.errors(include_url=False)]
        raise ProblemError(422, _summary(problems), problems) from error


def read_page() -> tuple[int, UUID | None]:
    """Return how many rows of a list are wanted, and the cursor after which they begin. Raises ProblemError."""
    problems = [
        FieldProblem((name,), "is not a parameter of a list, which has limit and cursor")
        for name in request.args
        if name not in {"limit", "cursor"}
    ]
    limit, cursor = request.args.get("limit", str(IN_A_PAGE)), cursor_of(request.args.get("cursor", ""))
    if not (limit.isascii() and limit.isdigit() and len(limit) <= 3 and 1 <= int(limit) <= MOST_IN_A_PAGE):
        problems.append(FieldProblem(("limit",), f"must be a whole number from 1 to {MOST_IN_A_PAGE}"))
    if "cursor" in request.args and cursor is None:
        problems.append(wrong_cursor())
    if problems:
        raise ProblemError(422, _summary(problems), problems)
    return int(limit), cursor


def wrong_cursor() -> FieldProblem:
    return FieldProblem(("cursor",), "must be the “next” of the page before")


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        (name, _times), *_ = Counter(name for name, _value in pairs).most_common()
        raise ValueError(f"{name} stands in it twice")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")


def _whole_number(digits: str) -> int:
    return int(digits[:MOST_DIGITS])


def _where(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg[0].lower()}{error.msg[1:]} in line {error.lineno}, column {error.colno}"
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if isinstance(error, UnicodeDecodeError):
        return f"byte {error.start} is not UTF-8"
    return str(error)


def _words(problem: ErrorDetails) -> str:
    kind = problem["type"]
    if kind == "value_error":
        return str(problem["ctx"]["error"])
    return _WORDS.get(kind) or re.sub("^(String|Input|Dictionary) should", "must", problem["msg"])


def _summary(problems: list[FieldProblem]) -> str:
    first = problems[0]
    place = ".".join(str(part) for part in first.loc) or "The body"
    more = f" {len(problems) - 1} more below." if len(problems) > 1 else ""
    return f"{place} {first.msg}.{more} Nothing was written."
