"""What a rule would pay, worked out by the rule itself from its form as it stands."""

from dataclasses import dataclass

from flask import request
from flask_babel import gettext as _
from flask_babel import ngettext

from webapp.clock import utc_now
from webapp.domain.facts import Earned, Facts, Skipped
from webapp.domain.rule_examples import more_cases
from webapp.domain.rules import RuleDefinition
from webapp.formatting import say
from webapp.forms.rule import RuleForm
from webapp.forms.rule_example import ExampleForm
from webapp.queries.rules import Version
from webapp.views.worth import worth_text
from webapp.web import load_program


@dataclass(frozen=True, slots=True)
class ExampleCase:
    """One more case: what it is about, what is paid for it, and why nothing is, or, of a step, why that is."""

    about: str
    pays: str
    why: str


@dataclass(frozen=True, slots=True)
class Example:
    """An answer in words, or what is missing for one: labels of fields and what is wrong with them."""

    form: ExampleForm
    problems: list[tuple[str, str]]
    who: str = ""
    pays: str = ""
    because: str = ""
    notes: str = ""
    cases: tuple[ExampleCase, ...] = ()


def example_of(form: RuleForm, base: Version | None) -> Example:
    """Work out the example of a form. `base` is the version that is changed; what it pays is said beside."""
    typed = ExampleForm(request.form if request.method == "POST" else None, form)
    rule, problems = form.draft(base.definition if base else None)
    facts = typed.facts(rule, utc_now()) if rule else None
    if rule is None or facts is None:
        wrong = [(str(field.label.text), field.errors[0]) for field in typed if field.errors]
        return Example(typed, [*problems, *wrong])
    answer = rule.price(facts)
    return Example(
        typed,
        [],
        who=_("The referrer gets") if rule.beneficiary == "referrer" else _("The friend gets"),
        pays=_paid(answer, rule),
        because=_why(answer),
        notes=" ".join(_notes(rule, facts, answer, base)),
        cases=tuple(
            ExampleCase(
                say(case.about),
                _paid(case.answer, rule),
                _why(case.answer) if case.of_step or isinstance(case.answer, Skipped) else "",
            )
            for case in more_cases(rule, facts)
        ),
    )


def _paid(answer: Earned | Skipped, rule: RuleDefinition) -> str:
    return worth_text(answer.amount, rule.reward) if isinstance(answer, Earned) else _("nothing")


def _why(answer: Earned | Skipped) -> str:
    because = answer.because if isinstance(answer, Earned) else (answer.because,)
    return " ".join(say(sentence) for sentence in because)


def _notes(rule: RuleDefinition, facts: Facts, answer: Earned | Skipped, base: Version | None) -> list[str]:
    notes = []
    if base is not None and base.definition.trigger == rule.trigger:
        paid = _paid(base.definition.price(facts), base.definition)
        notes.append(_("Version %(number)s pays %(amount)s.", number=base.number, amount=paid))
    if isinstance(answer, Earned):
        days = rule.hold_days_within(load_program().hold_days)
        if days:
            notes.append(ngettext("Ready %(num)s day later.", "Ready %(num)s days later.", days))
        else:
            notes.append(_("Ready at once."))
    return notes
