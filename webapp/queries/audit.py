"""The audit log: what was done, and whether it is whole."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from webapp.domain.audit import BEGINNING, Act, entry_hash
from webapp.domain.money import Money
from webapp.domain.worth import Worth
from webapp.models import ApiKey, AuditEntry, CouponCode, Program, Reward, RewardRule, RewardRuleVersion, User
from webapp.queries.paging import UnknownCursorError

# Details that are ids of people.
REFERRERS = ("referrer_before", "referrer_after")

ROWS_AT_A_TIME = 5_000
PAGE = 50


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries: each None is any. `since` is included, `until` is not."""

    action: str | None = None
    # "command", "system" or "api": what did it when it was nobody in particular.
    actor: str | None = None
    actor_id: UUID | None = None
    subject: str | None = None
    subject_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One act as it is stored."""

    id: UUID
    sequence: int
    at: datetime
    actor: str
    actor_id: UUID | None
    action: str
    subject: str
    subject_id: UUID | None
    details: dict[str, Any]
    hash: str


def list_entries(
    session: Session, program_id: UUID, wanted: Wanted, *, before: UUID | None = None, limit: int = PAGE
) -> tuple[list[Entry], UUID | None]:
    """Return entries, the latest first, and where the next page begins.

    `before` is the cursor that the page before answered with; any other raises UnknownCursorError. Entries are
    ordered by their number, not by the clock.
    """
    conditions = _conditions(program_id, wanted)
    if before is not None:
        number = session.scalar(select(AuditEntry.sequence).where(AuditEntry.id == before, *conditions))
        if number is None:
            raise UnknownCursorError
        conditions.append(AuditEntry.sequence < number)
    columns = [getattr(AuditEntry, name) for name in Entry.__slots__]
    query = select(*columns).where(*conditions).order_by(AuditEntry.sequence.desc()).limit(limit + 1)
    rows = [Entry(*row) for row in session.execute(query)]
    return rows[:limit], rows[limit - 1].id if len(rows) > limit else None


def count_entries(session: Session, program_id: UUID, wanted: Wanted) -> int:
    """Return how many entries there are."""
    return session.scalar(select(func.count()).select_from(AuditEntry).where(*_conditions(program_id, wanted))) or 0


def people_in_log(session: Session, program_id: UUID) -> list[tuple[UUID, str]]:
    """Return whoever did something that is in the log, by name."""
    acted = select(AuditEntry.actor_id).where(AuditEntry.program_id == program_id, AuditEntry.actor == "person")
    found = session.execute(select(User.id, User.name).where(User.id.in_(acted)).order_by(User.name, User.id))
    return [(person_id, name) for person_id, name in found]


@dataclass(frozen=True, slots=True)
class NamedKey:
    """What a key is called, and whether it was revoked."""

    name: str
    revoked: bool


@dataclass(frozen=True, slots=True)
class NamedReward:
    """A reward by what it is worth, and whose it is."""

    worth: Worth
    beneficiary_name: str


@dataclass(frozen=True, slots=True)
class Names:
    """What the ids of entries stand for today. Who was deleted is missing."""

    people: dict[UUID, str]
    keys: dict[UUID, NamedKey]
    rules: dict[UUID, str]
    rewards: dict[UUID, NamedReward]
    coupons: dict[str, str] = field(default_factory=dict)


def names_of(session: Session, program_id: UUID, entries: Sequence[Entry]) -> Names:
    """Look up what entries of a program are about."""

    def ids(subject: str, actor: str = "") -> set[UUID]:
        about = {entry.subject_id for entry in entries if entry.subject == subject}
        by = {entry.actor_id for entry in entries if entry.actor == actor}
        return {one for one in about | by if one is not None}

    told = {UUID(entry.details[name]) for entry in entries for name in REFERRERS if name in entry.details}
    people = _found(
        session, select(User.id, User.name).where(User.program_id == program_id), User.id, ids("user", "person") | told
    )
    keys = _found(
        session,
        select(ApiKey.id, ApiKey.name, ApiKey.revoked_at).where(ApiKey.program_id == program_id),
        ApiKey.id,
        ids("key", "api"),
    )
    rules = _found(
        session,
        # The rule's own row holds the number of its newest version nowhere; the newest has the highest.
        select(RewardRuleVersion.rule_id, RewardRuleVersion.definition)
        .join(RewardRule, RewardRule.id == RewardRuleVersion.rule_id)
        .where(RewardRule.program_id == program_id)
        .order_by(RewardRuleVersion.number),
        RewardRuleVersion.rule_id,
        ids("rule"),
    )
    rewards = _found(
        session,
        select(Reward.id, Reward.amount_minor, Reward.currency, Reward.kind, User.name)
        .join(User, User.id == Reward.beneficiary_id)
        .where(Reward.program_id == program_id),
        Reward.id,
        ids("reward"),
    )
    coupons = _found(
        session,
        select(CouponCode.id, CouponCode.code).where(CouponCode.program_id == program_id),
        CouponCode.id,
        {UUID(entry.details["coupon"]) for entry in entries if "coupon" in entry.details},
    )
    return Names(
        people={row.id: row.name for row in people},
        keys={key_id: NamedKey(name, revoked_at is not None) for key_id, name, revoked_at in keys},
        rules={rule_id: definition["name"] for rule_id, definition in rules},
        rewards={
            reward_id: NamedReward(Worth(kind, Money(minor, currency)), name)
            for reward_id, minor, currency, kind, name in rewards
        },
        coupons={str(coupon_id): code for coupon_id, code in coupons},
    )


@dataclass(frozen=True, slots=True)
class Breach:
    """Something that is wrong with the log at one number."""

    kind: Literal["missing", "broken"]
    sequence: int


@dataclass(frozen=True, slots=True)
class Checked:
    """What a look at every entry found; `last_hash` is of the last one, None for an empty log."""

    entries: int
    breaches: tuple[Breach, ...]
    last_hash: str | None


def check_log(session: Session, program_id: UUID) -> Checked:
    """Compute every hash of a program's log again."""
    count, last_hash, found = 0, None, []
    for entry, breaches_here in _walk(session, program_id):
        count, last_hash = count + 1, entry.hash
        found += breaches_here
    return Checked(count, tuple(found), last_hash)


def breaches(session: Session) -> Iterator[str]:
    """Yield a line for every entry that is altered, missing or out of its place."""
    for program_id, slug in session.execute(select(Program.id, Program.slug).order_by(Program.slug)):
        for _entry, found in _walk(session, program_id):
            for breach in found:
                said = "is missing" if breach.kind == "missing" else "does not follow from the one before it"
                yield f"program {slug}: entry {breach.sequence} of the audit log {said}"


def _walk(session: Session, program_id: UUID) -> Iterator[tuple[AuditEntry, list[Breach]]]:
    before, expected = BEGINNING, 1
    entries = session.scalars(
        select(AuditEntry)
        .where(AuditEntry.program_id == program_id)
        .order_by(AuditEntry.sequence)
        .execution_options(yield_per=ROWS_AT_A_TIME)
    )
    for entry in entries:
        found = [] if entry.sequence == expected else [Breach("missing", expected)]
        act = Act(**{field: getattr(entry, field) for field in Act.__slots__})
        if entry_hash(before, act) != entry.hash:
            found.append(Breach("broken", entry.sequence))
        yield entry, found
        before, expected = entry.hash, entry.sequence + 1


def _conditions(program_id: UUID, wanted: Wanted) -> list[ColumnElement[bool]]:
    exact = ("action", "actor", "actor_id", "subject", "subject_id")
    conditions = [AuditEntry.program_id == program_id]
    conditions += [getattr(AuditEntry, name) == value for name in exact if (value := getattr(wanted, name)) is not None]
    if wanted.since is not None:
        conditions.append(AuditEntry.at >= wanted.since)
    if wanted.until is not None:
        conditions.append(AuditEntry.at < wanted.until)
    return conditions


def _found(session: Session, query: Any, by: Any, ids: set[UUID]) -> Sequence[Any]:
    return session.execute(query.where(by.in_(ids))).all() if ids else ()
