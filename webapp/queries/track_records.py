"""How a referrer's links and friends have done in the last months, beside the whole program, for fraud signals.

A signup waits for these, so none reads more than a fixed number of rows however many there are, and none anything
where the roll-ups say that there is nothing to find.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import and_, bindparam, exists, func, select
from sqlalchemy.orm import Session

from webapp.domain.evidence import Proportion, Sources
from webapp.domain.periods import day_begins, local_day
from webapp.models import AttributionTouch, Click, Conversion, LinkDay, LinkRevenueDay, ProgramDay, Referral, Refund

# So many days are looked back at what was bought and what of it was sent back, and at visitors and signups.
ORDER_DAYS, VISITOR_DAYS = 180, 90
# Where there are more in these days, fewer days count: as many as the newest ones reach back.
MOST_REFUNDS, MOST_TOUCHES = 1_000, 500
# Of a link so many of its clicks are looked at, as far as they are among so many of the program's.
LINK_CLICKS, PROGRAM_CLICKS = 500, 5_000
# Of a link with fewer clicks nobody can say where most come from.
FEWEST_CLICKS = 20
# Hosts that are kept of each link, those with the most clicks.
HOSTS = 10


_WENT_BACK = select(
    exists().where(
        LinkRevenueDay.referrer_id == bindparam("referrer_id"),
        LinkRevenueDay.day >= bindparam("first"),
        LinkRevenueDay.refunded_minor > 0,
    )
)


@dataclass(frozen=True, slots=True)
class Record:
    """Whose record it is, in which program, up to which moment."""

    program_id: UUID
    referrer_id: UUID
    time_zone: str
    at: datetime

    @property
    def today(self) -> date:
        """The day of the moment."""
        return local_day(self.at, self.time_zone)


def sent_back(session: Session, about: Record) -> Proportion | None:
    """Return how much of what was bought in the last months went back, in whole or in part, and stayed there.

    None where nothing of the referrer's did.
    """
    first = about.today - timedelta(days=ORDER_DAYS)
    if not session.scalar(_WENT_BACK, {"referrer_id": about.referrer_id, "first": first}):
        return None
    # By the primary key, which grows with time: refunds have no index by day.
    newest = select(Refund).order_by(Refund.id.desc())
    oldest = session.scalar(newest.with_only_columns(Refund.recorded_at).offset(MOST_REFUNDS - 1).limit(1))
    if oldest is not None:
        first = max(first, local_day(oldest, about.time_zone) + timedelta(days=1))
    minor = (Refund.applied_minor - Refund.restored_minor).label("minor")
    refunds = newest.with_only_columns(Refund.program_id, Refund.conversion_id, minor).limit(MOST_REFUNDS).subquery()
    of_program, of_referrer = session.execute(
        select(
            func.count(Conversion.id.distinct()),
            func.count(Conversion.id.distinct()).filter(Referral.referrer_id == about.referrer_id),
        )
        .select_from(refunds)
        .join(Conversion, Conversion.id == refunds.c.conversion_id)
        .join(Referral, Referral.id == Conversion.referral_id)
        .where(
            # Asked of the refunds: asked of the conversions it could let an engine begin with those, all of them.
            refunds.c.program_id == about.program_id,
            refunds.c.minor > 0,
            Conversion.type == "purchase",
            Conversion.occurred_at >= day_begins(first, about.time_zone),
            Conversion.occurred_at <= about.at,
        )
    ).one()
    ((bought, program_bought),) = _sums(session, about, first, "purchases")
    return _proportion(of_referrer, bought, of_program, program_bought)


def signed_up(session: Session, about: Record) -> Proportion | None:
    """Return how many visitors of the last months signed up by the click with which they came.

    Who typed a code may never have been a visitor, and is not among them; of the program all signups count, which
    sets it rather too high. None for a referrer of whose visitors no greater share signed up than of the program's.
    """
    first = about.today - timedelta(days=VISITOR_DAYS)
    (visitors, program_visitors), (signups, program_signups) = _sums(session, about, first, "visitors", "signups")
    if not visitors or signups * program_visitors <= program_signups * visitors:
        return None
    touch = AttributionTouch
    touches = (
        select(touch.touched_at, (and_(touch.outcome == "credited", touch.kind == "click")).label("by_click"))
        .where(touch.referrer_id == about.referrer_id)
        .order_by(touch.decision_id.desc())
        .limit(MOST_TOUCHES)
    )
    read = session.execute(touches).all()
    if len(read) == MOST_TOUCHES:
        oldest = local_day(min(row.touched_at for row in read), about.time_zone)
        first = max(first, oldest + timedelta(days=1))
        (visitors, program_visitors), (_, program_signups) = _sums(session, about, first, "visitors", "signups")
    since = day_begins(first, about.time_zone)
    by_click = sum(row.by_click and since <= row.touched_at <= about.at for row in read)
    return _proportion(by_click, visitors, program_signups, program_visitors)


def sources_of(session: Session, about: Record, link_id: UUID) -> Sources | None:
    """Return from which hosts the newest clicks of a link came; None for a link with few."""
    clicks = select(func.sum(LinkDay.clicks)).where(LinkDay.link_id == link_id)
    if int(session.scalar(clicks) or 0) < FEWEST_CLICKS:
        return None
    # Clicks have no index by link: a link that is rarely opened is not worth reading those of all others.
    newest = (
        select(Click.link_id, Click.source_host, Click.clicked_at)
        .where(Click.program_id == about.program_id, Click.clicked_at <= about.at)
        .order_by(Click.clicked_at.desc())
        .limit(PROGRAM_CLICKS)
        .subquery()
    )
    hosts: Counter[str | None] = Counter(
        session.scalars(
            select(newest.c.source_host)
            .where(newest.c.link_id == link_id)
            .order_by(newest.c.clicked_at.desc())
            .limit(LINK_CLICKS)
        )
    )
    told = sorted(((host, many) for host, many in hosts.items() if host), key=lambda one: (-one[1], one[0]))
    return Sources(hosts.total(), dict(told[:HOSTS]))


def _sums(session: Session, about: Record, first: date, *names: str) -> list[tuple[int, int]]:
    """Return what the roll-ups have of some columns since a day, each of the referrer and of the program."""
    values = {
        "referrer_id": about.referrer_id,
        "program_id": about.program_id,
        "first": first,
        "today": about.today,
    }
    found = [int(value or 0) for value in session.execute(_sums_of(names), values).one()]
    return list(zip(found[::2], found[1::2], strict=True))


@lru_cache
def _sums_of(names: tuple[str, ...]) -> Any:
    """Return the question for some columns, which is written once."""
    asked = []
    for name in names:
        for table, of_whom in ((LinkDay, "referrer_id"), (ProgramDay, "program_id")):
            asked.append(
                select(func.sum(getattr(table, name)))
                .where(
                    getattr(table, of_whom) == bindparam(of_whom),
                    table.day.between(bindparam("first"), bindparam("today")),
                )
                .scalar_subquery()
            )
    return select(*asked)


def _proportion(part: int, whole: int, of_program: int, program_whole: int) -> Proportion | None:
    """Return a proportion, or None of nothing. No part is greater than its whole, in whatever order things came in."""
    if not whole or not program_whole:
        return None
    return Proportion(min(part, whole), whole, min(of_program, program_whole), program_whole)
