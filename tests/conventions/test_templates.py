"""Templates: nothing inline that the content security policy would block, and no endpoint that is not there."""

import ast
import re

import pytest

from tests.conventions.tree import name_of, python_files, templates
from tests.databases import config_for
from webapp import create_app

PAGES = [path for path in templates() if path.suffix == ".html"]
INLINE = {
    "a script": re.compile(r"<script\b(?![^>]*\b(?:src=|type=\"application/json\"))", re.IGNORECASE),
    "a style element": re.compile(r"<style\b", re.IGNORECASE),
    "a style attribute": re.compile(r"<[^>]*\sstyle\s*=", re.IGNORECASE),
    "an event handler": re.compile(r"<[^>]*\son\w+\s*=", re.IGNORECASE),
    "htmx code": re.compile(r"\bhx-on\b|[\"']js:", re.IGNORECASE),
    "another origin": re.compile(r"(?:src|href|action)\s*=\s*[\"']?(?:https?:)?//", re.IGNORECASE),
}
_COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
# Not those within a macro, which are its own.
_SET = re.compile(r"^ {0,2}{%-? *set (\w+) *=", re.MULTILINE)
_ENDPOINT = re.compile(r"url_for\(\s*[\"']([\w.]+)[\"']")


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_a_template_has_nothing_inline_and_nothing_from_elsewhere(path):
    source = _COMMENT.sub("", path.read_text())
    assert [what for what, pattern in INLINE.items() if pattern.search(source)] == []


@pytest.mark.parametrize(
    ("what", "source"),
    [
        ("a script", "<script>go()</script>"),
        ("a script", '<script type="module">go()</script>'),
        ("a style element", "<style>p{}</style>"),
        ("a style attribute", '<p class="a"\n style="color: red">'),
        ("an event handler", '<button type="button" onclick="go()">'),
        ("htmx code", '<p hx-on:click="go()">'),
        ("another origin", '<img src="//cdn.example/a.png">'),
    ],
)
def test_what_is_inline_is_found(what, source):
    assert INLINE[what].search(source)


@pytest.mark.parametrize(
    "source", ['<script src="/a.js" defer></script>', '<script type="application/json">{}</script>']
)
def test_files_and_data_are_no_inline_scripts(source):
    assert not INLINE["a script"].search(source)


def test_every_endpoint_that_a_template_names_exists(tmp_path):
    app = create_app(config_for(f"sqlite:///{tmp_path / 'none.db'}", tmp_path))
    named = {
        (name_of(path), endpoint)
        for path in PAGES
        for endpoint in _ENDPOINT.findall(_COMMENT.sub("", path.read_text()))
    }
    assert len(named) > 5
    endpoints = set(app.view_functions)
    # A name that begins with a dot is completed by the blueprint of the page.
    missing = [
        (page, name)
        for page, name in sorted(named)
        if not (name in endpoints or (name.startswith(".") and any(known.endswith(name) for known in endpoints)))
    ]
    assert missing == []


def test_no_page_is_given_what_its_frame_calls_something_else():
    # What a layout sets replaces what the view gave to the page by the same name.
    frames = {name for path in PAGES if "layouts" in path.parts for name in _SET.findall(path.read_text())}
    assert "waiting" in frames
    given = {
        (name_of(path), keyword.arg)
        for path in python_files("webapp/views")
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "render"
        for keyword in call.keywords
    }
    assert len(given) > 100
    assert [one for one in sorted(given, key=str) if one[1] in frames] == []
