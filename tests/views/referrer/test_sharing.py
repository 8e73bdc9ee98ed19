"""The card about one's link: what the program offers, the message with its disclosure, and the ways to send it."""

import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest

from tests import money
from webapp.database import write_transaction

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)

DISCLOSURE = "I get a reward if you join through it."


def ways(page):
    """Return the addresses of other services on a page, by host or scheme."""
    # Another site gets a window of its own, and does not learn where it was opened from.
    elsewhere = r'href="(https:[^"]*)"\s+target="_blank"\s+rel="noopener noreferrer"'
    found = re.findall(elsewhere, page) + re.findall(r'href="(mailto:[^"]*)"', page)
    assert len(found) == len(re.findall('href="(?:https|mailto):', page))
    addresses = map(urlsplit, map(unescape, found))
    return {address.netloc or address.scheme: parse_qs(address.query) for address in addresses}


def test_the_heading_says_what_friend_and_referrer_get(house, page_of):
    page = page_of("ada", "/dashboard")
    assert ">Give $5, get 20%</h2>" in page
    assert "A friend gets $5 for joining. You get 20% of their first 12 orders." in " ".join(page.split())


def test_rules_that_few_words_cannot_say_leave_the_heading_plain(app, house, page_of):
    with app.app_context(), write_transaction() as session:
        money.publish(session, **money.TEN_DOLLARS)
    page = page_of("ada", "/dashboard")
    assert ">Share your link</h2>" in page
    assert "get 20%" not in page


def test_every_way_takes_the_link_along_and_says_that_there_is_a_reward(house, page_of):
    page = page_of("ada", "/dashboard")
    link = re.search(r'id="referral-link"[^>]*>([^<]*)<', page).group(1)
    found = ways(page)
    assert set(found) == {"wa.me", "mailto", "x.com", "t.me", "www.linkedin.com"}
    for way, fields in found.items():
        said = " ".join(value for values in fields.values() for value in values)
        assert said.count(link) == 1, way
        assert DISCLOSURE in said, way
        assert "You get $5 for joining." in said, way
    assert "+" not in re.search(r"mailto:[^\"]*", page).group(0)


def test_the_message_can_be_read_first(house, page_of):
    page = page_of("ada", "/dashboard")
    shown = re.search(r'id="share-message"[^>]*>(.*?)</p>', page, re.DOTALL).group(1)
    assert DISCLOSURE in shown
    assert "http://localhost/r/" in shown
    # What the phone's own sheet gets.
    assert DISCLOSURE in re.search(r'data-text="([^"]*)"', page).group(1)
