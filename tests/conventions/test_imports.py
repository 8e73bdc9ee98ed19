"""Imports run one way: views, jobs, cli, clicks → forms, services, queries, charts → models → domain."""

import ast
import sys

import pytest

from tests.conventions.tree import name_of, python_files

EDGES = ("views", "jobs", "cli", "clicks")
MIDDLE = ("forms", "services", "queries", "charts")
LAYERS = {
    **dict.fromkeys(EDGES, 3),
    **dict.fromkeys(MIDDLE, 2),
    "payout_methods": 2,
    "importers": 2,
    "backups": 2,
    "models": 1,
    "domain": 0,
}
# Below the edge nobody knows of requests, nor of what reads them.
WEB = {"flask", "flask_babel", "flask_login", "flask_sqlalchemy", "flask_wtf", "werkzeug", "wtforms"}
WITHOUT_WEB = {"services", "queries", "models", "charts", "domain", "payout_methods", "importers"}
# A user says of itself that it may sign in.
EXCEPTIONS = {("models", "flask_login")}
# Modules beside the layers that are as pure as the layer that uses them.
FOR_EVERYONE = {"webapp.ids", "webapp.transactions"}


def imports_of(source):
    """Yield the dotted name of every module that Python source imports, wherever in the file."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or "."
            # `from webapp import domain` imports webapp.domain.
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def breaches(layer, source):
    """Say what a file of this layer imports and must not."""
    for module in sorted(set(imports_of(source))):
        top, _, rest = module.partition(".")
        other = rest.partition(".")[0]
        if top == "webapp" and other in LAYERS and LAYERS[other] > LAYERS[layer]:
            yield f"{layer} imports {module}, which is above it"
        elif top in WEB and layer in WITHOUT_WEB and (layer, top) not in EXCEPTIONS:
            yield f"{layer} imports {module}; only the edge knows of requests"
        elif layer == "domain" and top != "webapp" and top not in sys.stdlib_module_names:
            yield f"domain imports {module}, which is not the standard library"
        elif layer == "domain" and top == "webapp" and other not in {"domain", ""}:
            yield f"domain imports {module}, which is not the domain"
        elif (
            layer in WITHOUT_WEB - {"domain"} and top == "webapp" and rest and other not in LAYERS and not _pure(module)
        ):
            yield f"{layer} imports {module}, which is the edge's"


def _pure(module):
    return any(module == pure or module.startswith(f"{pure}.") for pure in FOR_EVERYONE)


LAYERED = [(layer, path) for layer in LAYERS for path in python_files(f"webapp/{layer}")]


@pytest.mark.parametrize(("layer", "path"), LAYERED, ids=[name_of(path) for _, path in LAYERED])
def test_imports_run_one_way(layer, path):
    assert list(breaches(layer, path.read_text())) == []


def test_every_folder_of_the_application_belongs_to_a_layer():
    folders = {name_of(path).split("/")[1] for path in python_files("webapp") if name_of(path).count("/") >= 2}
    assert folders - {"frontend", "translations"} <= LAYERS.keys()


def test_only_the_migrations_and_tests_reach_in_from_outside():
    importing = [
        name_of(path)
        for path in python_files("webapp")
        if any(m.startswith("tests") for m in imports_of(path.read_text()))
    ]
    assert importing == []


@pytest.mark.parametrize(
    ("layer", "line"),
    [
        ("domain", "import sqlalchemy"),
        ("domain", "from webapp.models import User"),
        ("domain", "from webapp.clock import utc_now"),
        ("models", "from webapp.services.links import create_link"),
        ("models", "from webapp import services"),
        ("queries", "def f():\n    from flask import g"),
        ("services", "from webapp.extensions import db"),
        ("services", "import webapp.views.public"),
        ("forms", "from webapp.views.guards import require_role"),
    ],
)
def test_an_import_against_the_current_is_found(layer, line):
    assert len(list(breaches(layer, line))) >= 1


@pytest.mark.parametrize(
    ("layer", "line"),
    [
        ("domain", "from webapp.domain.codes import code_key"),
        ("services", "from webapp.ids import new_id"),
        ("views", "from flask import request\nfrom webapp.jobs.runner import run_job"),
    ],
)
def test_an_import_with_the_current_is_not(layer, line):
    assert list(breaches(layer, line)) == []
