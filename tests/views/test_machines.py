"""What orchestrators ask."""

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


def test_a_full_disk_is_not_ready(client, monkeypatch):
    monkeypatch.setattr("webapp.views.machines.LEAST_FREE_BYTES", 2**80)
    assert client.get("/readyz").get_json()["checks"]["disk"] == "almost full"
