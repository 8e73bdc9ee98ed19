"""The invariants of money, each as a question that finds what breaks it.

Everything is computed by the database in sums over whole tables, so that a
million entries take seconds; nothing is repaired here.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Subquery, and_, case, func, inspect, or_, select
from sqlalchemy.orm import Session

from webapp.models import (
    Conversion,
    LedgerEntry,
    LedgerTransaction,
    Refund,
    Reward,
    RewardDecision,
    RewardEvent,
    RewardRuleVersion,
    append_only,
)

_ACCOUNTS = ("expense", "pending", "held", "approved", "in_payout", "paid", "clawback")


def breaches(session: Session) -> Iterator[str]:
    """Yield a line for each breach: what it is of, what was found and what should be."""
    missing = [table for table in append_only.TABLES if not inspect(session.connection()).has_table(table)]
    yield from (f"table {table} is missing" for table in missing)
    if missing:
        # There is nothing to ask any further.
        return
    for find in (
        _missing_triggers,
        _unbalanced,
        _orphans,
        _mixed,
        _doubles,
        _histories,
        _takings,
        _grants,
        _accounts,
        _refunds,
        _waiting_refunds,
        _decisions,
        _unrewarded,
        _undecided,
    ):
        yield from find(session)


def _missing_triggers(session: Session) -> Iterator[str]:
    found = append_only.protected_tables(session.connection())
    for table in append_only.TABLES:
        if table not in found:
            yield f"table {table} is not append-only: its triggers are missing"


def _unbalanced(session: Session) -> Iterator[str]:
    total = func.sum(LedgerEntry.amount_minor)
    query = (
        select(LedgerEntry.transaction_id, LedgerEntry.currency, total)
        .group_by(LedgerEntry.transaction_id, LedgerEntry.currency)
        .having(total != 0)
    )
    for transaction_id, currency, minor in session.execute(query):
        yield f"transaction {transaction_id}: its entries in {currency} add up to {minor}, not to 0"


def _orphans(session: Session) -> Iterator[str]:
    """Rows that refer to nothing, and transactions without entries: somebody wrote past the foreign keys."""
    entries = (
        select(LedgerEntry.transaction_id)
        .outerjoin(LedgerTransaction, LedgerTransaction.id == LedgerEntry.transaction_id)
        .where(LedgerTransaction.id.is_(None))
        .distinct()
    )
    for (transaction_id,) in session.execute(entries):
        yield f"transaction {transaction_id}: it has entries but is not there"
    empty = (
        select(LedgerTransaction.id)
        .outerjoin(LedgerEntry, LedgerEntry.transaction_id == LedgerTransaction.id)
        .where(LedgerEntry.transaction_id.is_(None))
    )
    for (transaction_id,) in session.execute(empty):
        yield f"transaction {transaction_id}: it has no entries"
    strangers = (
        select(LedgerTransaction.id)
        .outerjoin(
            RewardEvent,
            and_(
                RewardEvent.reward_id == LedgerTransaction.reward_id,
                RewardEvent.sequence == LedgerTransaction.reward_sequence,
            ),
        )
        .where(RewardEvent.reward_id.is_(None))
    )
    for (transaction_id,) in session.execute(strangers):
        yield f"transaction {transaction_id}: the event that caused it is not there"


def _mixed(session: Session) -> Iterator[str]:
    """Entries of another person, program or currency than their reward's."""
    query = (
        select(LedgerEntry.transaction_id, Reward.id)
        .join(LedgerTransaction, LedgerTransaction.id == LedgerEntry.transaction_id)
        .join(Reward, Reward.id == LedgerTransaction.reward_id)
        .where(
            or_(
                LedgerEntry.user_id != Reward.beneficiary_id,
                LedgerEntry.currency != Reward.currency,
                LedgerEntry.program_id != Reward.program_id,
            )
        )
        .distinct()
    )
    for transaction_id, reward_id in session.execute(query):
        yield f"transaction {transaction_id}: its entries are not of the person and currency of reward {reward_id}"


def _doubles(session: Session) -> Iterator[str]:
    """The unique key refuses these; it could have been dropped."""
    key = (Reward.conversion_id, Reward.rule_id, Reward.beneficiary_id, Reward.side)
    for row in session.execute(select(*key, func.count()).group_by(*key).having(func.count() > 1)):
        yield f"conversion {row[0]}: rule {row[1]} rewarded {row[2]} {row[4]} times"


def _histories(session: Session) -> Iterator[str]:
    """The cached status and sequence of each reward against its history, which has no gaps."""
    count = func.count(RewardEvent.sequence)
    newest = func.max(RewardEvent.sequence)
    history = (
        select(RewardEvent.reward_id.label("reward_id"), count.label("events"), newest.label("newest"))
        .group_by(RewardEvent.reward_id)
        .subquery()
    )
    query = (
        select(Reward.id, Reward.status, Reward.sequence, RewardEvent.status, history.c.newest, history.c.events)
        .outerjoin(history, history.c.reward_id == Reward.id)
        .outerjoin(RewardEvent, and_(RewardEvent.reward_id == Reward.id, RewardEvent.sequence == history.c.newest))
        .where(
            or_(
                RewardEvent.status.is_(None),
                RewardEvent.status != Reward.status,
                history.c.newest != Reward.sequence,
                history.c.events != history.c.newest,
            )
        )
    )
    for reward_id, status, sequence, last, newest_found, events in session.execute(query):
        yield (
            f"reward {reward_id}: it says {status} after event {sequence}; its history has {events or 0} events"
            f" up to number {newest_found or 0} and ends with {last or 'nothing'}"
        )


def _takings(session: Session) -> Iterator[str]:
    taken = _taken()
    query = (
        select(Reward.id, Reward.amount_minor, Reward.status, taken.c.reversed, taken.c.clawed_back)
        .join(taken, taken.c.reward_id == Reward.id)
        .where(
            or_(
                taken.c.reversed + taken.c.clawed_back > Reward.amount_minor,
                and_(Reward.status == "reversed", taken.c.reversed != Reward.amount_minor),
            )
        )
    )
    for reward_id, granted, status, reversed_minor, clawed_back in session.execute(query):
        yield (
            f"reward {reward_id}: {granted} were granted, {reversed_minor} reversed and {clawed_back} clawed back,"
            f" and it says {status}"
        )


def _grants(session: Session) -> Iterator[str]:
    """Every reward begins with a grant of what it says was granted."""
    query = (
        select(Reward.id, Reward.amount_minor, func.coalesce(func.sum(LedgerEntry.amount_minor), 0))
        .outerjoin(
            LedgerTransaction,
            and_(LedgerTransaction.reward_id == Reward.id, LedgerTransaction.reward_sequence == 1),
        )
        .outerjoin(
            LedgerEntry,
            and_(LedgerEntry.transaction_id == LedgerTransaction.id, LedgerEntry.account == "expense"),
        )
        .group_by(Reward.id, Reward.amount_minor)
        .having(func.coalesce(func.sum(LedgerEntry.amount_minor), 0) != -Reward.amount_minor)
    )
    for reward_id, granted, expense in session.execute(query):
        yield f"reward {reward_id}: {granted} were granted, and the ledger wrote {-expense} for it"


def _accounts(session: Session) -> Iterator[str]:
    """What the ledger holds for each reward, account by account, against its status and what was taken back."""
    taken = _taken()
    sums = [
        func.coalesce(func.sum(case((LedgerEntry.account == name, LedgerEntry.amount_minor), else_=0)), 0).label(name)
        for name in _ACCOUNTS
    ]
    held = (
        select(LedgerTransaction.reward_id.label("reward_id"), *sums)
        .join(LedgerEntry, LedgerEntry.transaction_id == LedgerTransaction.id)
        .group_by(LedgerTransaction.reward_id)
        .subquery()
    )
    reversed_minor = func.coalesce(taken.c.reversed, 0)
    clawed_back = func.coalesce(taken.c.clawed_back, 0)
    left = Reward.amount_minor - reversed_minor
    # A reward that is rejected was never paid: what was clawed back of it is settled.
    owed = case((Reward.status == "rejected", 0), else_=clawed_back)
    differs: list[ColumnElement[bool]] = [held.c.clawback != -owed, held.c.reward_id.is_(None)]
    differs += [held.c[name] != case((Reward.status == name, left), else_=0) for name in _ACCOUNTS[1:-1]]
    query = (
        select(Reward.id, Reward.status, left, clawed_back, *(held.c[name] for name in _ACCOUNTS))
        .outerjoin(held, held.c.reward_id == Reward.id)
        .outerjoin(taken, taken.c.reward_id == Reward.id)
        .where(or_(*differs))
    )
    for row in session.execute(query):
        yield _account_line(tuple(row))


def _account_line(row: Sequence[Any]) -> str:
    found = ", ".join(f"{name} {minor}" for name, minor in zip(_ACCOUNTS, row[4:], strict=True) if minor)
    return (
        f"reward {row[0]}: it is {row[1]} with {row[2]} left and {row[3]} clawed back;"
        f" the ledger holds {found or 'nothing'}"
    )


def _refunds(session: Session) -> Iterator[str]:
    total = func.sum(Refund.applied_minor)
    query = (
        select(Conversion.id, Conversion.amount_minor, total)
        .join(Refund, Refund.conversion_id == Conversion.id)
        .group_by(Conversion.id, Conversion.amount_minor)
        .having(total > func.coalesce(Conversion.amount_minor, 0))
    )
    for conversion_id, amount, refunded in session.execute(query):
        yield f"conversion {conversion_id}: {refunded} were refunded of {amount or 0}"


def _waiting_refunds(session: Session) -> Iterator[str]:
    """Refunds that wait although what they are of is there."""
    query = (
        select(Refund.id, Conversion.id)
        .join(
            Conversion,
            and_(
                Conversion.program_id == Refund.program_id,
                or_(Conversion.event_id == Refund.conversion_event_id, Conversion.order_id == Refund.order_id),
            ),
        )
        .where(Refund.conversion_id.is_(None))
    )
    for refund_id, conversion_id in session.execute(query):
        yield f"refund {refund_id}: it waits for conversion {conversion_id}, which is there"


def _decisions(session: Session) -> Iterator[str]:
    """Every reward has a decision that earned exactly it."""
    query = (
        select(Reward.id, Reward.amount_minor, Reward.currency)
        .outerjoin(
            RewardDecision,
            and_(
                RewardDecision.conversion_id == Reward.conversion_id,
                RewardDecision.rule_version_id == Reward.rule_version_id,
                RewardDecision.beneficiary_id == Reward.beneficiary_id,
                RewardDecision.side == Reward.side,
                RewardDecision.code == "earned",
                RewardDecision.amount_minor == Reward.amount_minor,
                RewardDecision.currency == Reward.currency,
            ),
        )
        .where(RewardDecision.conversion_id.is_(None))
    )
    for reward_id, minor, currency in session.execute(query):
        yield f"reward {reward_id}: no decision earned {minor} {currency}"


def _unrewarded(session: Session) -> Iterator[str]:
    """Every decision that earned something has its reward: rewards never go away."""
    query = (
        select(
            RewardDecision.conversion_id,
            RewardRuleVersion.rule_id,
            RewardDecision.beneficiary_id,
            RewardDecision.amount_minor,
            RewardDecision.currency,
        )
        .join(RewardRuleVersion, RewardRuleVersion.id == RewardDecision.rule_version_id)
        .outerjoin(
            Reward,
            and_(
                Reward.conversion_id == RewardDecision.conversion_id,
                Reward.rule_id == RewardRuleVersion.rule_id,
                Reward.beneficiary_id == RewardDecision.beneficiary_id,
                Reward.side == RewardDecision.side,
            ),
        )
        .where(RewardDecision.code == "earned", Reward.id.is_(None))
    )
    for conversion_id, rule_id, beneficiary_id, minor, currency in session.execute(query):
        yield (
            f"conversion {conversion_id}: rule {rule_id} earned {beneficiary_id} {minor} {currency},"
            " and there is no such reward"
        )


def _undecided(session: Session) -> Iterator[str]:
    query = (
        select(Conversion.id)
        .outerjoin(RewardDecision, RewardDecision.conversion_id == Conversion.id)
        .where(RewardDecision.conversion_id.is_(None))
    )
    for (conversion_id,) in session.execute(query):
        yield f"conversion {conversion_id}: nothing was decided about it"


def _taken() -> Subquery:
    def as_(what: str) -> ColumnElement[int]:
        return func.sum(case((RewardEvent.taken_as == what, RewardEvent.taken_minor), else_=0))

    return (
        select(
            RewardEvent.reward_id.label("reward_id"),
            as_("reversal").label("reversed"),
            as_("clawback").label("clawed_back"),
        )
        .group_by(RewardEvent.reward_id)
        .subquery()
    )
