"""A second factor for signing in: turned on and off, and its codes, each of which is good once.

What code an app shows at which step of time is the edge's to know: it has the key.
"""

from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from webapp.domain.recovery_codes import code_key
from webapp.models import RecoveryCode, SecondFactor, User
from webapp.services.audit import record_act
from webapp.services.outbox import queue_mail

TURNED_ON, TURNED_OFF, MOVED = "second_factor_on", "second_factor_off", "second_factor_moved"
GUESSED, RECOVERED, CODES_MADE = "second_factor_guessed", "recovery_code_used", "recovery_codes_made"


class AlreadyOnError(Exception):
    """Another app is in force, and stays."""


class NotVerifiedError(Exception):
    """The address may be somebody else's, who could then never get into an account with it."""


def turn_on(session: Session, user: User, *, seed: bytes, step: int, codes: Iterable[str], now: datetime) -> None:
    """Ask this person for codes from now on. `step` is the one of the code that proved the app to work.

    `codes` are the recovery codes, of which only hashes are kept. Raises AlreadyOnError, also when another request
    was quicker, and NotVerifiedError for who has not shown that their address is theirs.
    """
    if user.email_verified_at is None:
        raise NotVerifiedError
    columns = User.__table__.c
    begun = session.connection().execute(
        update(User).where(columns.id == user.id, columns.second_factor_since.is_(None)).values(second_factor_since=now)
    )
    if begun.rowcount != 1:
        raise AlreadyOnError
    session.refresh(user)
    session.add(SecondFactor(user_id=user.id, seed=seed, last_step=step, created_at=now))
    _store(session, user, codes, now)
    record_act(session, user.program_id, TURNED_ON, subject="user", subject_id=user.id, by=user.id, now=now)
    queue_mail(session, user, TURNED_ON, dedupe_key=_mail_key(TURNED_ON, user, now), now=now)


def move(session: Session, user: User, *, seed: bytes, step: int, now: datetime) -> bool:
    """Let another app take the place of the one in force; recovery codes stay. False when none is in force any more."""
    columns = SecondFactor.__table__.c
    moved = session.connection().execute(
        update(SecondFactor).where(columns.user_id == user.id).values(seed=seed, last_step=step, created_at=now)
    )
    if moved.rowcount != 1:
        return False
    record_act(session, user.program_id, MOVED, subject="user", subject_id=user.id, by=user.id, now=now)
    queue_mail(session, user, MOVED, dedupe_key=_mail_key(MOVED, user, now), now=now)
    return True


def turn_off(session: Session, user: User, *, by: UUID | None, now: datetime) -> bool:
    """Let a password be enough again. Returns False when it is already. `by` is None for the command line."""
    if user.second_factor_since is None:
        return False
    user.second_factor_since = None
    for table in (SecondFactor, RecoveryCode):
        session.connection().execute(delete(table).where(table.__table__.c.user_id == user.id))
    session.flush()
    record_act(session, user.program_id, TURNED_OFF, subject="user", subject_id=user.id, by=by, now=now)
    queue_mail(session, user, TURNED_OFF, dedupe_key=_mail_key(TURNED_OFF, user, now), now=now)
    return True


def replace_recovery_codes(session: Session, user: User, codes: Iterable[str], now: datetime) -> None:
    """Give a person other recovery codes; the former ones are worth nothing from now on."""
    session.connection().execute(delete(RecoveryCode).where(RecoveryCode.__table__.c.user_id == user.id))
    _store(session, user, codes, now)
    record_act(session, user.program_id, CODES_MADE, subject="user", subject_id=user.id, by=user.id, now=now)
    queue_mail(session, user, CODES_MADE, dedupe_key=_mail_key(CODES_MADE, user, now), now=now)


def take_step(session: Session, user_id: UUID, step: int) -> bool:
    """Use up the code of a step of time. False when it was used, or a later one; also when a request was quicker."""
    columns = SecondFactor.__table__.c
    taken = session.connection().execute(
        update(SecondFactor).where(columns.user_id == user_id, columns.last_step < step).values(last_step=step)
    )
    return taken.rowcount == 1


def take_recovery_code(session: Session, user_id: UUID, typed: str, now: datetime) -> bool:
    """Use up a recovery code. False when this person has no such one left; also when another request was quicker."""
    key = code_key(typed)
    if key is None:
        return False
    columns = RecoveryCode.__table__.c
    taken = session.connection().execute(
        update(RecoveryCode)
        .where(columns.user_id == user_id, columns.code_hash == _hash(key), columns.used_at.is_(None))
        .values(used_at=now)
    )
    return taken.rowcount == 1


def warn_of_guessing(session: Session, user: User, now: datetime) -> None:
    """Tell a person, once a day, that somebody who knows their password types wrong codes."""
    queue_mail(session, user, GUESSED, dedupe_key=f"{GUESSED}:{user.id}:{now:%Y-%m-%d}", now=now)


def tell_of_recovery_code(session: Session, user: User, now: datetime) -> None:
    """Tell a person that somebody signed in with one of their recovery codes."""
    queue_mail(session, user, RECOVERED, dedupe_key=_mail_key(RECOVERED, user, now), now=now)


def _store(session: Session, user: User, codes: Iterable[str], now: datetime) -> None:
    for code in codes:
        key = code_key(code)
        if key is None:
            raise ValueError("this is no recovery code")
        session.add(RecoveryCode(user_id=user.id, code_hash=_hash(key), created_at=now))
    session.flush()


def _hash(key: str) -> str:
    return sha256(key.encode("ascii")).hexdigest()


def _mail_key(act: str, user: User, now: datetime) -> str:
    return f"{act}:{user.id}:{now.isoformat()}"
