"""Links that are being followed, kept in memory: a campaign asks for the same ones thousands of times a second.

What is kept is at most `KEPT_SECONDS` old. A change that this process commits
is seen at once; one of another process when that time is over.
"""

import time
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from flask import Flask
from sqlalchemy import Row, event
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import ORMExecuteState, Session

from webapp.clicks.destinations import ForeignDestinationError, Origin, Target, allowed_destination, allowed_origins
from webapp.domain.codes import code_key
from webapp.extensions import ReadingOrWriting, db
from webapp.models import Link, Program
from webapp.queries.links import link_to_follow
from webapp.services.clicks import Clicked

KEPT_SECONDS = 30.0
MOST_KEPT = 50_000
# A database that has just failed is not asked again by every visitor.
PAUSE_SECONDS = 1.0
# What is kept says these; a session notes here that it changed one of them.
_KEPT_OF = (Link, Program)
_CHANGED = "changed_what_clicks_follow"


@dataclass(frozen=True)
class FollowedLink:
    """A live link and all that its clicks need to know of it and of its program. `own` is the address of this site."""

    clicked: Clicked
    code: str
    destination: str
    origins: frozenset[Origin]
    own: str
    window_days: int
    consent_mode: str

    def led_to(self, url: str) -> Target:
        """Return the target that a visitor asks for. Raises ForeignDestinationError."""
        return Target(allowed_destination(url, origins=self.origins), code=self.code, own=self.own)

    @cached_property
    def target(self) -> Target:
        """Where the link leads when nothing else is asked for."""
        return Target(self.destination, code=self.code, own=self.own)


def follow(program: Program | Row[Any], link: Link | Row[Any], *, own: str) -> FollowedLink:
    """Return what the clicks of a link need to know. `own` is the address of this site.

    A row that has the columns of both stands for either.
    """
    origins = allowed_origins(program.allowed_hosts, landing_url=program.landing_url, own=own)
    try:
        destination = allowed_destination(link.destination_url or program.landing_url, origins=origins)
    except ForeignDestinationError:
        # The program no longer leads there; the visitor is not to blame.
        destination = program.landing_url
    return FollowedLink(
        clicked=Clicked(link.id, link.referrer_id, link.program_id, program.time_zone),
        code=link.code,
        destination=destination,
        origins=origins,
        own=own,
        window_days=program.window_days,
        consent_mode=program.consent_mode,
    )


class LinkCache:
    """Live links by their code. Retired and unknown ones are not kept: each of them is looked up in the same way."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._kept: dict[str, tuple[float, int, FollowedLink]] = {}

    def find(self, code: str) -> FollowedLink | None:
        """Return the live link with this code, in whatever case; None when there is none.

        While the database is away, what is too old is better than nothing.
        """
        key = code_key(code)
        if key is None:
            return None
        generation = _generation.number
        kept = self._kept.get(key)
        if kept and kept[1] == generation and 0 <= time.time() - kept[0] < KEPT_SECONDS:
            return kept[2]
        try:
            found = self._read(key)
        except SQLAlchemyError:
            if kept is None:
                raise
            self._kept[key] = (time.time() - KEPT_SECONDS + PAUSE_SECONDS, generation, kept[2])
            return kept[2]
        if found is None:
            self._kept.pop(key, None)
            return None
        if len(self._kept) >= MOST_KEPT:
            self._kept.clear()
        # Of the generation in which reading began: what was changed meanwhile makes it old.
        self._kept[key] = (time.time(), generation, found)
        return found

    def _read(self, key: str) -> FollowedLink | None:
        with self._app.app_context(), db.engine.connect() as connection:
            found = link_to_follow(connection, key)
            return follow(found, found, own=self._app.config["BASE_URL"]) if found else None


class _Generation:
    """Counts the commits of this process that changed a link or a program."""

    number = 0


_generation = _Generation()


@event.listens_for(ReadingOrWriting, "after_flush")
def _note_changes(session: Session, _context: object) -> None:
    if not session.info.get(_CHANGED) and any(
        isinstance(one, _KEPT_OF) for some in (session.dirty, session.deleted) for one in some
    ):
        session.info[_CHANGED] = True


@event.listens_for(ReadingOrWriting, "do_orm_execute")
def _note_statements(state: ORMExecuteState) -> None:
    if (state.is_update or state.is_delete) and state.bind_mapper and state.bind_mapper.class_ in _KEPT_OF:
        state.session.info[_CHANGED] = True


@event.listens_for(ReadingOrWriting, "after_commit")
def _forget(session: Session) -> None:
    if session.info.pop(_CHANGED, False):
        _generation.number += 1
