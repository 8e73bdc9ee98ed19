"""A program beside the real one, in which the way from click to refund can be tried with nobody's money."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.domain.mailbox import SANDBOX_DOMAIN
from webapp.domain.rules import RuleDefinition, read_rule
from webapp.domain.screening import SUSPECTS_NOBODY
from webapp.ids import new_id
from webapp.models import ApiKey, Program, User
from webapp.queries.keys import find_key
from webapp.queries.links import first_link_of
from webapp.queries.programs import default_program, find_program
from webapp.services.keys import create_key, revoke_key
from webapp.services.people import create_person
from webapp.services.queues import queue_for
from webapp.services.rules import publish_rules

SLUG = "sandbox"
CURRENCY = "USD"


@dataclass(frozen=True, slots=True)
class Sandbox:
    """What one try is made with: the code of a link, and a key that is revoked at its end."""

    program_id: UUID
    code: str
    key_id: UUID


def open_sandbox(session: Session, *, secret: str, choose: Callable[[str], str], by: UUID, now: datetime) -> Sandbox:
    """Make what is missing of the sandbox, and a key for one try. `secret` is random; `by` is the admin who tries.

    Keys of tries that were cut short are revoked.
    """
    # Two admins at once make one sandbox.
    queue_for(session, default_program(session).id, SLUG)
    program = find_program(session, SLUG) or _program(session, now)
    # A try takes a second from click to refund, which nobody does.
    program.signals = SUSPECTS_NOBODY
    publish_rules(session, program, [_rule()], prune=True, note="", by=by, now=now)
    left = session.scalars(select(ApiKey).where(ApiKey.program_id == program.id, ApiKey.revoked_at.is_(None))).all()
    for key in left:
        revoke_key(session, key, by=by, now=now)
    link = first_link_of(session, _referrer(session, program, choose, now).id)
    made = create_key(session, program, name="Sandbox", scope="write", secret=secret, by=by, now=now)
    return Sandbox(program.id, link.code, made.id)


def close_sandbox(session: Session, sandbox: Sandbox, *, by: UUID, now: datetime) -> None:
    """Revoke the key of a try."""
    key = find_key(session, sandbox.program_id, sandbox.key_id)
    if key is not None:
        revoke_key(session, key, by=by, now=now)


def _program(session: Session, now: datetime) -> Program:
    program = Program(
        slug=SLUG,
        name="Sandbox",
        currency=CURRENCY,
        time_zone="UTC",
        # Another site, so that the click's id is handed over; nobody is ever sent there.
        landing_url=f"https://{SANDBOX_DOMAIN}/",
        allowed_hosts="",
        attribution_model="last",
        window_days=60,
        hold_days=30,
        created_at=now,
    )
    session.add(program)
    session.flush()
    return program


def _referrer(session: Session, program: Program, choose: Callable[[str], str], now: datetime) -> User:
    """Return whose link is opened. Friends, who are reported, have an external id."""
    ours = (User.program_id == program.id, User.external_id.is_(None))
    known = session.scalars(select(User).where(*ours).order_by(User.created_at, User.id).limit(1)).one_or_none()
    return known or create_person(
        session,
        program,
        name="Sandbox",
        email=f"referrer-{new_id().hex}@{SANDBOX_DOMAIN}",
        password_hash=None,
        role="referrer",
        verified=False,
        choose=choose,
        now=now,
    )


def _rule() -> RuleDefinition:
    return read_rule(
        {
            "key": "sandbox",
            "name": "10% of each purchase",
            "trigger": "purchase",
            "beneficiary": "referrer",
            "kind": "percent_of_purchase",
            "settings": {"percent": "10", "first_purchases": 1},
        }
    )
