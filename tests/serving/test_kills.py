"""What was acknowledged survives `kill -9` one instant later."""

import os
import random
import signal

import pytest

from tests.serving.load import Load
from tests.serving.server import get, nobody_listens
from tests.serving.test_jobs_process import eventually

pytestmark = pytest.mark.slow

TRIALS = 5


def test_every_acknowledged_click_and_signup_survives_kill_9(any_site):
    """Killed in turn with its whole process group and alone, when its children have to follow it."""
    chance = random.Random(TRIALS)
    server = any_site.server("--workers", "2").__enter__()
    try:
        for trial in range(TRIALS):
            with Load(any_site, server.port, clickers=4) as load:
                load.wait_for(clicks=chance.randint(5, 25), signups=chance.randint(1, 3))
                server.pids()
                if trial % 2:
                    os.kill(server.process.pid, signal.SIGKILL)
                else:
                    os.killpg(server.process.pid, signal.SIGKILL)
                server.wait_until_gone(5)
            assert nobody_listens(server.port)
            server.__exit__()
            server = any_site.server("--workers", "2").__enter__()
            assert get(server.port, "/readyz").status == 200
            assert load.visitors <= any_site.visitors(), "an acknowledged click is gone"
            assert load.emails <= any_site.emails(), "an acknowledged signup is gone"
            assert any_site.wrong_rollups() == []
            assert any_site.damage() == []
    finally:
        server.__exit__()


def test_a_killed_process_for_clicks_comes_back_and_costs_no_click(site):
    with site.server() as server, Load(site, server.port, clickers=3, joiners=0) as load:
        load.wait_for(clicks=10, signups=0)
        (killed,) = server.clicks_pids()
        os.kill(killed, signal.SIGKILL)
        load.wait_for(clicks=len(load.visitors) + 10, signups=0)
        assert eventually(lambda: server.clicks_pids() not in ([], [killed]))
        load.wait_for(clicks=len(load.visitors) + 10, signups=0)
    assert load.failures == []
    assert load.visitors <= site.visitors()
    assert site.wrong_rollups() == []
    assert "clicks_process_died" in site.log.read_text()
