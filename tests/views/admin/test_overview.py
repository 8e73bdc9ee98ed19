"""An admin's first page."""

import re

import pytest


def test_an_empty_program_says_so(page_of):
    page = page_of("admin", "/admin")
    assert re.search(r'data-metric="clicks"\s+data-value="0"', page)
    assert "Nobody joined through a friend in the last 30 days" in page


@pytest.mark.usefixtures("a_friend")
def test_an_admin_sees_every_signup_with_its_reason(page_of):
    page = page_of("admin", "/admin")
    assert "1 person joined through a friend in the last 30 days" in page
    assert "Bob Miller" in page
    assert "Ada Okafor" in page
    assert "Last link opened in the last 60 days" in page
    assert "Cy Young" in page
    assert "Came without a link" in page
    assert "secret" not in page
