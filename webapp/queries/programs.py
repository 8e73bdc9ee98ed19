"""Programs."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.models import Program

DEFAULT_SLUG = "default"


def default_program(session: Session) -> Program:
    """Return the program that `db upgrade` makes. Raises NoResultFound on a database that was not migrated."""
    return session.scalars(select(Program).where(Program.slug == DEFAULT_SLUG)).one()


def find_program(session: Session, slug: str) -> Program | None:
    """Return the program with this slug."""
    return session.scalars(select(Program).where(Program.slug == slug)).one_or_none()
