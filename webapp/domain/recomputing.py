"""Pricing a stored decision again: the same facts and the same version of the rule have to give the same cents."""

from dataclasses import dataclass

from webapp.domain.facts import Earned, Facts
from webapp.domain.money import Money
from webapp.domain.rules import RuleDefinition
from webapp.domain.sentences import Sentence


@dataclass(frozen=True, slots=True)
class Price:
    """What a rule answers: a reason code, and the amount when it pays."""

    code: str
    amount: Money | None


def price_again(rule: RuleDefinition, facts: Facts) -> Price:
    """Return what the rule answers to these facts now."""
    answer = rule.price(facts)
    if isinstance(answer, Earned):
        return Price(answer.code, answer.amount)
    return Price(answer.code, None)


def differs(rule: RuleDefinition, facts: Facts, stored: Price) -> Price | None:
    """Return what the rule answers now when it is not what was stored; None when it is the same to the cent."""
    again = price_again(rule, facts)
    return None if again == stored else again


def conditions_again(rule: RuleDefinition, facts: Facts) -> list[tuple[bool, Sentence]]:
    """Say of each condition of a rule whether it holds of these facts; none for a rule without any."""
    if rule.when is None:
        return []
    checks = rule.when.check(facts)
    return [(check.holds, check.because) for check in (*checks.all_of, *checks.any_of)]


def limits_again(rule: RuleDefinition, facts: Facts) -> list[tuple[bool, Sentence]]:
    """Say of each limit of a rule whether it leaves all of the reward; none where there is no limit or no reward."""
    worth = rule.worth(facts)
    if rule.limits is None or not isinstance(worth, Earned):
        return []
    return [
        (check.outcome == "full", check.because) for check in rule.limits.check(worth.amount, facts.used, facts.quotes)
    ]
