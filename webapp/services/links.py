"""Links and their codes."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from webapp.domain.codes import code_key, new_code
from webapp.domain.seals import Sealer
from webapp.models import Link, Program, User
from webapp.queries.coupon_codes import has_coupon_of_another
from webapp.queries.erasures import is_code_sealed
from webapp.queries.links import count_live_links
from webapp.services.queues import queue_for

TRIES = 20
# Of one person, at the same time.
MOST_LIVE_LINKS = 50


class NoFreeCodeError(Exception):
    """Every code that was drawn is taken: the source of randomness is broken."""


class CodeTakenError(Exception):
    """Another link has this code, or had it, or it is someone else's coupon.

    A code that was once shared never leads to someone else.
    """


class TooManyLinksError(Exception):
    """The person has as many links as one may have."""


class LastLinkError(Exception):
    """Without this link a person would have none that works."""


def create_link(
    session: Session, program: Program, referrer: User, *, choose: Callable[[str], str], now: datetime
) -> Link:
    """Give a referrer a link with a new code. A code that is taken is drawn again."""
    for _ in range(TRIES):
        link = _link(program, referrer, new_code(choose), now=now)
        if _is_added(session, link):
            return link
    raise NoFreeCodeError("no free code was found")


def open_link(
    session: Session,
    program: Program,
    referrer: User,
    *,
    code: str | None,
    label: str | None,
    destination_url: str | None,
    choose: Callable[[str], str],
    sealer: Sealer | None = None,
    now: datetime,
) -> Link:
    """Give a referrer a further link: with a code of their choice, else with a new one.

    The caller has seen to it that the code may be chosen and the destination led to. `sealer` knows the codes of
    people who left.
    Raises TooManyLinksError and CodeTakenError.
    """
    _queue_for_links_of(session, referrer)
    if count_live_links(session, referrer.id) >= MOST_LIVE_LINKS:
        raise TooManyLinksError
    if code is None:
        link = create_link(session, program, referrer, choose=choose, now=now)
    else:
        link = _link(program, referrer, code, now=now)
        if has_coupon_of_another(session, program.id, code, referrer.id):
            raise CodeTakenError
        if sealer is not None and is_code_sealed(session, program.id, sealer, code):
            raise CodeTakenError
        if not _is_added(session, link):
            raise CodeTakenError
    link.label, link.destination_url = label, destination_url
    session.flush()
    return link


def change_link(
    session: Session,
    program: Program,
    link: Link,
    *,
    code: str,
    label: str | None,
    destination_url: str | None,
    choose: Callable[[str], str],
    sealer: Sealer | None = None,
    now: datetime,
) -> Link:
    """Give a link another label, and another code when it differs. Returns the link that has the code then.

    What was shared, printed and counted under a code stays with it: another code is another link, and the old one
    goes on working until it is retired. A new spelling that is read alike is only shown from now on.
    Raises TooManyLinksError and CodeTakenError.
    """
    if code_key(code) != link.code_key:
        referrer = session.get_one(User, link.referrer_id)
        return open_link(
            session,
            program,
            referrer,
            code=code,
            label=label,
            destination_url=destination_url,
            choose=choose,
            sealer=sealer,
            now=now,
        )
    link.code, link.label, link.destination_url = code, label, destination_url
    session.flush()
    return link


def retire_link(session: Session, link: Link, *, now: datetime) -> None:
    """Let a link lead nowhere from now on; its figures stay, and nobody gets its code. Raises LastLinkError."""
    _queue_for_links_of(session, session.get_one(User, link.referrer_id))
    session.refresh(link)
    if link.retired_at is not None:
        return
    if count_live_links(session, link.referrer_id) <= 1:
        raise LastLinkError
    link.retired_at = now
    session.flush()


def _queue_for_links_of(session: Session, referrer: User) -> None:
    """Let what counts a person's links happen one after the other."""
    queue_for(session, referrer.program_id, f"links:{referrer.id}")


def _link(program: Program, referrer: User, code: str, *, now: datetime) -> Link:
    return Link(program_id=program.id, referrer_id=referrer.id, code=code, code_key=code_key(code), created_at=now)


def _is_added(session: Session, link: Link) -> bool:
    """Add a link unless its code is taken."""
    # The unique key decides, also against someone who takes the same code at this moment.
    key = link.code_key
    try:
        with session.begin_nested():
            session.add(link)
    except IntegrityError:
        if session.scalar(select(Link.id).where(Link.code_key == key)) is None:
            raise
        return False
    return True
