"""What rules say about one conversion of a replay: whether and how much they pay, without the words for it."""

from collections.abc import Hashable, Sequence
from typing import NamedTuple

from webapp.domain.facts import Earned, Facts
from webapp.domain.money import Money
from webapp.domain.replaying.editions import Asked, Edition
from webapp.domain.replaying.happened import Happened
from webapp.domain.replaying.room import Room

SIGNUP = "signup"


class Answer(NamedTuple):
    """A rule for which a conversion is worth something, `place` being the rule's.

    In minor units: `worth` before its limits, `paid` what they leave of it, maybe 0.
    """

    place: int
    edition: Edition
    worth: int
    paid: int
    currency: str


def facts_of(happened: Happened, nth: int) -> Facts:
    """Return what rules are told of a conversion that is the friend's `nth` of its type."""
    amount = None
    if happened.amount_minor is not None and happened.currency is not None:
        amount = Money(happened.amount_minor, happened.currency)
    return Facts(happened.type, happened.occurred_at, amount, nth, happened.details or {})


def is_asked(happened: Happened, nth: int) -> bool:
    """Say whether rules are asked at all: a signup counts once."""
    return happened.type != SIGNUP or nth == 1


def decide(
    asked: Sequence[Asked],
    facts: Facts,
    rooms: Sequence[Room],
    referrer: Hashable,
    known: dict[int, Money | None],
) -> list[Answer]:
    """Return the answers of these rules about one conversion. Uses up no room.

    `known` is what was worked out about the same conversion before, by the
    identity of a definition: what a rule is worth depends on nothing else.
    """
    answers = []
    for one in asked:
        place, edition, _is_for = one
        rule = edition.definition
        key = id(rule)
        if key in known:
            worth = known[key]
        else:
            worth = known[key] = worth_of(one, facts)
        if worth is None:
            continue
        minor = worth.minor
        if rule.limits is not None:
            minor = rooms[place].left_of(minor, worth.currency, rule.limits, referrer)
        answers.append(Answer(place, edition, worth.minor, minor, worth.currency))
    return answers


def worth_of(asked: Asked, facts: Facts) -> Money | None:
    """Return what a rule pays before its limits, as `RuleDefinition.worth` says it; None when it pays nothing."""
    rule = asked.edition.definition
    if rule.starts_at is not None and facts.occurred_at < rule.starts_at:
        return None
    if rule.ends_at is not None and facts.occurred_at >= rule.ends_at:
        return None
    if asked.is_for is not None and not asked.is_for(facts):
        return None
    answer = rule.settings.reward(facts)
    return answer.amount if isinstance(answer, Earned) else None
