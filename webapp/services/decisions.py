"""Asking rules about a conversion, and keeping what they say."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from webapp.domain import facts as stored_facts
from webapp.domain.exclusive import Contender, losers
from webapp.domain.facts import Earned, Facts
from webapp.domain.outcomes import REASONS
from webapp.domain.quotes import convert
from webapp.domain.sentences import to_stored
from webapp.models import RewardDecision
from webapp.queries.conversions import Decided
from webapp.queries.friend_counts import Place
from webapp.queries.rules import Version
from webapp.services.friend_facts import with_friends
from webapp.services.limits import with_used
from webapp.services.quotes import with_quotes
from webapp.services.rows import append


@dataclass(frozen=True, slots=True)
class Asker:
    """Of whom and for whom rules are asked, and when what they are asked about was told.

    `tie` tells a conversion from others at the same moment.
    """

    program_id: UUID
    time_zone: str
    friend_id: UUID
    referrer_id: UUID
    bond: int
    tie: str
    told_at: datetime

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
    asked = [
        Asked(version, facts_for(session, asker, version, facts), asker.beneficiary_of(version), asker.bond)
        for version in versions
    ]
    return answer(with_group_quotes(session, asker.program_id, asked, told_at=asker.told_at))


def facts_for(
    session: Session, asker: Asker, version: Version, facts: Facts, *, conversion_id: UUID | None = None
) -> Facts:
    """Return what one rule may look at: with the friends who count, and with what is used when it would pay.

    Exchange quotes are read only where currencies have to be compared; those that the facts hold already stay.
    `conversion_id` is that of a conversion that is kept already, which is left out of what is used.
    """
    rule = version.definition
    facts = rule.looked_at(facts)
    if rule.when is not None:
        facts = with_quotes(session, asker.program_id, facts, rule.when.pairs(facts), told_at=asker.told_at)
    facts = with_friends(
        session,
        version,
        facts,
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
    limits, worth = version.definition.limits, version.definition.worth(facts)
    if limits is None or not isinstance(worth, Earned):
        return facts
    facts = with_quotes(session, asker.program_id, facts, limits.pairs(worth.amount), told_at=asker.told_at)
    return with_used(
        session,
        asker.program_id,
        version,
        facts,
        referrer_id=asker.referrer_id,
        time_zone=asker.time_zone,
        without=conversion_id,
    )


def with_group_quotes(session: Session, program_id: UUID, asked: Sequence[Asked], *, told_at: datetime) -> list[Asked]:
    """Return rules with the quotes by which those of a group are compared, where they pay in several currencies."""
    contenders, found = _contenders(asked), []
    for one, contender in zip(asked, contenders, strict=True):
        group = [other.amount for other in contenders if contender.group and other.group == contender.group]
        # What has no amount, a coupon, is not compared as money.
        money = [amount for amount in group if amount and amount.minor]
        currencies = {_currency(asked) or amount.currency for amount in money[:1]}
        currencies |= {amount.currency for amount in money}
        own = {contender.amount.currency} if contender.amount and contender.amount.minor else set()
        pairs = {frozenset((currency, other)) for currency in own for other in currencies if currency != other}
        if pairs:
            one = replace(one, facts=with_quotes(session, program_id, one.facts, pairs, told_at=told_at))
        found.append(one)
    return found


def _contenders(asked: Sequence[Asked]) -> list[Contender]:
    contenders = []
    for one in asked:
        rule = one.version.definition
        said = rule.price_alone(one.facts) if rule.exclusive is not None else None
        contenders.append(Contender(rule.key, rule.exclusive, said.amount if isinstance(said, Earned) else None))
    return contenders


def _currency(asked: Sequence[Asked]) -> str | None:
    amount = asked[0].facts.amount if asked else None
    return amount.currency if amount else None


def answer(asked: Sequence[Asked]) -> list[Decided]:
    """Return what rules say of these facts alone, and of those that exclude each other which one pays.

    Always the same for the same facts, the older rules first.
    """
    alone = [replace(one.facts, beaten_by=None) for one in asked]
    quotes = tuple(quote for facts in alone for quote in facts.quotes)
    beaten = losers(_contenders(asked), _currency(asked), lambda amount, currency: convert(amount, currency, quotes))
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
