"""A migrated database with one referrer on it, and everything to start the real server on it and to look into it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from tests import factories
from tests.databases import config_for
from tests.serving.server import Server, environment, flask_command, free_port
from webapp import create_app
from webapp.database import close_connections, write_transaction
from webapp.extensions import db
from webapp.jobs.runner import LEASE_NAME
from webapp.models import Click, JobLease, User
from webapp.queries.rollups import breaches

OWNER = "ada@example.com"


@dataclass
class Site:
    """`app` is bound to the same database as the servers, in this process."""

    database_url: str
    folder: Path
    app: Flask
    code: str

    @property
    def log(self) -> Path:
        return self.folder / "server.log"

    def server(
        self,
        *arguments: str,
        environ: dict[str, str] | None = None,
        command: list[str] | None = None,
        port: int | None = None,
        address: str = "127.0.0.1",
    ) -> Server:
        port = port or free_port()
        return Server(
            [*(command or flask_command()), "serve", "--host", address, "--port", str(port), *arguments],
            environment(self.database_url, self.folder, **(environ or {})),
            self.log,
            port=port,
            address=address,
        )

    def mails(self) -> list[Path]:
        return sorted((self.folder / "mail").glob("[!.]*.eml"))

    def visitors(self) -> set[UUID]:
        with self.reading() as session:
            return set(session.scalars(select(Click.visitor_id)))

    def emails(self) -> set[str]:
        with self.reading() as session:
            return set(session.scalars(select(User.email)))

    def lease_pid(self) -> int | None:
        """Which process may run the jobs."""
        with self.reading() as session:
            holder = session.scalar(select(JobLease.holder).where(JobLease.name == LEASE_NAME))
            return int(holder.split(":")[-2]) if holder else None

    def wrong_rollups(self) -> list[str]:
        with self.reading() as session:
            return list(breaches(session))

    def damage(self) -> list[str]:
        """What the database itself says of its file."""
        with self.reading() as session:
            if session.get_bind().dialect.name != "sqlite":
                return []
            return [row for row in session.scalars(text("PRAGMA integrity_check")) if row != "ok"]

    @contextmanager
    def reading(self) -> Iterator[Session]:
        with self.app.app_context():
            yield db.session()
            db.session.remove()


@contextmanager
def site_on(database_url: str, folder: Path) -> Iterator[Site]:
    app = create_app(config_for(database_url, folder))
    with app.app_context(), write_transaction() as session:
        code = factories.link_of(session, factories.person(session, email=OWNER)).code
    yield Site(database_url, folder, app, code)
    with app.app_context():
        db.session.remove()
        close_connections()
