"""What orchestrators ask."""

import threading
import time

from sqlalchemy import text

from tests.conftest import browser
from webapp.database import write_transaction


def test_the_process_is_alive_and_ready(client):
    assert client.get("/healthz").get_json() == {"status": "ok"}
    response = client.get("/readyz")
    assert response.status_code == 200
    assert response.get_json()["checks"] == {"database": "ok", "migrations": "ok", "disk": "ok"}


def test_a_database_at_another_version_is_not_ready(app):
    with app.app_context(), write_transaction() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    response = browser(app).get("/readyz")
    assert response.status_code == 503
    assert "db upgrade" in response.get_json()["checks"]["migrations"]
    assert browser(app).get("/healthz").status_code == 200


def test_a_database_that_hangs_is_not_ready_in_time_and_is_once_it_answers(app, monkeypatch):
    answers = threading.Event()
    hanging = lambda: answers.wait(20) and "ok"  # noqa: E731
    monkeypatch.setattr("webapp.views.machines._database", hanging)
    client = browser(app)
    for _ in range(2):
        began = time.monotonic()
        response = client.get("/readyz")
        assert time.monotonic() - began < 2
        assert (response.status_code, response.get_json()["checks"]["database"]) == (503, "does not answer")
    answers.set()
    assert client.get("/readyz").status_code == 200


def test_a_full_disk_is_not_ready(client, monkeypatch):
    monkeypatch.setattr("webapp.views.machines.LEAST_FREE_BYTES", 2**80)
    assert client.get("/readyz").get_json()["checks"]["disk"] == "almost full"
