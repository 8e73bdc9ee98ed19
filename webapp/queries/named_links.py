"""Links by what staff type: a code, an address of a link, or whoever shares it."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.models import Link, User
from webapp.queries.directory import find_named
from webapp.queries.links import find_live_link, first_link_of

# More are not shown: a name that so many have tells nobody.
_MOST = 2


@dataclass(frozen=True, slots=True)
class Named:
    """What was found: a link, or nothing, and then whether that is because several people are called like that."""

    link: Link | None
    is_ambiguous: bool = False


def link_named(session: Session, program_id: UUID, text: str) -> Named:
    """Return the link of a code or of an address that ends with one; else the first one of whoever is meant.

    A person is meant by their e-mail address, by what the business calls them, or by a name or a part of it that nobody
    else has.
    """
    code = text.split("?")[0].rstrip("/").rpartition("/r/")[2]
    if link := find_live_link(session, program_id, code):
        return Named(link)
    person_id = find_named(session, program_id, text)
    if person_id is None:
        # A whole name first: "Ada" is not "Adam".
        for called in (User.name == text, User.name.icontains(text, autoescape=True)):
            of = (User.program_id == program_id, called)
            found = session.scalars(select(User.id).where(*of).limit(_MOST)).all()
            if found:
                break
        if len(found) != 1:
            return Named(None, is_ambiguous=len(found) > 1)
        person_id = found[0]
    return Named(first_link_of(session, person_id))
