"""What stands in rows of and about somebody who is erased: signed-in browsers, mails, links, words."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Table, delete, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from webapp.domain.codes import code_key, new_code
from webapp.domain.mailbox import address_key
from webapp.domain.names import GONE
from webapp.domain.seals import Sealer, of_words
from webapp.models import (
    Appeal,
    Conversion,
    CouponCode,
    FormerMailbox,
    Link,
    MailedLink,
    Model,
    OutboxMail,
    PasswordRequest,
    RecoveryCode,
    Reward,
    RewardNote,
    ScreeningEntry,
    SealedCode,
    SecondFactor,
    Sighting,
    SignInLink,
    User,
    UserSession,
)
from webapp.transactions import connection_of

# Names that are shorter are words of many sentences.
SHORTEST_MENTION = 4
_TABLES = Model.metadata.tables
# Where others may have named the person who wrote about somebody or something else.
_WORDS_OF_OTHERS = (
    ("reward_notes", "text"),
    ("referral_change_notes", "text"),
    ("appeals", "text"),
    ("screening_entries", "note"),
    ("api_keys", "name"),
    ("links", "label"),
)


def forget_links_of(
    session: Session, person: User, *, sealer: Sealer, choose: Callable[[str], str], now: datetime
) -> dict[str, str]:
    """Retire a person's links and coupon codes under random codes; nobody else ever gets those that they had.

    Returns the new code for each old one.
    """
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    links = session.scalars(select(Link).where(Link.referrer_id == person.id)).all()
    coupons = session.scalars(select(CouponCode).where(CouponCode.link_id.in_([link.id for link in links]))).all()
    new: dict[str, str] = {}
    shared: list[Link | CouponCode] = [*links, *coupons]
    for one in shared:
        seal = sealer.seal("code", one.code_key)
        row = {"program_id": one.program_id, "seal": seal}
        session.execute(dialect.insert(SealedCode).values(row).on_conflict_do_nothing())
        former = one.code
        code = new_code(choose)
        one.code, one.code_key = code, code_key(code) or code
        new[former] = new.setdefault(former.upper(), code)
        if one.retired_at is None:
            one.retired_at = now
    for link in links:
        link.label = link.destination_url = None
    session.flush()
    return new


def forget_words_about(session: Session, person: User) -> None:
    """Forget what was written by the person and about them, where words may stand."""
    connection = connection_of(session)
    connection.execute(update(Appeal).where(Appeal.user_id == person.id).values(text=""))
    of_theirs = select(Conversion.id).where(Conversion.user_id == person.id)
    rewards = select(Reward.id).where(or_(Reward.beneficiary_id == person.id, Reward.conversion_id.in_(of_theirs)))
    connection.execute(delete(RewardNote).where(RewardNote.reward_id.in_(rewards)))
    changes = _TABLES["referral_changes"].c
    theirs = select(changes.friend_id, changes.sequence).where(
        or_(changes.from_referrer_id == person.id, changes.to_referrer_id == person.id)
    )
    notes = _TABLES["referral_change_notes"]
    for friend_id, sequence in connection.execute(theirs).all():
        connection.execute(delete(notes).where(notes.c.friend_id == friend_id, notes.c.sequence == sequence))
    connection.execute(delete(notes).where(notes.c.friend_id == person.id))
    connection.execute(
        delete(ScreeningEntry).where(
            ScreeningEntry.program_id == person.program_id,
            func.lower(ScreeningEntry.value).in_([name.casefold() for name in _called(person)]),
        )
    )
    for table, column in _WORDS_OF_OTHERS:
        _forget_mentions(session, _TABLES[table], column, person)


def delete_rows_of(session: Session, person: User) -> None:
    """Delete what only served the person's signing in, being written to and being recognised."""
    connection, invited_by = connection_of(session), _TABLES["mailed_links"].c.invited_by
    connection.execute(update(MailedLink).where(invited_by == person.id).values(invited_by=None))
    # What is good once first: whoever is using it at this moment is waited for, and what came of it goes too.
    for model in (
        *(MailedLink, SignInLink, SecondFactor, RecoveryCode, UserSession, OutboxMail, Sighting),
        FormerMailbox,
    ):
        table = _TABLES[model.__tablename__]
        connection.execute(delete(table).where(table.c.user_id == person.id))
    connection.execute(delete(PasswordRequest).where(PasswordRequest.email_key == person.email_key))
    _take_back_requests_for(session, person)


def _take_back_requests_for(session: Session, person: User) -> None:
    """Forget that others asked for the person's address; they were not told that it was somebody's."""
    connection, links, mails = connection_of(session), _TABLES["mailed_links"], _TABLES["outbox_mails"]
    asked = select(links.c.id, links.c.mail_id, links.c.email).where(links.c.purpose == "change_email")
    theirs = [row for row in connection.execute(asked) if address_key(row.email) == person.email_key]
    connection.execute(delete(links).where(links.c.id.in_([row.id for row in theirs])))
    # What has left says no more to whom; what has not stays here.
    waits = (mails.c.id.in_([row.mail_id for row in theirs if row.mail_id]), mails.c.ended_at.is_(None))
    connection.execute(delete(mails).where(*waits))


def _called(person: User) -> set[str]:
    """Return what the person is called where others name them."""
    names = {person.email, person.email_key, person.mailbox_key, person.external_id}
    return {name for name in names if name}


def _forget_mentions(session: Session, table: Table, column: str, person: User) -> None:
    """Name the person no more where others wrote about something else; the rest of what they wrote stays."""
    connection, text = connection_of(session), table.c[column]
    names = sorted({name for name in (*_called(person), *_full_name(person)) if len(name) >= SHORTEST_MENTION})
    mentioned = or_(*(text.icontains(name, autoescape=True) for name in names))
    pattern = of_words(names, ignoring_case=True)
    key = list(table.primary_key.columns)
    for row in connection.execute(select(*key, text).where(mentioned)).mappings().all():
        same = (one == row[one.name] for one in key)
        connection.execute(update(table).where(*same).values({column: pattern.sub(GONE, row[column])}))


def _full_name(person: User) -> tuple[str, ...]:
    """Return the person's name; none of a single word, which any sentence may have: people name themselves."""
    return (person.name,) if " " in person.name else ()
