"""Names of hosts: how they are spelt, and which lie in which."""

import pytest

from webapp.domain.host_names import domain_labels, host_name, lies_in


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("coupons.example", "coupons.example"),
        (" Coupons.Example. ", "coupons.example"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("ｃｏｕｐｏｎｓ．example", "coupons.example"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("a_b.coupons-4-you.example", "a_b.coupons-4-you.example"),
    ],
)
def test_a_host_has_one_spelling(typed, name):
    assert host_name(typed) == name


@pytest.mark.parametrize(
    "typed",
    [
        *("", ".", "localhost", "*.example", "https://coupons.example", "coupons.example/deals", "coupons.example:80"),
        *("-coupons.example", "coupons..example", "192.0.2.1", "2001:db8::1", f"{'x' * 64}.example", "a b.example"),
        f"{'x.' * 130}example",
    ],
)
def test_what_is_no_host_is_refused(typed):
    with pytest.raises(ValueError, match=r"dot|label|domain"):
        host_name(typed)


def test_a_top_domain_is_a_domain_though_no_host():
    assert domain_labels("Example") == "example"


@pytest.mark.parametrize(
    ("host", "inside"),
    [
        ("coupons.example", True),
        ("WWW.coupons.example.", True),
        ("a.b.coupons.example", True),
        ("mycoupons.example", False),
        ("coupons.example.org", False),
        ("example", False),
    ],
)
def test_sub_domains_lie_in_a_domain_and_names_that_end_alike_do_not(host, inside):
    assert lies_in(host, "coupons.example") is inside
