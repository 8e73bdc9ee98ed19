"""The invariants of money, each as a question that finds what breaks it.

Everything is computed by the database in sums over whole tables, so that a
million entries take seconds; nothing is repaired here. What is asked is always the
same, and built once: building it takes longer than a small site takes to answer.
"""

from collections.abc import Iterator
from functools import cache

from sqlalchemy import ColumnElement, Executable, Subquery, and_, case, func, inspect, or_, select, text
from sqlalchemy.orm import Session

from webapp.models import (
    Conversion,
    LedgerEntry,
    LedgerTransaction,
    RedemptionPart,
    Refund,
    Reward,
    RewardDecision,
    RewardEvent,
    RewardRuleVersion,
    append_only,
)
from webapp.queries import bonds, counted_rewards, coupon_pools, credit, disputes

# Decisions that pay, all of it or what a limit leaves.
_EARNED = ("earned", "limit_cut")
_ACCOUNTS = ("expense", "pending", "held", "approved", "in_payout", "paid", "clawback")


def breaches(session: Session) -> Iterator[str]:
    """Yield a line for each breach: what it is of, what was found and what should be."""
    there = set(inspect(session.connection()).get_table_names())
    missing = [table for table in append_only.TABLES if table not in there]
    yield from (f"table {table} is missing" for table in missing)
    if missing:
        # There is nothing to ask any further.
        return
    if session.get_bind().dialect.name == "postgresql":
        # What it has by itself is meant for many small questions at once; these are few, over whole tables.
        session.execute(text("SET LOCAL work_mem = '64MB'"))
    for find in (
        *(_missing_triggers, _entries, _transactions, _doubles, _histories, _takings, _accounts),
        *(_refunds, _waiting_refunds, _decisions, _unrewarded, _undecided),
        *bonds.CHECKS,
        *counted_rewards.CHECKS,
        *disputes.CHECKS,
        *credit.CHECKS,
        *coupon_pools.CHECKS,
    ):
        yield from find(session)


def _missing_triggers(session: Session) -> Iterator[str]:
    found = append_only.protected_tables(session.connection())
    for table in append_only.TABLES:
        if table not in found:
            yield f"table {table} is not append-only: its triggers are missing"


@cache
def _entries_asked() -> Executable:
    foreign = or_(
        LedgerEntry.user_id != Reward.beneficiary_id,
        LedgerEntry.currency != Reward.currency,
        LedgerEntry.program_id != Reward.program_id,
        LedgerEntry.kind != Reward.kind,
    )
    total, of_reward = func.sum(LedgerEntry.amount_minor), func.count(Reward.id)
    strangers = func.sum(case((foreign, 1), else_=0))
    # In the order of the key, so that nothing has to be sorted.
    found = (
        select(
            LedgerEntry.transaction_id.label("transaction_id"),
            func.min(LedgerEntry.currency).label("currency"),
            total.label("total"),
            strangers.label("strangers"),
            of_reward.label("of_reward"),
        )
        .outerjoin(LedgerTransaction, LedgerTransaction.id == LedgerEntry.transaction_id)
        .outerjoin(Reward, Reward.id == LedgerTransaction.reward_id)
        .group_by(LedgerEntry.transaction_id)
        .having(or_(total != 0, of_reward == 0, strangers > 0))
        .subquery()
    )
    return select(found, LedgerTransaction.reward_id).outerjoin(
        LedgerTransaction, LedgerTransaction.id == found.c.transaction_id
    )


def _entries(session: Session) -> Iterator[str]:
    """Entries that do not add up, of nothing, or of another person, program, currency or kind than their reward's."""
    for transaction_id, currency, minor, strange, of_there, reward_id in session.execute(_entries_asked()):
        if minor:
            yield f"transaction {transaction_id}: its entries in {currency} add up to {minor}, not to 0"
        if reward_id is None:
            yield f"transaction {transaction_id}: it has entries but is not there"
        elif not of_there:
            yield f"transaction {transaction_id}: its reward {reward_id} is not there"
        if strange:
            yield (
                f"transaction {transaction_id}: its entries are not of the person, currency and kind of"
                f" reward {reward_id}"
            )


@cache
def _transactions_asked() -> tuple[Executable, Executable]:
    empty = (
        select(LedgerTransaction.id)
        .outerjoin(LedgerEntry, LedgerEntry.transaction_id == LedgerTransaction.id)
        .where(LedgerEntry.transaction_id.is_(None))
    )
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
    return empty, strangers


def _transactions(session: Session) -> Iterator[str]:
    """Transactions without entries or without the event that caused them: somebody wrote past the foreign keys."""
    empty, strangers = _transactions_asked()
    for (transaction_id,) in session.execute(empty):
        yield f"transaction {transaction_id}: it has no entries"
    for (transaction_id,) in session.execute(strangers):
        yield f"transaction {transaction_id}: the event that caused it is not there"


@cache
def _doubles_asked() -> Executable:
    key = (Reward.conversion_id, Reward.rule_id, Reward.beneficiary_id, Reward.side, Reward.bond, Reward.correction)
    return select(*key, func.count()).group_by(*key).having(func.count() > 1)


def _doubles(session: Session) -> Iterator[str]:
    """The unique key refuses these; it could have been dropped."""
    for row in session.execute(_doubles_asked()):
        yield f"conversion {row[0]}: rule {row[1]} rewarded {row[2]} {row[6]} times"


@cache
def _histories_asked() -> Executable:
    count = func.count(RewardEvent.sequence)
    newest = func.max(RewardEvent.sequence)
    history = (
        select(RewardEvent.reward_id.label("reward_id"), count.label("events"), newest.label("newest"))
        .group_by(RewardEvent.reward_id)
        .subquery()
    )
    return (
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


def _histories(session: Session) -> Iterator[str]:
    """The cached status and sequence of each reward against its history, which has no gaps."""
    for reward_id, status, sequence, last, newest_found, events in session.execute(_histories_asked()):
        yield (
            f"reward {reward_id}: it says {status} after event {sequence}; its history has {events or 0} events"
            f" up to number {newest_found or 0} and ends with {last or 'nothing'}"
        )


@cache
def _takings_asked() -> Executable:
    taken = _taken()
    reversed_minor, clawed_back = func.coalesce(taken.c.reversed, 0), func.coalesce(taken.c.clawed_back, 0)
    written_off = func.coalesce(taken.c.written_off, 0)
    return (
        select(Reward.id, Reward.amount_minor, Reward.status, reversed_minor, clawed_back, written_off)
        .outerjoin(taken, taken.c.reward_id == Reward.id)
        .where(
            or_(
                taken.c.reversed + taken.c.clawed_back > Reward.amount_minor,
                taken.c.reversed + taken.c.clawed_back < taken.c.written_off,
                or_(taken.c.reversed < 0, taken.c.written_off < 0),
                and_(Reward.status == "reversed", reversed_minor != Reward.amount_minor),
            )
        )
    )


def _takings(session: Session) -> Iterator[str]:
    """What was taken of each reward: never more than was granted, nor less than was given back or written off of it."""
    for reward_id, granted, status, back, owed, forgiven in session.execute(_takings_asked()):
        off = f", {forgiven} written off" if forgiven else ""
        yield (
            f"reward {reward_id}: {granted} were granted, {back} reversed and {owed} clawed back{off},"
            f" and it says {status}"
        )


@cache
def _accounts_asked() -> Executable:
    taken = _taken()
    in_account = [_sum_where(LedgerEntry.account == name).label(name) for name in _ACCOUNTS]
    first = and_(LedgerEntry.account == "expense", LedgerTransaction.reward_sequence == 1)
    books = (
        select(LedgerTransaction.reward_id.label("reward_id"), _sum_where(first).label("granted"), *in_account)
        .join(LedgerEntry, LedgerEntry.transaction_id == LedgerTransaction.id)
        .group_by(LedgerTransaction.reward_id)
        .subquery()
    )
    clawed_back = func.coalesce(taken.c.clawed_back - taken.c.written_off, 0)
    left = Reward.amount_minor - func.coalesce(taken.c.reversed, 0)
    # A reward that is rejected was never paid: what was clawed back of it is settled.
    owed = case((Reward.status == "rejected", 0), else_=clawed_back)
    # A coupon has no amount, and is in no books.
    unbooked = (Reward.kind == "coupon") != books.c.reward_id.is_(None)
    # What is redeemed of store credit is paid, the rest stands where the reward does.
    parts = select(func.coalesce(func.sum(RedemptionPart.amount_minor), 0)).where(RedemptionPart.reward_id == Reward.id)
    spent = case((Reward.kind == "credit", parts.correlate(Reward).scalar_subquery()), else_=0)
    differs: list[ColumnElement[bool]] = [books.c.clawback != -owed, unbooked]
    differs += [books.c[name] != case((Reward.status == name, left - spent), else_=0) for name in _ACCOUNTS[1:-2]]
    differs.append(books.c.paid != case((Reward.status == "paid", left), else_=spent))
    misgranted = func.coalesce(books.c.granted, 0) != -Reward.amount_minor
    return (
        select(
            *(Reward.id, Reward.status, Reward.amount_minor, left, clawed_back, books.c.granted),
            *(or_(*differs), misgranted),
            *(books.c[name] for name in _ACCOUNTS),
        )
        .outerjoin(books, books.c.reward_id == Reward.id)
        .outerjoin(taken, taken.c.reward_id == Reward.id)
        .where(or_(misgranted, *differs))
    )


def _accounts(session: Session) -> Iterator[str]:
    """What the ledger granted and holds for each reward, account by account, against what the reward says."""
    found = session.execute(_accounts_asked())
    for reward_id, status, granted, rest, back, written, is_different, is_misgranted, *held in found:
        if is_misgranted:
            yield f"reward {reward_id}: {granted} were granted, and the ledger wrote {-(written or 0)} for it"
        if is_different:
            holds = ", ".join(f"{name} {minor}" for name, minor in zip(_ACCOUNTS, held, strict=True) if minor)
            yield (
                f"reward {reward_id}: it is {status} with {rest} left and {back} clawed back;"
                f" the ledger holds {holds or 'nothing'}"
            )


@cache
def _refunds_asked() -> Executable:
    total = func.sum(Refund.applied_minor - Refund.restored_minor)
    return (
        select(Conversion.id, Conversion.amount_minor, total)
        .join(Refund, Refund.conversion_id == Conversion.id)
        .group_by(Conversion.id, Conversion.amount_minor)
        .having(total > func.coalesce(Conversion.amount_minor, 0))
    )


def _refunds(session: Session) -> Iterator[str]:
    for conversion_id, amount, refunded in session.execute(_refunds_asked()):
        yield f"conversion {conversion_id}: {refunded} were refunded of {amount or 0}"


@cache
def _waiting_refunds_asked() -> Executable:
    return (
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


def _waiting_refunds(session: Session) -> Iterator[str]:
    """Refunds that wait although what they are of is there."""
    for refund_id, conversion_id in session.execute(_waiting_refunds_asked()):
        yield f"refund {refund_id}: it waits for conversion {conversion_id}, which is there"


@cache
def _decisions_asked() -> Executable:
    return (
        select(Reward.id, Reward.amount_minor, Reward.currency)
        .outerjoin(
            RewardDecision,
            and_(
                RewardDecision.conversion_id == Reward.conversion_id,
                RewardDecision.rule_version_id == Reward.rule_version_id,
                RewardDecision.beneficiary_id == Reward.beneficiary_id,
                RewardDecision.side == Reward.side,
                RewardDecision.bond == Reward.bond,
                RewardDecision.code.in_(_EARNED),
                RewardDecision.amount_minor == Reward.amount_minor,
                RewardDecision.currency == Reward.currency,
            ),
        )
        .where(RewardDecision.conversion_id.is_(None), Reward.correction == 0)
    )


def _decisions(session: Session) -> Iterator[str]:
    """Every reward has a decision that earned exactly it; one that corrects another is counted with it elsewhere."""
    for reward_id, minor, currency in session.execute(_decisions_asked()):
        yield f"reward {reward_id}: no decision earned {minor} {currency}"


@cache
def _unrewarded_asked() -> Executable:
    return (
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
                Reward.bond == RewardDecision.bond,
                Reward.correction == 0,
            ),
        )
        .where(RewardDecision.code.in_(_EARNED), Reward.id.is_(None))
    )


def _unrewarded(session: Session) -> Iterator[str]:
    """Every decision that earned something has its reward: rewards never go away."""
    for conversion_id, rule_id, beneficiary_id, minor, currency in session.execute(_unrewarded_asked()):
        yield (
            f"conversion {conversion_id}: rule {rule_id} earned {beneficiary_id} {minor} {currency},"
            " and there is no such reward"
        )


@cache
def _undecided_asked() -> Executable:
    return (
        select(Conversion.id)
        .outerjoin(RewardDecision, RewardDecision.conversion_id == Conversion.id)
        .where(RewardDecision.conversion_id.is_(None))
    )


def _undecided(session: Session) -> Iterator[str]:
    for (conversion_id,) in session.execute(_undecided_asked()):
        yield f"conversion {conversion_id}: nothing was decided about it"


def _taken() -> Subquery:
    """What was taken back of each reward of which anything was."""
    return (
        select(
            RewardEvent.reward_id.label("reward_id"),
            func.sum(case((RewardEvent.taken_as == "reversal", RewardEvent.taken_minor), else_=0)).label("reversed"),
            func.sum(case((RewardEvent.taken_as == "clawback", RewardEvent.taken_minor), else_=0)).label("clawed_back"),
            func.sum(case((RewardEvent.taken_as == "write_off", -RewardEvent.taken_minor), else_=0)).label(
                "written_off"
            ),
        )
        .where(RewardEvent.taken_minor != 0)
        .group_by(RewardEvent.reward_id)
        .subquery()
    )


def _sum_where(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.sum(case((condition, LedgerEntry.amount_minor), else_=0))
