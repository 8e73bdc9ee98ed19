"""Conversions, what is known when one happens, and what became of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, Text, and_, bindparam, exists, func, not_, or_, select, true
from sqlalchemy.orm import Session

from webapp.domain import facts as stored_facts
from webapp.domain.facts import Facts
from webapp.domain.money import Money
from webapp.domain.sentences import Sentence, from_stored
from webapp.domain.suspicion import Doubts
from webapp.models import Conversion, Model, Refund, RewardDecision, RewardRuleVersion
from webapp.models.conversion import TIE_BREAK
from webapp.queries.bans import is_banned
from webapp.queries.erasures import is_erased
from webapp.queries.origins import known_origin, origin_columns
from webapp.queries.rules import Version, find_versions
from webapp.queries.screenings import newest_verdict
from webapp.transactions import connection_of


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a conversion meets: the program's terms, the person's referral, what was there already.

    `earlier` and `later` are how many conversions of its type the person has before and after it in time; `last_before`
    and `first_after` are when those next to it happened. An order is taken when there is a conversion of this type with
    it. What is of the referral is None for someone whom nobody referred.
    """

    rules_revision: UUID | None
    hold_days: int
    time_zone: str
    referral_id: UUID | None
    bond: int
    referrer_id: UUID | None
    link_id: UUID | None
    signed_up_at: datetime | None
    utm_source: str | None
    utm_medium: str | None
    utm_campaign: str | None
    country: str | None
    link: str | None
    earlier: int
    later: int
    last_before: datetime | None
    first_after: datetime | None
    waiting_refunds: int
    event_taken: bool
    order_taken: bool
    # How the newest look at the person came out; None when nobody looked, since nobody brought them.
    verdict: str | None
    referrer_banned: bool
    friend_banned: bool
    # Whether everything about them was erased.
    referrer_erased: bool
    friend_erased: bool

    @property
    def doubts(self) -> Doubts:
        """What is held against the person and their referrer."""
        return Doubts(self.verdict, self.referrer_banned, self.friend_banned, self.referrer_erased)

    @property
    def origin(self) -> dict[str, str]:
        """What is known of how the person came, by the names of `facts.ORIGIN`."""
        return known_origin({name: getattr(self, name) for name in stored_facts.ORIGIN})


@dataclass(frozen=True, slots=True)
class Decided:
    """What one rule said about a conversion; `version` is None where no rule was asked.

    `bond` is that of the friend for which it was decided.
    """

    version: Version | None
    side: str | None
    beneficiary_id: UUID | None
    code: str
    because: tuple[Sentence, ...]
    facts: Facts
    amount: Money | None
    bond: int = 0

    @property
    def rule_key(self) -> str | None:
        return self.version.definition.key if self.version else None


def surroundings(
    session: Session,
    program_id: UUID,
    *,
    user_id: UUID | None,
    type: str,
    occurred_at: datetime,
    event_id: str | None,
    order_id: str | None,
) -> Surroundings:
    """Read all of it at once. Conversions at the same moment count in the order of their event ids.

    What one stranger did comes neither before nor after what another did: None is nobody.
    """
    row = (
        connection_of(session)
        .execute(
            _SURROUNDINGS,
            {
                "program_id": program_id,
                "user_id": user_id,
                "type": type,
                "occurred_at": occurred_at,
                # A signup has no event id, and there is only one.
                "tie": event_id or "",
                "event_id": event_id,
                "order_id": order_id,
            },
        )
        .one()
    )
    return Surroundings(**row._mapping)


def _surroundings() -> Select[Any]:
    conversions, programs, referrals, links, refunds = (
        Model.metadata.tables[name] for name in ("conversions", "programs", "referrals", "links", "refunds")
    )
    user_id = bindparam("user_id", type_=conversions.c.user_id.type)
    at = bindparam("occurred_at", type_=conversions.c.occurred_at.type)
    # A name that was not given is NULL, which equals nothing.
    event_id, order_id = bindparam("event_id", type_=Text), bindparam("order_id", type_=Text)
    of_type = conversions.c.type == bindparam("type")
    tie = and_(conversions.c.occurred_at == at, bindparam("tie", type_=Text) > TIE_BREAK)
    before = or_(conversions.c.occurred_at < at, tie)
    # In one pass over what the same person did.
    happened = conversions.c.occurred_at
    beside = (
        select(
            func.count().filter(before).label("earlier"),
            func.count().filter(not_(before)).label("later"),
            func.max(happened).filter(before).label("last_before"),
            func.min(happened).filter(not_(before)).label("first_after"),
        )
        .where(conversions.c.user_id == user_id, of_type)
        .subquery()
    )
    here = conversions.c.program_id == programs.c.id
    named = or_(refunds.c.order_id == order_id, refunds.c.conversion_event_id == event_id)
    waiting = (refunds.c.program_id == programs.c.id, refunds.c.conversion_id.is_(None), named)
    return (
        select(
            programs.c.rules_revision,
            programs.c.hold_days,
            programs.c.time_zone,
            referrals.c.id.label("referral_id"),
            func.coalesce(referrals.c.bond, 0).label("bond"),
            referrals.c.referrer_id,
            referrals.c.link_id,
            referrals.c.created_at.label("signed_up_at"),
            *origin_columns(referrals, links, user_id),
            *(beside.c[name] for name in ("earlier", "later", "last_before", "first_after")),
            select(func.count()).select_from(refunds).where(*waiting).scalar_subquery().label("waiting_refunds"),
            exists().where(here, conversions.c.event_id == event_id).label("event_taken"),
            exists().where(here, conversions.c.order_id == order_id, of_type).label("order_taken"),
            newest_verdict(user_id, referrals.c.bond).label("verdict"),
            is_banned(referrals.c.referrer_id).label("referrer_banned"),
            is_banned(user_id).label("friend_banned"),
            is_erased(referrals.c.referrer_id).label("referrer_erased"),
            is_erased(user_id).label("friend_erased"),
        )
        .select_from(programs)
        .outerjoin(
            referrals,
            and_(referrals.c.program_id == programs.c.id, referrals.c.friend_id == user_id),
        )
        .outerjoin(links, links.c.id == referrals.c.link_id)
        .join(beside, true())
        .where(programs.c.id == bindparam("program_id"))
    )


# Built once: building them costs more than running them.
_SURROUNDINGS = _surroundings()
_OF_PROGRAM = Conversion.program_id == bindparam("program_id", type_=Conversion.program_id.type)
_BY_EVENT = select(Conversion).where(_OF_PROGRAM, Conversion.event_id == bindparam("event_id"))
_BY_ORDER = select(Conversion).where(_OF_PROGRAM, Conversion.order_id == bindparam("order_id"))
_WENT_BACK = select(
    func.coalesce(func.sum(Refund.applied_minor - Refund.restored_minor), 0),
    func.count().filter(Refund.won_at.is_(None)),
).where(Refund.conversion_id == bindparam("conversion_id", type_=Refund.conversion_id.type))
_DECISIONS = (
    select(
        *(RewardDecision.conversion_id, RewardDecision.rule_version_id, RewardDecision.side, RewardDecision.bond),
        *(RewardDecision.beneficiary_id, RewardDecision.code, RewardDecision.because, RewardDecision.facts),
        *(RewardDecision.amount_minor, RewardDecision.currency),
    )
    .where(RewardDecision.conversion_id.in_(bindparam("ids", type_=RewardDecision.conversion_id.type, expanding=True)))
    .order_by(RewardDecision.conversion_id, RewardDecision.sequence)
)
# With those of before any rule was asked, which it takes the place of.
_DECISIONS_OF_RULE = _DECISIONS.where(
    or_(
        RewardDecision.rule_version_id.is_(None),
        RewardDecision.rule_version_id.in_(
            select(RewardRuleVersion.id).where(
                RewardRuleVersion.rule_id == bindparam("rule_id", type_=RewardRuleVersion.rule_id.type)
            )
        ),
    )
)


def find_by_event(session: Session, program_id: UUID, event_id: str) -> Conversion | None:
    """Return the conversion to which the business gave this id."""
    return session.scalars(_BY_EVENT, {"program_id": program_id, "event_id": event_id}).one_or_none()


def list_by_order(session: Session, program_id: UUID, order_id: str) -> Sequence[Conversion]:
    """Return the conversions of an order: several when it has several types."""
    return session.scalars(_BY_ORDER, {"program_id": program_id, "order_id": order_id}).all()


def refunds_of(session: Session, conversion_id: UUID) -> tuple[int, int]:
    """Return how much of a conversion went back, in minor units, and by how many refunds and disputes that stand."""
    minor, count = session.execute(_WENT_BACK, {"conversion_id": conversion_id}).one()
    return int(minor or 0), count


def decisions_of(session: Session, conversion_id: UUID) -> list[Decided]:
    """Return what holds for a conversion: the newest decision of each rule."""
    return decisions_of_many(session, [conversion_id]).get(conversion_id, [])


def decisions_of_many(
    session: Session, conversion_ids: Sequence[UUID], *, rule_id: UUID | None = None
) -> dict[UUID, list[Decided]]:
    """Return what holds for each of these conversions, the rules by age; of one rule alone if it is named."""
    found: dict[UUID, dict[UUID | None, _Stored]] = {}
    for row, version in _all_decisions(session, conversion_ids, rule_id):
        by_rule = found.setdefault(row.conversion_id, {})
        if version is None:
            by_rule.clear()
        else:
            by_rule.pop(None, None)
        # The place of the first decision stays; the words of the last one count.
        by_rule[version.rule_id if version else None] = (row, version)
    return {conversion_id: [_decided(*one) for one in by_rule.values()] for conversion_id, by_rule in found.items()}


def decisions_behind(session: Session, conversion_id: UUID, *, bond: int) -> list[Decided]:
    """Return the newest decision of each rule for one bond, whether it holds or not: what its rewards rest on."""
    found = _all_decisions(session, [conversion_id])
    newest = {version.rule_id: (row, version) for row, version in found if version and row.bond == bond}
    return [_decided(*one) for one in newest.values()]


# A decision as it is stored, and the version that decided, if any did. Most are read only to see which came last.
_Stored = tuple[Row[Any], Version | None]


def _all_decisions(session: Session, conversion_ids: Sequence[UUID], rule_id: UUID | None = None) -> list[_Stored]:
    asked = _DECISIONS if rule_id is None else _DECISIONS_OF_RULE
    rows = session.execute(asked, {"ids": list(conversion_ids), "rule_id": rule_id}).all()
    versions = find_versions(session, [row.rule_version_id for row in rows if row.rule_version_id])
    return [(row, versions[row.rule_version_id] if row.rule_version_id else None) for row in rows]


def _decided(row: Row[Any], version: Version | None) -> Decided:
    facts: dict[str, Any] = row.facts
    return Decided(
        version=version,
        side=row.side,
        beneficiary_id=row.beneficiary_id,
        code=row.code,
        because=tuple(from_stored(sentence) for sentence in row.because),
        facts=stored_facts.from_stored(facts),
        amount=None if row.amount_minor is None or row.currency is None else Money(row.amount_minor, row.currency),
        bond=row.bond,
    )
