"""Addresses as people and programs send them."""

import pytest

from webapp.forms.addresses import LONGEST, read_address


@pytest.mark.parametrize(
    "text",
    [
        # A mail to it would go to bob@gmail.com, of whom nothing else would know.
        pytest.param("=?utf-8?q?b=6Fb?=@gmail.com", id="in the spelling of headers"),
        pytest.param("=?utf-8?b?Ym9i?=@gmail.com", id="in another such spelling"),
        pytest.param("=?utf-8?q?a=40evil.example=2Cb?=@example.com", id="two addresses in that spelling"),
        pytest.param("x.=?utf-8?q?b=6Fb?=@gmail.com", id="in the midst"),
        pytest.param(f"{'b' * LONGEST}@example.com", id="too long"),
        pytest.param("bob@example.com, eve@example.com", id="two addresses"),
        pytest.param("Bob <bob@example.com>", id="a name before it"),
        pytest.param('"bob eve"@example.com', id="in quotes"),
        pytest.param("bob@example.com\r\nBcc: eve@example.com", id="a line more"),
    ],
)
def test_what_a_header_of_a_mail_would_take_for_something_else_is_no_address(text):
    with pytest.raises(ValueError, match=r"\S"):
        read_address(text)


@pytest.mark.parametrize("text", ["a=b@example.com", "who?@example.com", "=x@example.com", "o'neill+x@example.com"])
def test_unusual_addresses_are_taken(text):
    assert read_address(f" {text} ") == text
