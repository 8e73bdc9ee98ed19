"""docs/analytics.md says of each figure what the page says, and has an example for each."""

import re

import pytest

from webapp.config import ROOT
from webapp.domain.definitions import DEFINITIONS

TEXT = (ROOT / "docs/analytics.md").read_text()
ROWS = {cells[0]: cells for cells in (row[2:-2].split(" | ") for row in re.findall(r"^\| .* \|$", TEXT, re.MULTILINE))}


@pytest.mark.parametrize("key", DEFINITIONS)
def test_a_figure_is_defined_in_the_same_words_with_an_example(key):
    label, text, example = ROWS[DEFINITIONS[key].label]
    assert (label, text) == (DEFINITIONS[key].label, DEFINITIONS[key].text)
    assert re.search(r"\d", example)


def test_no_figure_is_described_that_is_not_there():
    assert set(ROWS) - {"figure"} == {definition.label for definition in DEFINITIONS.values()}
