"""What rules say about one conversion of a replay: whether and how much they pay, without the words for it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from webapp.domain.exclusive import Contender, losers
from webapp.domain.facts import Earned, Facts
from webapp.domain.money import Money
from webapp.domain.quotes import Quote, convert
from webapp.domain.replaying.editions import Asked, Edition
from webapp.domain.replaying.friends import Friends
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


class Decisions(NamedTuple):
    """What rules say about one conversion: those that pay, and what each was told that was not told to all."""

    answers: list[Answer]
    told: dict[int, Facts]


def facts_of(happened: Happened, nth: int, quotes: tuple[Quote, ...] = ()) -> Facts:
    """Return what rules are told of a conversion that is the friend's `nth` of its type, and the quotes that count."""
    amount = None
    if happened.amount_minor is not None and happened.currency is not None:
        amount = Money(happened.amount_minor, happened.currency)
    return Facts(
        happened.type,
        happened.occurred_at,
        amount,
        nth,
        happened.details or {},
        quotes=quotes,
        origin=happened.origin or {},
        signed_up_at=happened.signed_up_at,
    )


def is_asked(happened: Happened, nth: int) -> bool:
    """Say whether rules are asked at all: a signup counts once."""
    return happened.type != SIGNUP or nth == 1


def decide(
    asked: Sequence[Asked],
    facts: Facts,
    rooms: Sequence[Room],
    friends: Sequence[Friends],
    happened: Happened,
    known: dict[int, Money | None],
) -> Decisions:
    """Return the answers of these rules about one conversion. Uses up no room.

    `known` is what was worked out about the same conversion before, by the
    identity of a definition: what a rule is worth depends on nothing else,
    unless it counts friends.
    """
    answers: list[Answer] = []
    told: dict[int, Facts] = {}
    groups = False
    for one in asked:
        place, edition, _is_for = one
        rule = edition.definition
        key = id(rule)
        if friends[place].periods:
            told[place] = friends[place].told(one, facts, happened)
            worth = worth_of(one, told[place])
        elif key in known:
            worth = known[key]
        else:
            worth = known[key] = worth_of(one, facts)
        if worth is None:
            continue
        minor = worth.minor
        if rule.limits is not None:
            minor = rooms[place].left_of(minor, worth.currency, rule.limits, happened.referrer, facts.quotes)
        answers.append(Answer(place, edition, worth.minor, minor, worth.currency))
        groups = groups or rule.exclusive is not None
    return Decisions(_without_losers(answers, told, facts) if groups else answers, told)


def _without_losers(answers: Sequence[Answer], told: dict[int, Facts], facts: Facts) -> list[Answer]:
    """Leave out the rules of a group that do not pay, and note what beats them."""
    contenders = []
    for one in answers:
        rule = one.edition.definition
        contenders.append(Contender(rule.key, rule.exclusive, Money(one.paid, one.currency) if one.paid else None))
    currency = facts.amount.currency if facts.amount else None
    beaten = losers(contenders, currency, lambda amount, into: convert(amount, into, facts.quotes))
    for at, better in beaten.items():
        place = answers[at].place
        told[place] = replace(told.get(place, facts), beaten_by=better)
    return [one for at, one in enumerate(answers) if at not in beaten]


def worth_of(asked: Asked, facts: Facts) -> Money | None:
    """Return what a rule pays before its limits, as `RuleDefinition.worth` says it; None when it pays nothing."""
    rule = asked.edition.definition
    if rule.reward == "coupon":
        # It has no amount, and loses to whatever has one.
        return None
    if rule.starts_at is not None and facts.occurred_at < rule.starts_at:
        return None
    if rule.ends_at is not None and facts.occurred_at >= rule.ends_at:
        return None
    if asked.is_for is not None and not asked.is_for(facts):
        return None
    answer = rule.settings.reward(facts)
    return answer.amount if isinstance(answer, Earned) else None
