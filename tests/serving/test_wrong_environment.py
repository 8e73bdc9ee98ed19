"""A wrong environment stops the start with one sentence that names the variable."""

import os
import runpy
import subprocess

import pytest

from tests.serving.server import environment, flask_command
from webapp.config import ROOT

WRONG = [
    ("GRAPEVINE_ENV", "staging"),
    ("SECRET_KEY", "short"),
    ("SECRET_KEY", ""),
    ("DATABASE_URL", "mysql://user:hunter2@host/name"),
    ("DATABASE_URL", "sqlite:////dev/null/folder/file.db"),
    ("BASE_URL", "https://friends.example.com/path"),
    ("MAIL_URL", "carrier:pigeon"),
    ("TRUSTED_PROXIES", "many"),
    ("RATE_LIMIT_URL", "https://cache.example.com"),
    ("RATE_LIMIT_URL", "redis://cache:hunter2"),
    ("RATE_LIMIT_URL", "redis://cache/0?socket_timeout=hunter2"),
]


@pytest.mark.parametrize(("variable", "value"), WRONG, ids=[f"{name}={value}" for name, value in WRONG])
def test_nothing_is_made_but_a_sentence_that_names_the_variable(tmp_path, monkeypatch, capfd, variable, value):
    """What every command begins with, in this process: one of its own takes over a second to begin."""
    monkeypatch.setattr(os, "environ", given(tmp_path, {variable: value}))
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(ROOT / "wsgi.py"))
    assert_says(variable, ended.value.code)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("command", "variable", "value"),
    [(("serve", "--port", "1"), *WRONG[3]), (("db", "upgrade"), *WRONG[2])],
    ids=["serving", "migrating"],
)
def test_a_command_stops_with_that_sentence_alone(tmp_path, command, variable, value):
    environ = given(tmp_path, {variable: value})
    ended = subprocess.run(flask_command(*command), cwd=ROOT, env=environ, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 1
    (sentence,) = ended.stderr.strip().splitlines()
    assert_says(variable, sentence)
    assert ended.stdout == ""


def given(folder, environ):
    return {**environment(f"sqlite:///{folder / 'test.db'}", folder, GRAPEVINE_ENV="production"), **environ}


def assert_says(variable, sentence):
    assert sentence.startswith(f"Grapevine does not start: {variable} ")
    assert "\n" not in sentence
    # A URL may hold a password.
    assert "hunter2" not in sentence
