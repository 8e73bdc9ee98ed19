"""People by what staff know of them."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from webapp.domain.codes import code_key
from webapp.models import Link, User


@dataclass(frozen=True, slots=True)
class CalledPerson:
    """Someone with a name that others may have too, and what tells them apart."""

    id: UUID
    name: str
    email: str
    external_id: str | None


def people_called(program_id: UUID, text: str) -> Select[UUID]:
    """Return a query for the ids of people whose name has `text` in it, or whose external id or code it is."""
    called = [User.name.icontains(text, autoescape=True), User.external_id == text]
    if key := code_key(text):
        owners = select(Link.referrer_id).where(Link.program_id == program_id, Link.code_key == key)
        called.append(User.id.in_(owners))
    return select(User.id).where(User.program_id == program_id, or_(*called))


def person_name(session: Session, program_id: UUID, person_id: UUID) -> str | None:
    """Return what someone of the program is called; None when there is nobody with this id."""
    return session.scalar(select(User.name).where(User.program_id == program_id, User.id == person_id))


def list_called(session: Session, program_id: UUID, text: str, *, limit: int) -> list[CalledPerson]:
    """Return people who are called like this, by name, at most `limit`."""
    called = people_called(program_id, text).order_by(User.name, User.id).limit(limit)
    about = (User.name, User.email, User.external_id)
    return [CalledPerson(*row) for row in session.execute(called.add_columns(*about))]
