"""What a rule would pay in other cases near a given one, found where its answer changes."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

from webapp.domain.condition_fields import METADATA, field_named
from webapp.domain.conditions import Condition
from webapp.domain.facts import Earned, Facts, Skipped
from webapp.domain.friend_steps import MOST_FRIENDS
from webapp.domain.money import EXPONENTS, Money
from webapp.domain.periods import months_later
from webapp.domain.registry import Months, counting_of, kind_of
from webapp.domain.rules import RuleDefinition
from webapp.domain.sentences import N_, NN_, Sentence, counted

MOST_CASES = 5
# Of an account, in days.
LONGEST_AGE = 36_500
_DAY = timedelta(days=1)
_DAYS_AFTER = NN_("one day after the signup", "%(days)s days after the signup")
_WITH_FRIENDS = NN_("With one friend who counts", "With %(friends)s friends who count")
_MONTHS_AFTER = NN_("one month after the signup", "%(months)s months after the signup")


@dataclass(frozen=True, slots=True)
class Case:
    """A conversion in words, and what the rule makes of it."""

    about: Sentence
    answer: Earned | Skipped
    of_step: bool = False


def with_friends(rule: RuleDefinition, facts: Facts, friends: int) -> Facts:
    """Return facts by which a referrer has so many friends who count, this one included; for kinds that count them.

    A friend is one more unless they counted before, by a purchase like this one.
    """
    if counting_of(rule.settings) is None:
        return facts
    earlier = (nth for nth in (1, *_numbers(rule, facts), facts.nth_purchase - 1) if 1 <= nth < facts.nth_purchase)
    counted_before = rule.trigger != "signup" and any(
        rule.qualifies(replace(facts, nth_purchase=nth)) for nth in earlier
    )
    return replace(facts, friends=friends, is_new_friend=not counted_before)


def more_cases(rule: RuleDefinition, facts: Facts) -> tuple[Case, ...]:
    """Return cases near `facts`: every step of the kind, then up to `MOST_CASES` others.

    Those are the next purchase, and cases for which the answer differs.
    """
    answer = _outcome(rule.price(facts))
    seen, cases = [facts], []
    steps = tuple(Case(words, rule.price(other), of_step=True) for words, other in _steps(rule, facts))
    for words, neighbour in _neighbours(rule, facts):
        other = neighbour if facts.friends is None else with_friends(rule, neighbour, facts.friends)
        if other in seen:
            continue
        seen.append(other)
        priced = rule.price(other)
        following = rule.trigger != "signup" and other.nth_purchase == facts.nth_purchase + 1
        if _outcome(priced) != answer or following:
            cases.append(Case(words, priced))
    return (*steps, *cases[:MOST_CASES])


def _steps(rule: RuleDefinition, facts: Facts) -> Iterator[tuple[Sentence, Facts]]:
    """Other numbers of friends: those of the steps, and the one before the first."""
    counting = counting_of(rule.settings)
    numbers = (counting.steps[0] - 1, *counting.steps) if counting else ()
    for friends in numbers:
        if 1 <= friends <= MOST_FRIENDS and friends != facts.friends:
            # Each of them is reached by a friend who is one more.
            one_more = replace(facts, friends=friends, is_new_friend=True)
            yield counted(_WITH_FRIENDS, friends, {"friends": friends}), one_more


def _outcome(answer: Earned | Skipped) -> object:
    return answer.amount if isinstance(answer, Earned) else answer.code


def _neighbours(rule: RuleDefinition, facts: Facts) -> Iterator[tuple[Sentence, Facts]]:
    for nth in _numbers(rule, facts) if rule.trigger != "signup" else ():
        yield _about(rule, facts.amount, nth), replace(facts, nth_purchase=nth)
    for condition in _conditions(rule):
        if condition.field == "amount" and condition.currency and isinstance(condition.value, int):
            minor = condition.value + {">=": -1, "<=": 1, "=": 1}.get(condition.op, 0)
            if minor >= 0:
                beyond = Money(minor, condition.currency)
                yield _about(rule, beyond, facts.nth_purchase), replace(facts, amount=beyond)
        if condition.field in ("amount", "currency") and facts.amount is not None:
            other = _in_another_currency(facts.amount)
            yield _about(rule, other, facts.nth_purchase), replace(facts, amount=other)
        known = field_named(condition.field)
        # An empty text equals no value that a condition can name.
        if known is not None and known.source == "details":
            name = condition.field.removeprefix(METADATA)
            words = Sentence(N_("“%(name)s” is something else, or not reported"), {"name": name})
            yield words, replace(facts, details={**facts.details, name: ""})
        elif known is not None and known.source == "origin":
            words = Sentence(N_("%(field)s is something else, or not known"), {"field": Sentence(known.label)})
            yield words, replace(facts, origin={**facts.origin, known.name: ""})
    yield from _other_ages(rule, facts)


def _other_ages(rule: RuleDefinition, facts: Facts) -> Iterator[tuple[Sentence, Facts]]:
    """Signups so long before that the answer may change."""
    for condition in _conditions(rule):
        if condition.field == "account_age_days":
            values = condition.value if isinstance(condition.value, tuple) else (condition.value,)
            numbers = [value for value in values if isinstance(value, int) and value <= LONGEST_AGE]
            for days in (near for value in numbers for near in (value - 1, value, value + 1) if near >= 0):
                when = counted(_DAYS_AFTER, days, {"days": days})
                yield _about_when(rule, facts, when), replace(facts, signed_up_at=facts.occurred_at - days * _DAY)
    for setting in kind_of(rule.settings).fields:
        months = getattr(rule.settings, setting.name)
        if setting.takes is Months and months is not None:
            when = counted(_MONTHS_AFTER, months, {"months": months})
            signed_up_at = months_later(facts.occurred_at, -months)
            yield _about_when(rule, facts, when), replace(facts, signed_up_at=signed_up_at)


def _about_when(rule: RuleDefinition, facts: Facts, when: Sentence) -> Sentence:
    values = {"case": _about(rule, facts.amount, facts.nth_purchase), "when": when}
    return Sentence(N_("%(case)s, %(when)s"), values)


def _numbers(rule: RuleDefinition, facts: Facts) -> Iterator[int]:
    """Numbers of purchases at which the answer may change."""
    yield facts.nth_purchase + 1
    for condition in _conditions(rule):
        if condition.field == "nth_purchase":
            values = condition.value if isinstance(condition.value, tuple) else (condition.value,)
            numbers = [value for value in values if isinstance(value, int)]
            yield from (near for value in numbers for near in (value - 1, value, value + 1) if near >= 1)
    for setting in kind_of(rule.settings).fields:
        if setting.takes is int and (most := getattr(rule.settings, setting.name)) is not None:
            yield most + 1


def _conditions(rule: RuleDefinition) -> tuple[Condition, ...]:
    return (*rule.when.all_of, *rule.when.any_of) if rule.when else ()


def _about(rule: RuleDefinition, amount: Money | None, nth: int) -> Sentence:
    if amount is None:
        return Sentence(N_("Number %(nth)s, without an amount"), {"nth": nth})
    if rule.trigger == "signup":
        return Sentence(N_("%(amount)s"), {"amount": amount})
    words = N_("%(amount)s, purchase %(nth)s") if rule.trigger == "purchase" else N_("%(amount)s, number %(nth)s")
    return Sentence(words, {"amount": amount, "nth": nth})


def _in_another_currency(amount: Money) -> Money:
    """Return about as many major units of another currency with as many decimals."""
    other = "EUR" if amount.currency != "EUR" else "USD"
    return Money(amount.minor * 10 ** EXPONENTS[other] // 10 ** EXPONENTS[amount.currency], other)
