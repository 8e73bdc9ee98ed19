"""What a replay of rules reads: everything that friends did, in the order in which it happened, in one stream."""

import json
from collections.abc import Callable, Generator, Hashable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from itertools import islice
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, Text, and_, cast, func, select, type_coerce
from sqlalchemy.orm import Session
from sqlalchemy.types import LargeBinary

from webapp.domain.facts import ORIGIN
from webapp.domain.registry import asks_for_signup
from webapp.domain.replaying.editions import Edition, History, with_draft
from webapp.domain.replaying.happened import Decided, Happened, Refunded
from webapp.domain.replaying.replay import Replay
from webapp.domain.replaying.told import Changed, Replayed
from webapp.domain.rules import RuleDefinition
from webapp.models import Conversion, Link, Program, ProgramDay, Referral, Refund, Reward, RewardEvent, RewardRule, User
from webapp.models.conversion import TIE_BREAK
from webapp.queries.origins import known_origin, origin_columns
from webapp.queries.quotes import all_quotes
from webapp.queries.rules import RuleSet, read_rule_set

AT_ONCE = 1_000
NAMES_AT_ONCE = 5_000
# At the same moment events count in the order of their ids, as when they are recorded.
_REFERRALS, _LINKS, _CONVERSIONS = Referral.__table__, Link.__table__, Conversion.__table__
_ORDER = (Conversion.occurred_at, TIE_BREAK, Conversion.id)


def histories(rules: RuleSet) -> tuple[History, ...]:
    """Return the rules of a program as a replay takes them, the older ones first."""
    return tuple(
        History(
            versions[-1].definition.key,
            tuple(Edition(one.number, one.live_from, one.state == "live", one.definition) for one in versions),
        )
        for versions in rules.rules
    )


def count_happened(session: Session, program_id: UUID, until: datetime) -> int:
    """Return how many conversions `read_happened` yields."""
    return int(session.execute(_happened(select(func.count()), program_id, until)).scalar_one())


def first_day(session: Session, program_id: UUID) -> date | None:
    """Return the first day on which anything happened in a program, from the roll-ups."""
    return session.scalar(select(func.min(ProgramDay.day)).where(ProgramDay.program_id == program_id))


def read_happened(
    session: Session,
    program_id: UUID,
    until: datetime,
    rules: Sequence[RuleDefinition],
    *,
    with_told: bool = False,
) -> Iterator[list[Happened]]:
    """Yield what friends did before `until`, a slice at a time; memory stays the same however much it is.

    Each counts for whoever is credited for the friend today. Details, and how
    friends came, are read only when some rule looks at them, and when it was
    told only `with_told`. Nothing is locked.
    """
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    with_details = any(rule.when is not None and rule.when.asks_for_details for rule in rules)
    with_origin = any(rule.when is not None and rule.when.asks_for("origin") for rule in rules)
    with_signup = any(_asks_for_signup(rule) for rule in rules)
    columns = _columns(is_sqlite, with_details)
    columns += [Referral.created_at] if with_signup else []
    columns += [Conversion.recorded_at] if with_told else []
    columns += origin_columns(_REFERRALS, _LINKS, _CONVERSIONS.c.user_id) if with_origin else []
    query = _happened(select(*columns), program_id, until).order_by(*_ORDER)
    if with_origin:
        query = query.join(Link, Link.id == Referral.link_id)
    at_signup = 9 + with_details
    at_told = at_signup + with_signup
    at_origin = at_told + with_told
    refunds = _Beside(session, _refunds(program_id, until, is_sqlite))
    decisions = _Beside(session, _decisions(program_id, until, is_sqlite))
    found = session.execute(query.execution_options(yield_per=AT_ONCE))
    while rows := list(islice(found, AT_ONCE)):
        slice_ = []
        for row in rows:
            id_ = row[0]
            details = json.loads(row[9]) if with_details and row[9] else None
            taken = _refunded(refunds.of(id_)) if refunds.next == id_ else ()
            decided = tuple(_decided(one) for one in decisions.of(id_)) if decisions.next == id_ else ()
            origin = known_origin(dict(zip(ORIGIN, row[at_origin:], strict=True))) if with_origin else None
            signed_up_at = row[at_signup] if with_signup else None
            told_at = row[at_told] if with_told else None
            beside = (details, taken, decided, origin, signed_up_at, told_at)
            slice_.append(Happened(*row[:9], *beside))  # type: ignore[call-arg]
        yield slice_


def id_of(key: Hashable) -> UUID:
    """Return the id that a key of a replay stands for; to make one of each is left for those that are shown."""
    return key if isinstance(key, UUID) else UUID(bytes=bytes(key))  # type: ignore[call-overload]


def names_of(session: Session, ids: Sequence[UUID]) -> dict[UUID, str]:
    """Return the names of people."""
    found: dict[UUID, str] = {}
    for at in range(0, len(ids), NAMES_AT_ONCE):
        some = select(User.id, User.name).where(User.id.in_(ids[at : at + NAMES_AT_ONCE]))
        found |= {row.id: row.name for row in session.execute(some)}
    return found


@dataclass(frozen=True, slots=True)
class Progress:
    """How many conversions were looked at, of how many."""

    done: int
    total: int


def replay_rules(
    session: Session,
    program: Program,
    draft: Sequence[RuleDefinition],
    *,
    since: datetime,
    until: datetime,
    each_changed: Callable[[Changed], None] | None = None,
) -> Generator[Progress, None, Replayed]:
    """Try a draft on what happened from `since` until before `until`, and return what came out.

    A rule of the draft is tried as if it had been published at `since`, in
    place of the one with its key; the others stay as they were. Yields how far
    it is after each slice; whoever closes it stops it. Writes nothing. Meant
    for a session that reads one moment of the database.
    """
    rules = histories(read_rule_set(session, program.id))
    quotes = all_quotes(session, program.id)
    make = partial(
        Replay,
        rules,
        with_draft(rules, draft, since),
        since=since,
        until=until,
        time_zone=program.time_zone,
        currency=program.currency,
        each_changed=each_changed,
        quotes=quotes,
    )
    total, done = count_happened(session, program.id, until), 0
    asked = [*draft, *(edition.definition for rule in rules for edition in rule.editions)]
    read = partial(read_happened, session, program.id, until, asked, with_told=bool(quotes))
    beforehand, passes = make(), 1
    if beforehand.foresees:
        passes = 2
        yield Progress(done, total * passes)
        for happened in read():
            beforehand.foresee(happened)
            done += len(happened)
            yield Progress(done, total * passes)
    replay = make(foreseen=beforehand.foreseen)
    yield Progress(done, total * passes)
    for happened in read():
        replay.take(happened)
        done += len(happened)
        yield Progress(done, total * passes)
    return replay.result()


class _Beside:
    """Rows that stand beside conversions and come in the same order: the first column is the conversion's id."""

    def __init__(self, session: Session, query: Select[Any]) -> None:
        self._rows = iter(session.execute(query.execution_options(yield_per=AT_ONCE)))
        self._row: Row[Any] | None = next(self._rows, None)

    @property
    def next(self) -> Hashable:
        """The conversion of the next row; None when there is none any more."""
        return None if self._row is None else self._row[0]

    def of(self, id_: Hashable) -> list[Row[Any]]:
        """Take the rows of a conversion, which is the next one."""
        found = []
        while self._row is not None and self._row[0] == id_:
            found.append(self._row)
            self._row = next(self._rows, None)
        return found


def _happened(query: Select[Any], program_id: UUID, until: datetime) -> Select[Any]:
    return (
        query.select_from(Conversion)
        .join(Referral, Referral.id == Conversion.referral_id)
        .where(Conversion.program_id == program_id, Conversion.occurred_at < until)
    )


def _columns(is_sqlite: bool, with_details: bool) -> list[Any]:
    columns = [
        _key(Conversion.id, is_sqlite),
        Conversion.event_id,
        Conversion.order_id,
        Conversion.type,
        _key(Conversion.user_id, is_sqlite),
        _key(Referral.referrer_id, is_sqlite),
        Conversion.amount_minor,
        Conversion.currency,
        Conversion.occurred_at,
    ]
    return [*columns, cast(Conversion.details, Text)] if with_details else columns


def _key(column: Any, is_sqlite: bool) -> Any:
    # As the database holds it: making a UUID of each would cost as much as pricing.
    return type_coerce(column, LargeBinary) if is_sqlite else column


def _refunds(program_id: UUID, until: datetime, is_sqlite: bool) -> Select[Any]:
    columns = (
        _key(Conversion.id, is_sqlite),
        *(Refund.occurred_at, Refund.applied_minor, Refund.won_at, Refund.restored_minor),
    )
    query = _happened(select(*columns), program_id, until)
    return query.join(Refund, Refund.conversion_id == Conversion.id).order_by(
        *_ORDER, Refund.occurred_at, Refund.event_id
    )


def _decisions(program_id: UUID, until: datetime, is_sqlite: bool) -> Select[Any]:
    """What people decided against, and what they took back of that, of rewards that hold."""
    before = RewardEvent.__table__.alias("before")
    is_before = and_(before.c.reward_id == RewardEvent.reward_id, before.c.sequence == RewardEvent.sequence - 1)
    changes = (RewardEvent.status == "rejected") != (before.c.status == "rejected")
    columns = (_key(Conversion.id, is_sqlite), RewardEvent.at, RewardRule.key, RewardEvent.status)
    return (
        _happened(select(*columns), program_id, until)
        .join(Reward, Reward.conversion_id == Conversion.id)
        .join(RewardRule, RewardRule.id == Reward.rule_id)
        .join(RewardEvent, RewardEvent.reward_id == Reward.id)
        .join(before, is_before)
        .where(Reward.ended_bond.is_(None), changes)
        .order_by(*_ORDER, RewardEvent.reward_id, RewardEvent.sequence)
    )


def _refunded(rows: Sequence[Any]) -> tuple[Refunded, ...]:
    """Return what went back of a conversion, and what came back by disputes that were won, by their moments."""
    found = [Refunded(at, minor) for _id, at, minor, _won_at, _restored in rows]
    found += [Refunded(won_at, -restored, -1) for _id, _at, _minor, won_at, restored in rows if won_at is not None]
    return tuple(sorted(found, key=lambda one: one.at))


def _asks_for_signup(rule: RuleDefinition) -> bool:
    return asks_for_signup(rule.settings) or (rule.when is not None and rule.when.asks_for("signed_up_at"))


def _decided(row: Any) -> Decided:
    return Decided(row[1], row[2], row[3] == "rejected")
