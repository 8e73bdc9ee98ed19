"""Asking rules about a conversion, and keeping what they say."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from webapp.domain import facts as stored_facts
from webapp.domain.exclusive import Contender, losers, same_currency
from webapp.domain.facts import Earned, Facts
from webapp.domain.outcomes import REASONS
from webapp.domain.sentences import to_stored
from webapp.models import RewardDecision
from webapp.queries.conversions import Decided
from webapp.queries.friend_counts import Place
from webapp.queries.rules import Version
from webapp.services.friend_facts import with_friends
from webapp.services.limits import with_used
from webapp.services.rows import append


@dataclass(frozen=True, slots=True)
class Asker:
    """Of whom and for whom rules are asked. `tie` tells a conversion from others at the same moment."""

    program_id: UUID
    time_zone: str
    friend_id: UUID
    referrer_id: UUID
    bond: int
    tie: str

    def beneficiary_of(self, version: Version) -> UUID:
        """Return whom a rule would pay."""
        return self.referrer_id if version.definition.beneficiary == "referrer" else self.friend_id


@dataclass(frozen=True, slots=True)
class Asked:
    """A rule, what it is asked about, and whom it would pay."""

    version: Version
    facts: Facts
    beneficiary_id: UUID | None
    bond: int


def ask(session: Session, asker: Asker, versions: Sequence[Version], facts: Facts) -> list[Decided]:
    """Ask rules, the older ones first, about a conversion that is not kept yet; whoever asks has queued for them."""
    return answer(
        [
            Asked(version, facts_for(session, asker, version, facts), asker.beneficiary_of(version), asker.bond)
            for version in versions
        ]
    )


def facts_for(
    session: Session, asker: Asker, version: Version, facts: Facts, *, conversion_id: UUID | None = None
) -> Facts:
    """Return what one rule may look at: with the friends who count, and with what is used when it would pay.

    `conversion_id` is that of a conversion that is kept already, which is left out of what is used.
    """
    rule = version.definition
    facts = with_friends(
        session,
        version,
        rule.looked_at(facts),
        friend_id=asker.friend_id,
        referrer_id=asker.referrer_id,
        place=Place(facts.occurred_at, asker.tie),
        time_zone=asker.time_zone,
    )
    return facts_with_used(session, asker, version, facts, conversion_id=conversion_id)


def facts_with_used(
    session: Session, asker: Asker, version: Version, facts: Facts, *, conversion_id: UUID | None = None
) -> Facts:
    """Return facts with what is used now of the limits of a rule that would pay."""
    if version.definition.limits is None or not isinstance(version.definition.worth(facts), Earned):
        return facts
    return with_used(
        session,
        asker.program_id,
        version,
        facts,
        referrer_id=asker.referrer_id,
        time_zone=asker.time_zone,
        without=conversion_id,
    )


def answer(asked: Sequence[Asked]) -> list[Decided]:
    """Return what rules say of these facts alone, and of those that exclude each other which one pays.

    Always the same for the same facts, the older rules first.
    """
    alone = [replace(one.facts, beaten_by=None) for one in asked]
    contenders, currency = [], None
    for one, facts in zip(asked, alone, strict=True):
        rule = one.version.definition
        said = rule.price_alone(facts) if rule.exclusive is not None else None
        contenders.append(Contender(rule.key, rule.exclusive, said.amount if isinstance(said, Earned) else None))
        currency = facts.amount.currency if facts.amount else None
    beaten = losers(contenders, currency, same_currency)
    return [
        _decided(one, replace(facts, beaten_by=beaten[place]) if place in beaten else facts)
        for place, (one, facts) in enumerate(zip(asked, alone, strict=True))
    ]


def _decided(one: Asked, facts: Facts) -> Decided:
    side, said = one.version.definition.beneficiary, one.version.definition.price(facts)
    if isinstance(said, Earned):
        return Decided(one.version, side, one.beneficiary_id, said.code, said.because, facts, said.amount, one.bond)
    return Decided(one.version, side, one.beneficiary_id, said.code, (said.because,), facts, None, one.bond)


def without_rule(code: str, facts: Facts, *, bond: int = 0) -> Decided:
    """Return what is decided where no rule is asked."""
    return Decided(None, None, None, code, (REASONS[code],), facts, None, bond)


def append_decisions(
    session: Session, conversion_id: UUID, decisions: Sequence[Decided], *, after: int, now: datetime
) -> None:
    """Keep decisions about a conversion, numbered on from `after`."""
    append(
        session,
        RewardDecision,
        [
            {
                "conversion_id": conversion_id,
                "sequence": sequence,
                "rule_version_id": decided.version.id if decided.version else None,
                "side": decided.side,
                "beneficiary_id": decided.beneficiary_id,
                "code": decided.code,
                "facts": stored_facts.to_stored(decided.facts),
                "because": [to_stored(sentence) for sentence in decided.because],
                "amount_minor": decided.amount.minor if decided.amount else None,
                "currency": decided.amount.currency if decided.amount else None,
                "decided_at": now,
                "bond": decided.bond,
            }
            for sequence, decided in enumerate(decisions, after + 1)
        ],
    )
