"""What tests of services can ask for besides."""

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import event

from webapp.database import writing_engine
from webapp.extensions import db


@pytest.fixture
def hasty_app(app: Flask) -> Iterator[Flask]:
    """An application in its context that waits for no disk: thousands of transactions that nobody needs afterwards."""
    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            # After the application's own settings, on each new connection. PostgreSQL is told when it is started.
            connected = (writing_engine(), "connect")
            event.listen(*connected, lambda connection, _: connection.execute("PRAGMA synchronous=OFF"))
        yield app
