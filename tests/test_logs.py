"""What libraries log, as lines of our own."""

import io
import json
import logging
import sys

import pytest

from tests.databases import config_for
from webapp import create_app
from webapp.logs import LibraryLines

ADDRESS = "203.0.113.77"


@pytest.fixture
def lines(tmp_path, monkeypatch):
    """Configure production's logging, twice in one process, and return what reads the lines that were written."""
    written = io.StringIO()
    monkeypatch.setattr(sys, "stderr", written)
    for _ in range(2):
        create_app(config_for(f"sqlite:///{tmp_path / 'none.db'}", tmp_path, GRAPEVINE_ENV="production"))
    return lambda: [json.loads(line) for line in written.getvalue().splitlines()]


def test_a_library_is_quoted_without_what_it_speaks_of(lines):
    logging.getLogger("some.library").warning("limit of %s exceeded", ADDRESS)
    [line] = lines()
    assert (line["event"], line["level"], line["logger"]) == ("limit of %s exceeded", "warning", "some.library")
    assert line["where"][0].startswith("test_logs.py:")
    assert line["timestamp"]
    assert ADDRESS not in str(line)


def test_a_sentence_that_was_put_together_before_is_not_quoted_at_all(lines):
    logging.getLogger("some.library").error(f"limit of {ADDRESS} exceeded")  # noqa: G004 - as libraries do
    [line] = lines()
    assert (line["event"], line["level"], line["logger"]) == ("library", "error", "some.library")
    assert ADDRESS not in str(line)


def test_a_failure_of_a_library_is_told_by_kind_and_place(lines):
    try:
        raise ValueError(ADDRESS)
    except ValueError:
        logging.getLogger("some.library").exception("it failed")
    [line] = lines()
    assert line["error"] == "ValueError"
    assert line["where"][0].startswith("test_logs.py:")
    assert ADDRESS not in str(line)


def test_a_line_that_cannot_be_written_is_lost_rather_than_told_in_another_form(lines, capfd):
    wrong = logging.LogRecord("_granian", logging.WARNING, "f.py", 1, "%s is too many", (ADDRESS, "one"), None)
    LibraryLines().handle(wrong)
    assert lines() == []
    assert "".join(capfd.readouterr()) == ""


def test_the_server_is_quoted_word_for_word(lines):
    logging.getLogger("_granian").info("Listening at: http://127.0.0.1:8000")
    [line] = lines()
    assert (line["event"], line["logger"]) == ("Listening at: http://127.0.0.1:8000", "_granian")


def test_what_is_only_for_developers_is_not_written(lines):
    logging.getLogger("some.library").debug("something")
    assert lines() == []
