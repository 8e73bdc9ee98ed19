"""What breaks the books of refunds and disputes: what they count for, how they ended, and what came back by that."""

from collections.abc import Iterator
from functools import cache
from itertools import groupby

from sqlalchemy import Executable, and_, func, or_, select
from sqlalchemy.orm import Session

from webapp.domain.refunds import Counted, WentBack, counted
from webapp.models import Conversion, DisputeOutcome, Refund, RewardEvent

ROWS_AT_A_TIME = 5_000


@cache
def _counted_asked() -> Executable:
    return (
        select(
            *(Refund.id, Refund.kind, Refund.event_id, Refund.occurred_at, Refund.wanted_minor, Refund.won_at),
            *(Refund.applied_minor, Refund.restored_minor, Conversion.id.label("of"), Conversion.amount_minor),
        )
        .join(Conversion, Conversion.id == Refund.conversion_id)
        .order_by(Conversion.id, Refund.id)
        .execution_options(yield_per=ROWS_AT_A_TIME)
    )


def _counted(session: Session) -> Iterator[str]:
    """Refunds and disputes that do not count for what follows from all of a conversion."""
    stored = session.execute(_counted_asked())
    for _of, group in groupby(stored, key=lambda row: row.of):
        rows = list(group)
        right = counted(
            rows[0].amount_minor,
            [WentBack(row.id, row.kind, row.event_id, row.occurred_at, row.wanted_minor, row.won_at) for row in rows],
        )
        for row in rows:
            found, should = Counted(row.applied_minor, row.restored_minor), right[row.id]
            if found != should:
                yield (
                    f"{row.kind} {row.id}: it counts for {found.applied_minor} and brought back {found.restored_minor};"
                    f" of all of its conversion follow {should.applied_minor} and {should.restored_minor}"
                )


@cache
def _outcomes_asked() -> Executable:
    same = and_(
        DisputeOutcome.program_id == Refund.program_id,
        DisputeOutcome.dispute_event_id == Refund.event_id,
        DisputeOutcome.outcome == "won",
    )
    return (
        select(Refund.id, Refund.won_at)
        .outerjoin(DisputeOutcome, same)
        .where(Refund.kind == "dispute", Refund.won_at.is_(None) != DisputeOutcome.id.is_(None))
    )


def _outcomes(session: Session) -> Iterator[str]:
    """Disputes that are won without an outcome that says so, or the other way round."""
    for dispute_id, won_at in session.execute(_outcomes_asked()):
        if won_at is None:
            yield f"dispute {dispute_id}: an outcome says that it was won, and it stands"
        else:
            yield f"dispute {dispute_id}: it is won, and no outcome says so"


@cache
def _given_back_asked() -> tuple[Executable, Executable]:
    given = and_(RewardEvent.taken_minor < 0, RewardEvent.taken_as != "write_off")
    query = (
        select(RewardEvent.reward_id, RewardEvent.sequence)
        .outerjoin(Refund, Refund.id == RewardEvent.refund_id)
        .where(given, Refund.won_at.is_(None))
    )
    taken = func.sum(RewardEvent.taken_minor)
    more = (
        select(RewardEvent.reward_id, taken)
        .where(RewardEvent.refund_id.is_not(None), RewardEvent.taken_as != "write_off")
        .group_by(RewardEvent.reward_id)
        .having(taken < 0)
    )
    return query, more


def _given_back(session: Session) -> Iterator[str]:
    """What came back to rewards without a dispute that was won, and more than refunds and disputes had taken."""
    query, more = _given_back_asked()
    for reward_id, sequence in session.execute(query):
        yield f"reward {reward_id}: event {sequence} gave something back, and no dispute was won"
    for reward_id, minor in session.execute(more):
        yield f"reward {reward_id}: {-minor} more came back than refunds and disputes had taken"


@cache
def _write_offs_asked() -> tuple[Executable, Executable]:
    query = select(RewardEvent.reward_id, RewardEvent.sequence).where(
        RewardEvent.taken_as == "write_off",
        RewardEvent.taken_minor < 0,
        or_(RewardEvent.actor != "person", RewardEvent.actor_id.is_(None)),
    )
    off = func.sum(RewardEvent.taken_minor)
    ended = (
        select(RewardEvent.reward_id, off)
        .where(RewardEvent.taken_as == "write_off")
        .group_by(RewardEvent.reward_id, RewardEvent.refund_id)
        .having(off > 0)
    )
    return query, ended


def _write_offs(session: Session) -> Iterator[str]:
    """Write-offs that a person did not make, or that ended more than they were."""
    query, ended = _write_offs_asked()
    for reward_id, sequence in session.execute(query):
        yield f"reward {reward_id}: event {sequence} wrote something off, and nobody did"
    for reward_id, minor in session.execute(ended):
        yield f"reward {reward_id}: {minor} more of a write-off ended than was written off"


CHECKS = (_counted, _outcomes, _given_back, _write_offs)
