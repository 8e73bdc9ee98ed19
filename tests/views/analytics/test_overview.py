"""A marketer's first page."""

import re

import pytest


def test_an_empty_program_says_so(page_of):
    page = page_of("marketer", "/analytics")
    assert re.search(r'data-metric="clicks"\s+data-value="0"', page)
    assert "No clicks in the last 30 days" in page


@pytest.mark.usefixtures("a_friend")
def test_a_marketer_sees_figures_and_nobody(page_of):
    page = page_of("marketer", "/analytics")
    assert "3 clicks and 1 signup in the last 30 days" in page
    for name in ("Bob", "Cy Young", "Ada", "secret"):
        assert name not in page
