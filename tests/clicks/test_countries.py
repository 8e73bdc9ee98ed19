"""The country of an address, from a database that the operator brings."""

import pytest

from tests.mmdb import country, write_mmdb
from webapp.clicks.countries import Countries, countries_of

NETWORKS = {
    "192.0.2.0/24": country("DE"),
    "198.51.100.0/25": country("AT"),
    "203.0.113.7/32": country("de"),
    "203.0.113.8/32": country("EUR"),
    "203.0.113.9/32": country(49),
    "203.0.113.10/32": {"country": "DE"},
    "203.0.113.11/32": {"continent": {"code": "EU"}},
    "203.0.113.12/32": ["DE"],
    "2001:db8:1::/48": country("NZ"),
}


@pytest.fixture
def countries(tmp_path):
    countries = Countries(str(write_mmdb(tmp_path / "countries.mmdb", NETWORKS)))
    yield countries
    countries.close()


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("192.0.2.1", "DE"),
        ("192.0.2.255", "DE"),
        ("::ffff:192.0.2.1", "DE"),
        ("198.51.100.127", "AT"),
        ("2001:db8:1:2::3", "NZ"),
        ("2001:db8:1:2::3%eth0", "NZ"),
    ],
)
def test_an_address_has_the_country_of_its_network(countries, address, code):
    assert countries.country_of(address) == code


@pytest.mark.parametrize("address", ["192.0.3.1", "198.51.100.128", "2001:db8:2::1", "::1", "", "unknown", "192.0.2"])
def test_of_any_other_nothing_is_known(countries, address):
    assert countries.country_of(address) is None


@pytest.mark.parametrize("last", range(7, 13))
def test_what_is_no_code_of_a_country_is_nothing(countries, last):
    assert countries.country_of(f"203.0.113.{last}") is None


def test_an_ipv6_address_is_in_no_database_of_ipv4(tmp_path):
    path = write_mmdb(tmp_path / "old.mmdb", {"192.0.2.0/24": country("DE")}, ip_version=4)
    countries = Countries(str(path))
    assert countries.country_of("192.0.2.1") == "DE"
    assert countries.country_of("2001:db8::1") is None
    countries.close()


def test_a_damaged_database_costs_the_country_and_nothing_else(tmp_path):
    path = write_mmdb(tmp_path / "damaged.mmdb", {"192.0.2.0/24": country("DE")})
    whole = path.read_bytes()
    at = whole.index(b"country") - 2
    path.write_bytes(whole[:at] + b"\xff" * 8 + whole[at + 8 :])
    countries = Countries(str(path))
    assert countries.country_of("192.0.2.1") is None
    countries.close()


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_an_application_has_the_database_that_the_environment_names_or_none(make_app, tmp_path):
    path = write_mmdb(tmp_path / "countries.mmdb", NETWORKS)
    app = make_app(COUNTRY_DATABASE=str(path))
    assert countries_of(app).country_of("192.0.2.1") == "DE"
    countries_of(app).close()
    assert countries_of(make_app()).country_of("192.0.2.1") is None
