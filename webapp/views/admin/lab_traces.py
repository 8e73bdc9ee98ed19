"""Both traces of a conversion side by side: what each rule looked at and what it says, as it was and in the draft."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask_babel import gettext as _

from webapp.domain.facts import Earned
from webapp.domain.money import Money
from webapp.domain.recomputing import conditions_again, limits_again
from webapp.domain.replaying.told import Changed, Trace
from webapp.formatting import money, number, say
from webapp.views.admin.reward_words import SIDES
from webapp.views.admin.rule_boxes import RuleBox, Verdict, looked_at


@dataclass(frozen=True, slots=True)
class TraceBox:
    """One rule on one side: which version it was, what it said, and what is left of that after refunds; "" when all."""

    title: str
    box: RuleBox
    kept: str


@dataclass(frozen=True, slots=True)
class SideBySide:
    """The rules that differ, on both sides; and what all others pay for it on either side, "" when that is nothing."""

    paid: list[TraceBox]
    draft: list[TraceBox]
    others: str


def side_by_side(changed: Changed) -> SideBySide:
    """Ask the rules again, in words."""
    currency = changed.pair.currency
    # A rule pays in one currency for one conversion, whichever that is.
    differing = sum(trace.kept_minor for trace in changed.paid if trace.currency == currency)
    others = changed.pair.paid - differing
    said = _("Rules that are the same on both sides pay %(amount)s more.", amount=money(Money(others, currency)))
    return SideBySide(_boxes(changed.paid), _boxes(changed.draft), said if others else "")


def _boxes(traces: Sequence[Trace]) -> list[TraceBox]:
    return [_box(trace) for trace in traces]


def _box(trace: Trace) -> TraceBox:
    rule, facts, version = trace.edition.definition, trace.facts, trace.edition.number
    said = rule.price(facts)
    amount = said.amount if isinstance(said, Earned) else None
    because = said.because if isinstance(said, Earned) else (said.because,)
    kept = ""
    if amount is not None and trace.kept_minor != amount.minor:
        kept = _("%(amount)s are left of it after refunds.", amount=money(Money(trace.kept_minor, amount.currency)))
    return TraceBox(
        title=_("“%(rule)s”, version %(number)s", rule=rule.name, number=number(version))
        if version is not None
        else _("“%(rule)s”, the draft", rule=rule.name),
        box=RuleBox(
            name=rule.name,
            key=rule.key,
            version=version or 0,
            side=SIDES[rule.beneficiary](),
            amount=money(amount) if amount else "",
            code=said.code,
            facts=looked_at(facts),
            because=[say(sentence) for sentence in because],
            conditions=[Verdict(holds, say(sentence)) for holds, sentence in conditions_again(rule, facts)],
            limits=[Verdict(holds, say(sentence)) for holds, sentence in limits_again(rule, facts)],
        ),
        kept=kept,
    )
