"""Roll-ups against the raw rows they were counted from."""

from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Executable, case, func, or_, select
from sqlalchemy.orm import Session, aliased

from webapp.domain.appeals import APPEALED
from webapp.domain.counts import CLICKED, ROLL_UPS, Friend, Key, RollUp, Tally, campaign_of
from webapp.domain.periods import local_day
from webapp.models import Click, Conversion, Link, Model, Program, Referral, Refund, Reward, RewardEvent

ROWS_AT_A_TIME = 5_000


def raw_counts(session: Session) -> Tally:
    """Count everything anew, from the rows themselves; clicks of sealed days from the roll-ups.

    Read in streams: a day depends on the program's time zone, which the two
    engines do not compute alike. What is kept in memory are the counts.
    """
    tally = Tally()
    zones = dict(session.execute(select(Program.id, Program.time_zone)).all())
    sealed = sealed_days(session)
    _clicks(session, zones, sealed, tally)
    _sealed_clicks(session, sealed, tally)
    for count in (_signups, _purchases, _refunds, _rewards):
        count(session, zones, tally)
    return tally


def sealed_days(session: Session) -> dict[UUID, date]:
    """Return the first day of each program that is not sealed: clicks of those before it were forgotten.

    What was counted of them is what the roll-ups say, and nothing else says it any more.
    """
    found = session.execute(select(Program.id, Program.sealed_before).where(Program.sealed_before.is_not(None)))
    return {program_id: day for program_id, day in found if day}


def counts_of_referral(session: Session, referral_id: UUID) -> Tally:
    """Return all that a friend counts for because somebody is credited for them, from the rows themselves."""
    tally = Tally()
    zones = dict(session.execute(select(Program.id, Program.time_zone)).all())
    for count in (_signups, _purchases, _refunds):
        count(session, zones, tally, Referral.id == referral_id)
    return tally


def breaches(session: Session) -> Iterator[str]:
    """Yield a line for every row of a roll-up that differs from its raw rows."""
    right = raw_counts(session)
    for roll_up in ROLL_UPS:
        yield from _differences(session, roll_up, dict(right.counts_of(roll_up)))


def _clicks(session: Session, zones: dict[UUID, str], sealed: Mapping[UUID, date], tally: Tally) -> None:
    query = select(
        *(Click.program_id, Click.link_id, Link.referrer_id, Click.clicked_at, Click.new_today, Click.new_on_link),
        *(Click.utm_source, Click.utm_medium, Click.utm_campaign),
    ).join(Link, Link.id == Click.link_id)
    for program_id, link_id, referrer_id, at, new_today, new_on_link, *utm in _stream(session, query):
        day = local_day(at, zones[program_id])
        if day < sealed.get(program_id, date.min):
            # Some of its clicks may still be there.
            continue
        tally.clicks(
            program_id, link_id, referrer_id, day, campaign_of(*utm), new_today=new_today, new_on_link=new_on_link
        )


def _sealed_clicks(session: Session, sealed: Mapping[UUID, date], tally: Tally) -> None:
    for program_id, sealed_before in sealed.items():
        for roll_up in CLICKED:
            table = Model.metadata.tables[roll_up.table]
            if "program_id" in table.c:
                of_program = table.c.program_id == program_id
            else:
                of_program = table.c.link_id.in_(select(Link.id).where(Link.program_id == program_id))
            key = [table.c[name] for name in roll_up.key]
            query = select(*key, table.c.clicks, table.c.visitors).where(of_program, table.c.day < sealed_before)
            for *values, clicks, visitors in _stream(session, query):
                tally.sealed_clicks(roll_up, tuple(values), clicks=clicks, visitors=visitors)


# What tells a friend, for `_friend_of`.
_FRIEND = (
    *(Referral.program_id, Referral.link_id, Referral.referrer_id, Referral.created_at),
    *(Referral.utm_source, Referral.utm_medium, Referral.utm_campaign),
)


def _friend_of(row: Any, zones: dict[UUID, str]) -> Friend:
    signed_up_on = local_day(row.created_at, zones[row.program_id])
    campaign = campaign_of(row.utm_source, row.utm_medium, row.utm_campaign)
    return Friend(row.program_id, row.link_id, row.referrer_id, signed_up_on, campaign)


def _signups(session: Session, zones: dict[UUID, str], tally: Tally, *of: ColumnElement[bool]) -> None:
    for row in _stream(session, select(*_FRIEND).where(*of)):
        tally.signup(_friend_of(row, zones))


def _purchases(session: Session, zones: dict[UUID, str], tally: Tally, *of: ColumnElement[bool]) -> None:
    query = (
        select(*_FRIEND, Referral.id, Conversion.occurred_at, Conversion.currency, Conversion.amount_minor)
        .join(Conversion, Conversion.referral_id == Referral.id)
        .where(Conversion.type == "purchase", *of)
        .order_by(Referral.id)
    )
    for _id, rows in groupby(_stream(session, query), key=lambda row: row.id):
        weeks: set[int] = set()
        for number, row in enumerate(rows, 1):
            friend = _friend_of(row, zones)
            day = local_day(row.occurred_at, zones[row.program_id])
            tally.purchase(friend, day, row.currency, row.amount_minor)
            tally.nth_purchase(friend, number)
            if (week := friend.weeks_until(day)) not in weeks:
                weeks.add(week)
                tally.buyer_in_week(friend, week)


def _refunds(session: Session, zones: dict[UUID, str], tally: Tally, *of: ColumnElement[bool]) -> None:
    """What went back on the day of the refund or dispute, and what came back on the day on which that was won."""
    for at, minor in ((Refund.occurred_at, Refund.applied_minor), (Refund.won_at, -Refund.restored_minor)):
        query = (
            select(*_FRIEND, at.label("at"), minor.label("minor"), Conversion.currency)
            .select_from(Refund)
            .join(Conversion, Conversion.id == Refund.conversion_id)
            .join(Referral, Referral.id == Conversion.referral_id)
            .where(Conversion.type == "purchase", minor != 0, *of)
        )
        for row in _stream(session, query):
            day = local_day(row.at, zones[row.program_id])
            tally.refund(_friend_of(row, zones), day, row.currency, row.minor)


@cache
def _rewards_asked() -> tuple[Executable, Executable, Executable]:
    """Return what asks for what was granted, for what was taken back, and for what was decided."""
    about = (Reward.program_id, Reward.rule_id, Reward.currency, Reward.kind)
    granted = select(*about, Conversion.occurred_at, Reward.amount_minor).join(
        Conversion, Conversion.id == Reward.conversion_id
    )
    # Given back on the day on which a dispute was won, taken on that of the refund, written off when somebody did.
    on = case(
        (RewardEvent.taken_as == "write_off", RewardEvent.at),
        (RewardEvent.taken_minor < 0, Refund.won_at),
        else_=func.coalesce(Refund.occurred_at, RewardEvent.at),
    )
    taken_back = (
        select(*about, on, RewardEvent.taken_minor)
        .join(RewardEvent, RewardEvent.reward_id == Reward.id)
        .outerjoin(Refund, Refund.id == RewardEvent.refund_id)
        .where(RewardEvent.taken_minor != 0)
    )
    # While a reward is rejected nothing is taken back of it, so an appeal gives back as much as the rejection took.
    earlier = aliased(RewardEvent)
    taken = select(func.coalesce(func.sum(earlier.taken_minor), 0)).where(
        earlier.reward_id == Reward.id, earlier.sequence < RewardEvent.sequence
    )
    kept = Reward.amount_minor - taken.correlate(Reward, RewardEvent).scalar_subquery()
    decided = (
        select(*about, RewardEvent.at, case((RewardEvent.status == "rejected", kept), else_=-kept))
        .join(RewardEvent, RewardEvent.reward_id == Reward.id)
        .where(or_(RewardEvent.status == "rejected", RewardEvent.reason == APPEALED))
    )
    return granted, taken_back, decided


def _rewards(session: Session, zones: dict[UUID, str], tally: Tally) -> None:
    granted, taken_back, decided = _rewards_asked()
    for query, count in ((granted, tally.grant), (taken_back, tally.withdrawal), (decided, tally.withdrawal)):
        for program_id, rule_id, currency, kind, at, minor in _stream(session, query):
            count(program_id, rule_id, local_day(at, zones[program_id]), currency, int(minor), kind)


def _stream(session: Session, query: Executable) -> Iterator[Any]:
    return iter(session.execute(query).yield_per(ROWS_AT_A_TIME))


def _differences(session: Session, roll_up: RollUp, right: dict[Key, Mapping[str, int]]) -> Iterator[str]:
    nothing = dict.fromkeys(roll_up.counts, 0)
    keys, differing = len(roll_up.key), []
    for row in _stream(session, _stored(roll_up)):
        key, found = tuple(row[:keys]), dict(zip(roll_up.counts, row[keys:], strict=True))
        expected = right.pop(key, nothing)
        if found != expected:
            differing.append((key, found, expected))
    # What is left is missing; where as much came back as went, no row says the same.
    differing += [(key, nothing, dict(expected)) for key, expected in right.items() if any(expected.values())]
    for key, found, expected in sorted(differing, key=lambda one: (one[0][1], one[0])):
        yield _line(roll_up, key, found, expected)


@cache
def _stored(roll_up: RollUp) -> Executable:
    columns = Model.metadata.tables[roll_up.table].c
    return select(*(columns[name] for name in (*roll_up.key, *roll_up.counts)))


def _line(roll_up: RollUp, key: Key, found: Mapping[str, int], right: Mapping[str, int]) -> str:
    def said(counts: Mapping[str, int]) -> str:
        return ", ".join(f"{name} {counts[name]}" for name in roll_up.counts if found[name] != right[name])

    row = ", ".join(f"{name} {_shown(value)}" for name, value in zip(roll_up.key, key, strict=True))
    return f"{roll_up.table} of {row}: the roll-up says {said(found)}; the rows say {said(right)}"


def _shown(value: object) -> str:
    # What came with a campaign is anybody's text.
    return str(value) if isinstance(value, UUID | date | int) else repr(value)
