"""What may be done how often, with its number; and that no header of a visitor's own leads past it."""

import pytest

from tests import factories
from tests.conftest import browser
from tests.factories import PASSWORD, csrf_token
from webapp import limits
from webapp.clicks import counting, families, fast_path
from webapp.database import write_transaction

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)

MINUTE, HOUR = 60, 3600
# What operators and their users were promised.
NUMBERS = {
    "SIGN_IN_FAILURES_OF_ACCOUNT": (10, 15 * MINUTE),
    "SIGN_IN_FAILURES_OF_NETWORK": (30, 15 * MINUTE),
    "SIGN_UPS": (20, HOUR),
    "UNKNOWN_CODES": (30, MINUTE),
    "API_CALLS": (200, 10),
}
# By which proxies of all kinds tell whose request they pass on; only one is read, and only from proxies that count.
CLAIMS = ("X-Real-IP", "Forwarded", "True-Client-IP", "CF-Connecting-IP", "X-Client-IP", "X-Cluster-Client-IP")


def test_the_numbers_are_those_that_were_promised(app):
    found = {name: getattr(limits, name) for name in NUMBERS}
    assert {name: (one.amount, one.get_expiry()) for name, one in found.items()} == NUMBERS


def guesses(app, addresses, **headers):
    """Try an unknown code from each of these addresses in turn; returns how many were answered and not refused."""
    client, answered = browser(app), 0
    for number, address in enumerate(addresses):
        given = {name: value.format(number) for name, value in headers.items()}
        answer = client.get(f"/r/NOSUCH{number}", headers=given, environ_overrides={"REMOTE_ADDR": address})
        assert answer.status_code in {404, 429}
        if answer.status_code == 429:
            assert 1 <= int(answer.headers["Retry-After"]) <= MINUTE
        answered += answer.status_code == 404
    return answered


@pytest.mark.parametrize(
    ("addresses", "answered"),
    [
        pytest.param(["198.51.100.7"] * 40, 30, id="one IPv4 address"),
        pytest.param([f"198.51.100.{number}" for number in range(40)], 40, id="forty IPv4 addresses"),
        pytest.param([f"2001:db8:1:2::{number:x}" for number in range(40)], 30, id="one /64"),
        pytest.param([f"2001:db8:1:2:{number:x}:{number:x}::1" for number in range(40)], 30, id="all over one /64"),
        pytest.param([f"2001:db8:1:{number:x}::1" for number in range(40)], 40, id="forty /64s"),
        pytest.param(["198.51.100.7", "::ffff:198.51.100.7"] * 20, 30, id="an IPv4 address in either dress"),
        pytest.param(["fe80::1%eth0", "fe80::2%eth1"] * 20, 30, id="with a zone"),
        pytest.param(["", "unknown", "unix:", "no address"] * 10, 30, id="none at all"),
    ],
)
def test_a_network_is_an_ipv4_address_or_an_ipv6_64(app, addresses, answered):
    assert guesses(app, addresses) == answered


@pytest.mark.parametrize("proxies", ["0", "1", "2"])
def test_no_header_leads_past_a_limit(make_app, proxies):
    app = make_app(TRUSTED_PROXIES=proxies)
    # What the proxies that count have added stands behind what the visitor made up.
    added = {"0": "", "1": ", 198.51.100.7", "2": ", 198.51.100.7, 10.0.0.1"}[proxies]
    made_up = dict.fromkeys(CLAIMS, "203.0.113.{}") | {"X-Forwarded-For": f"203.0.113.{{}}{added}"}
    assert guesses(app, ["198.51.100.7"] * 40, **made_up) == 30


@pytest.mark.parametrize(("proxies", "more"), [("1", ""), ("2", ", 10.0.0.1")])
def test_behind_proxies_that_count_each_visitor_has_their_own(make_app, proxies, more):
    app = make_app(TRUSTED_PROXIES=proxies)
    assert guesses(app, ["10.0.0.2"] * 40, **{"X-Forwarded-For": f"198.51.100.{{}}{more}"}) == 40


@pytest.mark.parametrize(
    ("told", "answered"),
    [("198.51.100.7:{}", 30), ("198.51.100.{}:80", 40), ("[2001:db8::{}]:443", 30), ("[2001:db8:0:{}::1]:443", 40)],
)
def test_a_port_that_a_proxy_writes_behind_an_address_is_none_of_it(make_app, told, answered):
    assert guesses(make_app(TRUSTED_PROXIES="1"), ["10.0.0.2"] * 40, **{"X-Forwarded-For": told}) == answered


def test_with_fewer_proxies_than_count_nobody_is_believed(make_app):
    app = make_app(TRUSTED_PROXIES="2")
    assert guesses(app, ["198.51.100.7"] * 40, **{"X-Forwarded-For": "203.0.113.{}"}) == 30


def test_what_is_longer_than_any_host_or_browser_is_not_remembered(app):
    """Names and agents are kept so that they need not be thought of again; ten thousand without end would fill it."""
    with app.app_context(), write_transaction() as session:
        code = factories.link_of(session, factories.person(session)).code
    remembering = (fast_path._host_name, counting.is_bot, families._families_of)
    browser(app).get(f"/r/{code}")
    before = [one.cache_info().currsize for one in remembering]
    for number in range(5):
        long = f"{number}" + "x" * 60_000
        for host in (long, "localhost"):
            browser(app).get(f"/r/{code}", headers={"Host": host, "User-Agent": f"Mozilla/5.0 {long}"})
    assert [one.cache_info().currsize for one in remembering] == before


def test_a_refused_sign_in_says_when_to_come_back_and_then_lets_in(app, time_machine):
    time_machine.move_to(factories.NOON, tick=False)
    with app.app_context(), write_transaction() as session:
        factories.person(session, email="ada@example.com", password=PASSWORD)
    client = browser(app)
    token = csrf_token(client.get("/login").get_data(as_text=True))

    def sign_in(password, address):
        fields = {"csrf_token": token, "email": "ADA@example.com ", "password": password}
        return client.post("/login", data=fields, environ_overrides={"REMOTE_ADDR": address})

    # From wherever in the household: the /64 counts.
    statuses = [sign_in("wrong", f"2001:db8::{number:x}").status_code for number in range(11)]
    assert statuses == [422] * 10 + [429]
    refused = sign_in(PASSWORD, "2001:db8::ffff")
    assert refused.status_code == 429
    time_machine.shift(int(refused.headers["Retry-After"]) + 1)
    assert sign_in(PASSWORD, "2001:db8::ffff").status_code == 303
