"""Links and their codes."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from webapp.domain.codes import code_key, new_code
from webapp.models import Link, Program, User

TRIES = 20


class NoFreeCodeError(Exception):
    """Every code that was drawn is taken: the source of randomness is broken."""


def create_link(
    session: Session, program: Program, referrer: User, *, choose: Callable[[str], str], now: datetime
) -> Link:
    """Give a referrer a link with a new code. A code that is taken is drawn again."""
    for _ in range(TRIES):
        code = new_code(choose)
        link = Link(program_id=program.id, referrer_id=referrer.id, code=code, code_key=code_key(code), created_at=now)
        try:
            # The unique key decides, also against someone who draws the same code at this moment.
            with session.begin_nested():
                session.add(link)
        except IntegrityError:
            if session.scalar(select(Link.id).where(Link.code_key == code_key(code))) is None:
                raise
            continue
        return link
    raise NoFreeCodeError("no free code was found")
