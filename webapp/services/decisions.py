"""Asking rules about a conversion, and keeping what they say."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from webapp.domain import facts as stored_facts
from webapp.domain.facts import Earned, Facts
from webapp.domain.outcomes import REASONS
from webapp.domain.sentences import to_stored
from webapp.models import RewardDecision
from webapp.queries.conversions import Decided
from webapp.queries.rules import Version
from webapp.services.limits import with_used
from webapp.services.rows import append


def ask(
    session: Session,
    program_id: UUID,
    version: Version,
    facts: Facts,
    *,
    beneficiary_id: UUID | None,
    referrer_id: UUID,
    time_zone: str,
    bond: int,
) -> Decided:
    """Ask a rule about a conversion; when it would pay, its limits too, which has queued for them."""
    rule = version.definition
    facts = rule.looked_at(facts)
    if rule.limits is not None and isinstance(rule.worth(facts), Earned):
        facts = with_used(session, program_id, version, facts, referrer_id=referrer_id, time_zone=time_zone)
    return answer(version, facts, beneficiary_id, bond=bond)


def answer(version: Version, facts: Facts, beneficiary_id: UUID | None, *, bond: int) -> Decided:
    """Return what a rule says of these facts alone: always the same."""
    side, said = version.definition.beneficiary, version.definition.price(facts)
    if isinstance(said, Earned):
        return Decided(version, side, beneficiary_id, said.code, said.because, facts, said.amount, bond)
    return Decided(version, side, beneficiary_id, said.code, (said.because,), facts, None, bond)


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
