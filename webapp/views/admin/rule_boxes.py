"""What each rule said about a conversion, in words: what it looked at, how it came out, and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from flask_babel import gettext as _

from webapp.domain.condition_fields import FIELDS
from webapp.domain.facts import Facts
from webapp.domain.recomputing import conditions_again, limits_again
from webapp.formatting import money, number, say
from webapp.queries.conversions import Decided
from webapp.queries.rules import Version
from webapp.views.admin.reward_words import SIDES, type_label
from webapp.views.worth import worth_text


@dataclass(frozen=True, slots=True)
class Verdict:
    """A condition or a limit of a rule: whether it let the reward through, in the words of the domain."""

    holds: bool
    text: str


@dataclass(frozen=True, slots=True)
class RuleBox:
    """What one rule said: the version that was live, the facts it looked at, and each sentence that is stored.

    `amount` is empty where it paid nothing. `code` is the reason code as it is stored. The verdicts are those of the
    rule's conditions and limits, come to again from the stored facts. `beaten_by` is the rule that pays in its stead,
    id and name.
    """

    name: str
    key: str
    version: int
    side: str
    amount: str
    code: str
    facts: list[tuple[str, str]]
    because: list[str]
    conditions: list[Verdict]
    limits: list[Verdict]
    beaten_by: tuple[UUID, str] | None = None


def rule_boxes(decisions: Sequence[Decided]) -> list[RuleBox]:
    """Put what each rule said into words."""
    versions = [decided.version for decided in decisions if decided.version]
    by_key = {version.definition.key: version for version in versions}
    return [_box(decided, decided.version, by_key) for decided in decisions if decided.version]


def rules_heading(boxes: Sequence[RuleBox]) -> str:
    applied, count = sum(bool(box.amount) for box in boxes), len(boxes)
    if not count:
        return _("No rule was asked")
    if count == 1:
        return _("The one rule applied") if applied else _("The one rule did not apply")
    return _("%(applied)s of %(count)s rules applied", applied=number(applied), count=number(count))


def without_rule(decisions: Sequence[Decided]) -> list[tuple[str, str]]:
    """Return why no rule was asked: a code and its words."""
    return [
        (decided.code, " ".join(say(sentence) for sentence in decided.because))
        for decided in decisions
        if decided.version is None
    ]


def asked_again(decisions: Sequence[Decided], decided: int) -> str:
    """Say why rules were asked more than once; empty when they were not. `decided` is how often one was, in all."""
    if any(one.bond for one in decisions):
        return _("Who is credited was changed, so they were asked again.")
    if decided <= len(decisions):
        return ""
    if any(one.facts.friends is not None for one in decisions):
        return _("Other friends count by now, or an earlier event was reported late, so they were asked again.")
    return _("An earlier event was reported late, so they were asked again.")


def looked_at(facts: Facts) -> list[tuple[str, str]]:
    """Return what a rule looked at, as it is stored."""
    lines = [(_("Kind"), type_label(facts.type))]
    if facts.amount is not None:
        lines.append((_("Amount"), money(facts.amount)))
    if facts.account_age_days is not None:
        lines.append((_("Days since the signup"), number(facts.account_age_days)))
    lines += [(_(FIELDS[name].label), text or _("something else")) for name, text in facts.origin.items()]
    lines.append((_("Number of its kind"), number(facts.nth_purchase)))
    if facts.friends is not None:
        lines.append((_("Friends who count"), number(facts.friends)))
        lines.append((_("One more by this"), _("Yes") if facts.is_new_friend else _("No")))
    return [*lines, *((_("Exchange quote"), say(quote.in_words())) for quote in facts.quotes)]


def _box(decided: Decided, version: Version, by_key: Mapping[str, Version]) -> RuleBox:
    better = by_key.get(decided.facts.beaten_by.rule) if decided.facts.beaten_by else None
    return RuleBox(
        name=version.definition.name,
        key=version.definition.key,
        version=version.number,
        side=SIDES[version.definition.beneficiary](),
        amount=worth_text(decided.amount, version.definition.reward) if decided.amount else "",
        code=decided.code,
        facts=looked_at(decided.facts),
        because=[say(sentence) for sentence in decided.because],
        conditions=[
            Verdict(holds, say(sentence)) for holds, sentence in conditions_again(version.definition, decided.facts)
        ],
        limits=[Verdict(holds, say(sentence)) for holds, sentence in limits_again(version.definition, decided.facts)],
        beaten_by=(better.rule_id, better.definition.name) if better else None,
    )
