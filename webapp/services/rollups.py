"""Keeping the counts by day, in the transaction of what they count, at its end.

`webapp.domain.counts` says what each thing adds.
"""

from datetime import date, datetime
from functools import lru_cache
from itertools import groupby, islice
from typing import Any
from uuid import UUID

from sqlalchemy import Dialect, Update, bindparam, delete, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from webapp.domain.counts import LINK_DAYS, MONEY, ROLL_UPS, Friend, RollUp, Tally, campaign_of
from webapp.domain.money import Money
from webapp.domain.periods import local_day
from webapp.models import Conversion, Model, Program, Referral
from webapp.queries.conversions import Surroundings
from webapp.queries.rollups import ROWS_AT_A_TIME, counts_of_referral, raw_counts
from webapp.services.rows import Insertion
from webapp.transactions import connection_of, gathered


class Additions(Tally):
    """What one transaction adds, written once for each row."""

    def write(self, session: Session) -> None:
        """Add it to the tables: in one order of tables and rows for everybody, so that two never wait in a ring."""
        connection = connection_of(session)
        for roll_up in ROLL_UPS:
            for lowers, rows in groupby(self.rows_of(roll_up), key=lambda row: _lowers(roll_up, row)):
                if lowers and roll_up in MONEY:
                    # Money may come back on a day on which none went.
                    _addition(connection.dialect, roll_up).run(connection, list(rows))
                elif lowers:
                    # The row is there, and a new one may not begin below nothing.
                    connection.execute(
                        _change(roll_up), [{f"its_{name}": value for name, value in row.items()} for row in rows]
                    )
                else:
                    _addition(connection.dialect, roll_up).run(connection, list(rows))


def count_clicks(
    session: Session,
    program_id: UUID,
    link_id: UUID,
    referrer_id: UUID,
    day: date,
    *utm: str | None,
    clicks: int,
    new_today: int,
    new_on_link: int,
) -> None:
    """Count clicks of one link on one day, and how many of them were their visitor's first."""
    gathered(session, Additions).clicks(
        *(program_id, link_id, referrer_id, day, campaign_of(*utm)),
        clicks=clicks,
        new_today=new_today,
        new_on_link=new_on_link,
    )


def count_signup(session: Session, program: Program, referral: Referral) -> None:
    """Count a credited signup."""
    gathered(session, Additions).signup(_friend(referral, program.time_zone))


def count_purchase(
    session: Session, program_id: UUID, about: Surroundings, occurred_at: datetime, amount: Money | None
) -> None:
    """Count a purchase if it is a friend's, what they paid, and them as a buyer."""
    if about.link_id is None or about.referrer_id is None or about.signed_up_at is None:
        return
    friend = Friend(
        program_id,
        about.link_id,
        about.referrer_id,
        local_day(about.signed_up_at, about.time_zone),
        campaign_of(about.utm_source, about.utm_medium, about.utm_campaign),
    )
    day = local_day(occurred_at, about.time_zone)
    tally = gathered(session, Additions)
    tally.purchase(friend, day, amount.currency if amount else None, amount.minor if amount else None)
    tally.nth_purchase(friend, about.earlier + about.later + 1)
    week = friend.weeks_until(day)
    # Of all purchases of a week, one is next to this one in time.
    beside = (at for at in (about.last_before, about.first_after) if at)
    if all(friend.weeks_until(local_day(at, about.time_zone)) != week for at in beside):
        tally.buyer_in_week(friend, week)


def count_refund(session: Session, conversion: Conversion, minor: int, occurred_at: datetime) -> None:
    """Count what went back of a conversion if that is a friend's purchase; below zero what came back."""
    if conversion.type != "purchase" or conversion.referral_id is None or conversion.currency is None or not minor:
        return
    zone = _zone_of(session, conversion.program_id)
    friend = _friend(session.get_one(Referral, conversion.referral_id), zone)
    gathered(session, Additions).refund(friend, local_day(occurred_at, zone), conversion.currency, minor)


def count_grant(
    session: Session, program_id: UUID, rule_id: UUID, amount: Money, kind: str, on: datetime, zone: str
) -> None:
    """Count a reward on the day of what earned it."""
    gathered(session, Additions).grant(program_id, rule_id, local_day(on, zone), amount.currency, amount.minor, kind)


def count_withdrawal(session: Session, program_id: UUID, rule_id: UUID, amount: Money, kind: str, at: datetime) -> None:
    """Count what a reward lost, or below zero what it got back."""
    day = local_day(at, _zone_of(session, program_id))
    gathered(session, Additions).withdrawal(program_id, rule_id, day, amount.currency, amount.minor, kind)


def take_counts_off(session: Session, referral_id: UUID) -> None:
    """Let a friend, and all they did, count no more: their referral is about to change."""
    gathered(session, Additions).add(counts_of_referral(session, referral_id), -1)


def add_counts(session: Session, referral_id: UUID) -> None:
    """Let a friend, and all they did, count for their referral as it is now."""
    gathered(session, Additions).add(counts_of_referral(session, referral_id))


def rebuild(session: Session) -> int:
    """Write the roll-ups anew from the raw rows. Returns the number of link days.

    Whoever wants to count something waits meanwhile, at their very end; on
    SQLite behind any write.
    """
    if session.get_bind().dialect.name == "postgresql":
        # The tables that are written, in the order in which everybody writes them: who has counted is done before any
        # row is read, who has not is not seen. Locks on what is read would meet half-done transactions in a ring.
        session.execute(text(f"LOCK TABLE {', '.join(one.table for one in ROLL_UPS)} IN EXCLUSIVE MODE"))
    connection = connection_of(session)
    tally = raw_counts(session)
    for roll_up in ROLL_UPS:
        connection.execute(delete(Model.metadata.tables[roll_up.table]))
        left = tally.rows_of(roll_up)
        while rows := list(islice(left, ROWS_AT_A_TIME)):
            _addition(connection.dialect, roll_up).run(connection, rows)
    return len(tally.counts_of(LINK_DAYS))


def _friend(referral: Referral, zone: str) -> Friend:
    return Friend(
        referral.program_id,
        referral.link_id,
        referral.referrer_id,
        local_day(referral.created_at, zone),
        campaign_of(referral.utm_source, referral.utm_medium, referral.utm_campaign),
    )


def _zone_of(session: Session, program_id: UUID) -> str:
    return session.get_one(Program, program_id).time_zone


def _lowers(roll_up: RollUp, row: dict[str, Any]) -> bool:
    return any(row[name] < 0 for name in roll_up.counts)


@lru_cache
def _change(roll_up: RollUp) -> Update:
    """Return the statement that adds counts to a row, also such as are below zero."""
    table = Model.metadata.tables[roll_up.table]
    counts = {name: table.c[name] + bindparam(f"its_{name}") for name in roll_up.counts}
    # Named apart from the columns: what is called like one would be its new value.
    of = [column == bindparam(f"its_{column.name}") for column in table.primary_key.columns]
    return update(table).where(*of).values(counts)


@lru_cache
def _addition(dialect: Dialect, roll_up: RollUp) -> Insertion:
    """Return the statement that adds counts to a row or makes it."""
    table = Model.metadata.tables[roll_up.table]
    statement = (postgresql if dialect.name == "postgresql" else sqlite).insert(table)
    counts = {name: table.c[name] + statement.excluded[name] for name in roll_up.counts}
    upsert = statement.on_conflict_do_update(index_elements=list(table.primary_key.columns), set_=counts)
    return Insertion(upsert, dialect, (*roll_up.key, *roll_up.counts))
