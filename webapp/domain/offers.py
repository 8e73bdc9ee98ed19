"""What a program offers its referrers and their friends, where its rules can be said in few words."""

from collections.abc import Iterable
from dataclasses import dataclass

from webapp.domain.money import Money, Percent
from webapp.domain.reward_rules.fixed_amount import FixedAmount
from webapp.domain.reward_rules.percent_of_purchase import PercentOfPurchase
from webapp.domain.rewards import Form
from webapp.domain.rules import RuleDefinition

# What a rule may hold beside its kind that few words could not do justice to.
_SMALL_PRINT = ("when", "limits", "exclusive", "starts_at", "ends_at")
_TRIGGERS = ("signup", "purchase")


@dataclass(frozen=True, slots=True)
class Promise:
    """What one rule pays and for what; of the friend's first `orders` only, when that is not None."""

    what: Money | Percent
    trigger: str
    orders: int | None = None
    form: Form = "cash"


@dataclass(frozen=True, slots=True)
class Offer:
    """What the friend gets (`give`) and what the referrer gets for it (`get`); None for nothing."""

    give: Promise | None
    get: Promise | None


def offer_of(live: Iterable[RuleDefinition]) -> Offer | None:
    """Return what these rules promise, or None where they are too many or too particular for one sentence."""
    promises: dict[str, list[Promise | None]] = {"referrer": [], "friend": []}
    for rule in live:
        promises[rule.beneficiary].append(_promise(rule))
    if any(len(made) > 1 or None in made for made in promises.values()):
        return None
    give, get = ((promises[side] or [None])[0] for side in ("friend", "referrer"))
    return Offer(give, get) if give or get else None


def _promise(rule: RuleDefinition) -> Promise | None:
    if rule.trigger not in _TRIGGERS or any(name in rule.table() for name in _SMALL_PRINT):
        return None
    settings = rule.settings
    if isinstance(settings, FixedAmount) and rule.reward in ("cash", "credit"):
        return Promise(Money(int(settings.amount), str(settings.currency)), rule.trigger, form=rule.reward)
    if rule.reward != "cash":
        return None
    if isinstance(settings, PercentOfPurchase) and rule.trigger == "purchase":
        return Promise(settings.percent, rule.trigger, settings.first_purchases)
    return None
