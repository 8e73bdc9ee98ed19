"""Where the server listens, and under which names it answers there."""

import socket

import pytest

from tests.serving.server import free_port, request

pytestmark = pytest.mark.slow

LOOPBACK = "::1"


@pytest.fixture(scope="module")
def ipv6():
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind((LOOPBACK, 0))
    except OSError as error:
        pytest.skip(f"no IPv6 here: {error}")


def login(server, **headers):
    return request(server.port, "GET", "/login", headers=headers, address=server.address)


@pytest.mark.usefixtures("ipv6")
def test_a_developers_machine_serves_an_ipv6_address(site):
    with site.server(environ={"BASE_URL": ""}, address=LOOPBACK) as server:
        assert login(server).status == 200
        foreign = login(server, Host="evil.test")
        assert foreign.status == 400
        assert foreign.headers["Content-Security-Policy"]


@pytest.mark.usefixtures("ipv6")
def test_an_ipv6_address_may_be_the_origin_of_a_site(site):
    port = free_port()
    environ = {"GRAPEVINE_ENV": "production", "BASE_URL": f"http://[::1]:{port}"}
    with site.server(environ=environ, address=LOOPBACK, port=port) as server:
        assert login(server).status == 200
        assert login(server, Host="[::2]").status == 400


def test_a_name_of_this_machine_is_resolved_and_answered_to(site):
    with site.server(environ={"BASE_URL": ""}, address="localhost") as server:
        assert login(server).status == 200
        assert login(server, Host=f"LocalHost:{server.port}").status == 200


@pytest.mark.parametrize("host", ["192.0.2.1", "", "x" * 300], ids=["of another machine", "none", "no name at all"])
def test_a_host_that_is_none_stops_the_start_with_a_sentence(site, host):
    ended = site.app.test_cli_runner().invoke(args=["serve", "--host", host, "--port", str(free_port())])
    assert ended.exit_code == 1
    assert ended.stdout == ""
    assert ended.stderr == "Error: --host must be an address of this machine, or a name of one, as in 127.0.0.1.\n"
