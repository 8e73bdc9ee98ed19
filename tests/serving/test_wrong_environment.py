"""A wrong environment stops the start with one sentence that names the variable."""

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
def test_serve_stops_with_a_sentence_that_names_the_variable(tmp_path, variable, value):
    assert_refused(variable, run(tmp_path, {variable: value}, "serve", "--port", "1"))


@pytest.mark.parametrize(("variable", "value"), [WRONG[2], WRONG[3]], ids=["SECRET_KEY", "DATABASE_URL"])
def test_migrating_stops_with_the_same_sentence(tmp_path, variable, value):
    assert_refused(variable, run(tmp_path, {variable: value}, "db", "upgrade"))


@pytest.mark.slow
def test_several_workers_without_a_shared_limit_store_start_with_a_warning(site):
    with site.server("--workers", "2"):
        pass
    assert "rate_limits_per_worker" in site.log.read_text()
    assert "RATE_LIMIT_URL" in site.log.read_text()


@pytest.mark.slow
def test_one_worker_needs_no_shared_limit_store(site):
    with site.server("--workers", "1"):
        pass
    assert "RATE_LIMIT_URL" not in site.log.read_text()


def run(folder, environ, *arguments):
    given = environment(f"sqlite:///{folder / 'test.db'}", folder, GRAPEVINE_ENV="production")
    return subprocess.run(
        flask_command(*arguments), cwd=ROOT, env={**given, **environ}, capture_output=True, text=True, timeout=60
    )


def assert_refused(variable, ended):
    assert ended.returncode == 1
    (sentence,) = ended.stderr.strip().splitlines()
    assert sentence.startswith(f"Grapevine does not start: {variable} ")
    # A URL may hold a password.
    assert "hunter2" not in sentence
    assert ended.stdout == ""
