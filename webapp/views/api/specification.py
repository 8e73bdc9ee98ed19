"""The API in the words of OpenAPI 3.1, made from the very models that read and write it."""

import re
from functools import lru_cache
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from webapp.views.api import answers
from webapp.views.api.operations import OPERATIONS, REFUSALS, Operation
from webapp.views.api.reading import IN_A_PAGE, MOST_IN_A_PAGE

VERSION = "1.0.0"
_REF = "#/components/schemas/{model}"

_DESCRIPTION = " ".join(
    (
        "Amounts are whole numbers in minor units of their currency, never decimals.",
        "Times are ISO 8601 with an offset.",
        "Every request carries a key as `Authorization: Bearer gvk_…`; a key with the scope `write` may also read.",
        "What is sent again with the same id and the same content gets the first answer, for good.",
        "A key may ask 1,200 times a minute, 200 of them at once.",
        "Refusals are problem details (RFC 9457) with a list of what is wrong, field by field.",
    )
)

PATH_PARAMETERS: dict[str, dict[str, Any]] = {
    "external_id": {"description": "What you call the person.", "example": "cus_1"},
    "event_id": {"description": "What you called the event.", "example": "evt_1"},
    "reward_id": {"description": "The id of the reward.", "example": "01890a5d-ac96-774b-bcce-b302099a8057"},
    "code": {"description": "The code of a link.", "example": "7KX2MWRT9P"},
}
_LIST_PARAMETERS = (
    {
        "name": "limit",
        "in": "query",
        "description": "How many rows to answer with.",
        "schema": {"type": "integer", "minimum": 1, "maximum": MOST_IN_A_PAGE, "default": IN_A_PAGE},
    },
    {
        "name": "cursor",
        "in": "query",
        "description": "The `next` of the page before.",
        "schema": {"type": "string", "format": "uuid"},
    },
)


@lru_cache
def specification(server_url: str) -> dict[str, Any]:
    """Return the whole specification. `server_url` is where the API begins."""
    names, schemas = _schemas()
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method] = _operation(operation, names)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Grapevine", "version": VERSION, "description": _DESCRIPTION},
        "servers": [{"url": server_url}],
        "security": [{"key": []}],
        "paths": paths,
        "components": {"schemas": schemas, "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}},
    }


def _schemas() -> tuple[dict[type[BaseModel], str], dict[str, Any]]:
    """Return the name of each model and the schemas by name."""
    asked = [(operation.body, "validation") for operation in OPERATIONS if operation.body]
    told = [(model, "serialization") for operation in OPERATIONS for model, _ in operation.answers.values()]
    models = list(dict.fromkeys([*asked, *told, (answers.Problem, "serialization")]))
    refs, definitions = models_json_schema(models, ref_template=_REF)  # type: ignore[arg-type]
    names = {model: refs[model, mode]["$ref"].rpartition("/")[2] for model, mode in models}  # type: ignore[index]
    return names, definitions["$defs"]


def _operation(operation: Operation, names: dict[type[BaseModel], str]) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "description": operation.description,
        "parameters": [
            *(_path_parameter(name) for name in re.findall(r"{(\w+)}", operation.path)),
            *(_LIST_PARAMETERS if operation.listed else ()),
        ],
        "responses": {
            **{str(status): _answer(names[model], words) for status, (model, words) in operation.answers.items()},
            **{str(status): _refusal(status) for status in operation.refusals},
        },
    }
    if operation.body:
        content = {"schema": {"$ref": _REF.format(model=names[operation.body])}, "example": operation.example}
        described["requestBody"] = {"required": True, "content": {"application/json": content}}
    return described


def _path_parameter(name: str) -> dict[str, Any]:
    schema = {"type": "string", "minLength": 1}
    return {"name": name, "in": "path", "required": True, "schema": schema, **PATH_PARAMETERS[name]}


def _answer(model: str, words: str) -> dict[str, Any]:
    return {"description": words, "content": {"application/json": {"schema": {"$ref": _REF.format(model=model)}}}}


def _refusal(status: int) -> dict[str, Any]:
    schema = {"$ref": _REF.format(model=answers.Problem.__name__)}
    described: dict[str, Any] = {
        "description": REFUSALS[status],
        "content": {"application/problem+json": {"schema": schema}},
    }
    if status == 429:
        described["headers"] = {"Retry-After": {"schema": {"type": "integer", "minimum": 1}}}
    return described
