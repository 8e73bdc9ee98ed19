"""How to call the API, for people and for programs."""

import json
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, jsonify

from webapp.views.api.operations import OPERATIONS, REFUSALS, Operation
from webapp.views.api.specification import PATH_PARAMETERS, specification
from webapp.web import absolute_url, render

bp = Blueprint("api_docs", __name__)


@dataclass(frozen=True, slots=True)
class FieldRow:
    """One field, as a reader needs it. `name` has the names above it before it."""

    name: str
    type: str
    required: bool
    description: str


@bp.get("/api/docs")
def show() -> Response:
    return render(
        "public/api_docs/show.html",
        about=specification(_server())["info"]["description"],
        operations=[_describe(operation) for operation in OPERATIONS],
        refusals=sorted(REFUSALS.items()),
        specification_url=absolute_url("/api/v1/openapi.json"),
    )


@bp.get("/api/v1/openapi.json")
def specify() -> Response:
    return jsonify(specification(_server()))


def _server() -> str:
    return absolute_url("/api/v1")


def _describe(operation: Operation) -> dict[str, Any]:
    described = specification(_server())["paths"][operation.path][operation.method]
    body = described.get("requestBody")
    answer = described["responses"][str(next(iter(operation.answers)))]["content"]["application/json"]
    return {
        "name": operation.name,
        "method": operation.method.upper(),
        "path": operation.path,
        "scope": operation.scope,
        "summary": operation.summary,
        "description": operation.description,
        "parameters": [
            FieldRow(one["name"], one["schema"]["type"], one.get("required", False), one["description"])
            for one in described["parameters"]
        ],
        "body": _fields(body["content"]["application/json"]["schema"]) if body else [],
        "answer": _fields(answer["schema"]),
        "statuses": [(status, words) for status, (_model, words) in operation.answers.items()],
        "refusals": operation.refusals,
        "curl": _curl(operation),
    }


def _curl(operation: Operation) -> str:
    path = operation.path.format(**{name: about["example"] for name, about in PATH_PARAMETERS.items()})
    lines = [f"curl {_server()}{path}", "  -H 'Authorization: Bearer gvk_…'"]
    if operation.body:
        lines += ["  -H 'Content-Type: application/json'", f"  -d '{json.dumps(operation.example)}'"]
    elif operation.method == "post":
        lines.append("  -X POST")
    return " \\\n".join(lines)


def _fields(schema: dict[str, Any], above: str = "") -> list[FieldRow]:
    """List the fields of a schema and, indented by their names, those of the objects in it."""
    schema = _resolved(schema)
    rows = []
    for name, part in schema.get("properties", {}).items():
        inner = _without_null(part)
        many = inner.get("type") == "array"
        item = _resolved(inner["items"]) if many else _resolved(inner)
        label = f"{above}{name}{'[]' if many else ''}"
        description = part.get("description") or item.get("description", "")
        rows.append(FieldRow(label, _type(item), name in schema.get("required", ()), description))
        rows += _fields(item, f"{label}.")
    return rows


def _type(schema: dict[str, Any]) -> str:
    if "format" in schema:
        return str(schema["format"])
    return str(schema.get("type", "object"))


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    choices = [one for one in schema.get("anyOf", ()) if one.get("type") != "null"]
    return choices[0] if len(choices) == 1 else schema


def _resolved(schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in schema:
        return schema
    found: dict[str, Any] = specification(_server())["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return found
