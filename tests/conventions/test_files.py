"""What files may be called, how long they grow, and what must not be in them."""

import json
import re
from importlib.metadata import version

import plotly.offline
import pytest

from tests.conventions.tree import name_of, python_files, repository_files
from webapp.config import ROOT

LONGEST = 400
CATCH_ALLS = {"utils.py", "helpers.py", "util.py", "helper.py", "misc.py", "common.py"}
TEXT = {".py", ".html", ".txt", ".md", ".toml", ".json", ".js", ".css", ".svg", ".cfg", ".ini", ".mako", ".yml", ""}
# Assembled here, so that this file does not hold them.
FORBIDDEN = {
    "a registry's address": re.compile(
        "|".join(("registry" + r"\.npmjs", "files" + r"\.pythonhosted", r"pypi" + r"\.org"))
    ),
    "a path of one machine": re.compile(r"(?<![\w.:])/(?:" + "|".join(("home", "Users", "root", "work")) + r")/\w"),
    "a key": re.compile("BEGIN " + "(?:RSA |EC |OPENSSH )?PRIVATE KEY"),
}


@pytest.mark.parametrize(
    "path", [path for path in repository_files() if path.suffix in {".py", ".js", ".css"}], ids=name_of
)
def test_no_file_of_code_is_longer_than_400_lines(path):
    assert len(path.read_text().splitlines()) <= LONGEST, "it is looking for a seam"


def test_no_file_is_a_drawer_for_everything():
    assert [name_of(path) for path in python_files() if path.name in CATCH_ALLS] == []


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_holds(what):
    found = [
        f"{name_of(path)}:{number}"
        for path in repository_files()
        if path.suffix in TEXT
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if FORBIDDEN[what].search(line)
    ]
    assert found == []


def test_nothing_that_others_made_is_committed():
    foreign = re.compile(r"(^|/)(node_modules|vendor|third_party|dist)/|\.min\.(js|css)$|\.map$")
    assert [name_of(path) for path in repository_files() if foreign.search(name_of(path))] == []
    # Something minified under another name: no person writes lines like these.
    long_lines = [
        name_of(path)
        for path in repository_files()
        if path.suffix in {".js", ".css"} and any(len(line) > 300 for line in path.read_text().splitlines())
    ]
    assert long_lines == []


def test_plotly_in_the_browser_is_the_one_that_the_python_package_writes_for():
    lock = json.loads((ROOT / "webapp/frontend/package-lock.json").read_text())
    (bundle,) = (entry for name, entry in lock["packages"].items() if name.endswith("plotly.js-basic-dist-min"))
    assert bundle["version"] == plotly.offline.get_plotlyjs_version(), f"plotly {version('plotly')}"
