"""Which pages a link may lead to, and which of them are another site's."""

import re

import pytest

from webapp.clicks.destinations import (
    ForeignDestinationError,
    Target,
    allowed_destination,
    allowed_origins,
    checked_hosts,
    checked_landing_page,
    is_of,
)

OWN = "http://127.0.0.1:8137"
LANDING = "https://Shop.example:8443/start"
LISTED = (
    "other.example\nnext.example:9000\n Third.Example \n\n[2001:db8::7]\n[::1]:81\nbad host\nport.example:x\n"
    f"books.example\nbücher.example\nstraße.example\na..b.example\n{'a' * 64}.example\n"
)


@pytest.fixture
def origins():
    return allowed_origins(LISTED, landing_url=LANDING, own=OWN)


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("/plans", id="a path of this site"),
        pytest.param("http://127.0.0.1:8137/plans", id="this site by its whole address"),
        pytest.param("https://shop.example:8443/other", id="the landing page's site"),
        pytest.param("http://other.example/", id="a listed host"),
        pytest.param("https://other.example/", id="a listed host over HTTPS"),
        pytest.param("https://OTHER.example:443/", id="a listed host with the port it has anyway"),
        pytest.param("http://next.example:9000/", id="a listed port"),
        pytest.param("https://next.example:9000/", id="a listed port over HTTPS"),
        pytest.param("https://third.example/", id="a host listed with spaces and capitals"),
        pytest.param("https://[2001:db8::7]/", id="a listed IPv6 address"),
        pytest.param("http://[::1]:81/", id="a listed port of an IPv6 address"),
    ],
)
def test_a_link_may_lead_to(origins, url):
    assert allowed_destination(url, origins=origins).lower() == url.lower()


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("http://127.0.0.1:22/", id="another port of this machine"),
        pytest.param("http://127.0.0.1/", id="the default port of this machine"),
        pytest.param("https://127.0.0.1:8137/", id="this site by another scheme"),
        pytest.param("https://shop.example/", id="another port of the landing page's host"),
        pytest.param("http://shop.example:8443/", id="the landing page's site by another scheme"),
        pytest.param("https://other.example:8443/", id="another port of a listed host"),
        pytest.param("https://next.example/", id="the default port of a host that is listed with another"),
        pytest.param("https://sub.other.example/", id="a host below a listed one"),
        pytest.param("https://bad/", id="a line that is no host"),
        pytest.param("https://port.example/", id="a line whose port is none"),
        pytest.param("https://other.example:0/", id="port 0"),
        pytest.param("https://other.example:99999/", id="a port that is none"),
        pytest.param("https://other.example:/", id="no port after a colon"),
        pytest.param("https://ｏther.example/", id="a letter of full width"),
        pytest.param("https://other。example/", id="a full stop of full width"),
        pytest.param("https://boo\u212as.example/", id="a sign that is a letter in small"),
        pytest.param("https://oth\u00ader.example/", id="a letter that is not seen"),
        pytest.param("https://strasse.example/", id="another name that a listed one is read as"),
        pytest.param("https://straße.example/", id="a name that browsers read as two"),
        pytest.param("https://a..b.example/", id="a name without a label"),
        pytest.param(f"https://{'a' * 64}.example/", id="a label that is too long"),
    ],
)
def test_a_link_may_not_lead_to(origins, url):
    with pytest.raises(ForeignDestinationError):
        allowed_destination(url, origins=origins)


def test_a_name_in_other_letters_is_the_one_that_browsers_send(origins):
    for url in ("https://BÜcher.example/ü", "https://xn--bcher-kva.example/%C3%BC"):
        url = allowed_destination(url, origins=origins)
        assert (
            Target(url, code="A", own=OWN).url(visitor_utm={}, click=None)
            == "https://xn--bcher-kva.example/%C3%BC?ref=A"
        )
    assert is_of("https://xn--bcher-kva.example", origins)


def test_the_address_of_a_site_may_name_the_port_it_has_anyway():
    origins = allowed_origins("", landing_url="/signup", own="https://friends.example:443")
    assert allowed_destination("https://friends.example/x", origins=origins) == "https://friends.example/x"
    assert not Target("https://friends.example/x", code="A", own="https://friends.example:443").is_elsewhere


@pytest.mark.parametrize(
    ("destination", "elsewhere"),
    [
        pytest.param("/signup", False, id="a path"),
        pytest.param("http://127.0.0.1:8137/shop", False, id="this site"),
        pytest.param("http://127.0.0.1:9000/shop", True, id="another port of the same host"),
        pytest.param("https://127.0.0.1:8137/shop", True, id="another scheme of the same host"),
        pytest.param("http://localhost:8137/shop", True, id="another name of the same host"),
        pytest.param("https://shop.example/", True, id="another host"),
    ],
)
def test_what_is_another_site(destination, elsewhere):
    assert Target(destination, code="A", own=OWN).is_elsewhere is elsewhere


@pytest.mark.parametrize("url", ["/", "/signup?a=b", "https://shop.example:8443/start", "http://shop.example/ü"])
def test_a_landing_page_is_a_path_or_a_page(url):
    assert checked_landing_page(url, own=OWN).startswith(url.rstrip("ü"))


@pytest.mark.parametrize(
    "url",
    [
        *("", "signup", "//evil.example", "/\\evil.example", "javascript:alert(1)", "data:text/html,x"),
        *("ftp://a.example/", "https://a@b.example/", "https://", "https://www..example/", "https://straße.example/"),
    ],
)
def test_a_landing_page_is_nothing_else(url):
    with pytest.raises(ForeignDestinationError):
        checked_landing_page(url, own=OWN)


def test_hosts_are_kept_in_small_letters_each_once():
    listed = " Shop.Example \r\n\nshop.example\nshop.example:8443\n[2001:db8::7]:81\n"
    assert checked_hosts(listed) == "shop.example\nshop.example:8443\n[2001:db8::7]:81"
    assert checked_hosts(" \n") == ""


@pytest.mark.parametrize(
    "line",
    [
        *("https://a.example", "a.example/x", "*.example", "a@b.example", "a.example:x", "a b.example"),
        "a.example,b.example",
        *("a\0b.example", "\u202ea.example", "a..example", "straße.example", "ｏther.example", "a" * 64 + ".example"),
    ],
)
def test_what_is_no_host_is_named(line):
    with pytest.raises(ValueError, match=re.escape(line)):
        checked_hosts(f"shop.example\n{line}")
