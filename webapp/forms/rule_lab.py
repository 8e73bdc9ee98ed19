"""What is tried on the past: a draft as TOML, and from which day to which."""

from datetime import date, timedelta
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import HiddenField, StringField, TextAreaField

from webapp.domain.chosen_period import EARLIEST, Period
from webapp.domain.rules import RuleDefinition
from webapp.rule_files import RuleFileError, read_rules

LONGEST_DRAFT = 60_000
MONTHS = 6


class RuleLabForm(FlaskForm):
    """A draft and a period. `number` is the version that the draft was begun on, `of` its rule; 0 for a new one."""

    toml = TextAreaField(_l("The draft"))
    first = StringField(_l("From"))
    last = StringField(_l("To"))
    number = HiddenField(default="0")
    of = HiddenField(default="")

    def draft(self) -> list[RuleDefinition] | None:
        """Return the rules of the draft; None when something is wrong, which is said at the field then."""
        text = (self.toml.data or "").replace("\r\n", "\n")
        if not text.strip():
            self.toml.errors = [_("Please write a rule, or choose one to start from.")]
            return None
        if len(text) > LONGEST_DRAFT:
            self.toml.errors = [_("That is too long for this page. The command line takes files of any size.")]
            return None
        try:
            rules = read_rules(text)
        except RuleFileError as error:
            self.toml.errors = [_("This cannot be tried: %(problem)s.", problem=str(error))]
            return None
        if not rules:
            self.toml.errors = [_("Please write a rule, or choose one to start from.")]
            return None
        return rules

    def period(self, today: date) -> Period | None:
        """Return the days; None when something is wrong, which is said at the field then."""
        first, last = (self._day(field, today) for field in (self.first, self.last))
        if first is None or last is None:
            return None
        if first > last:
            self.first.errors = [_("The first day has to come before the last one, or be the same.")]
            return None
        return Period(first, last)

    def _day(self, field: Any, today: date) -> date | None:
        try:
            day = date.fromisoformat((field.data or "").strip())
        except ValueError:
            field.errors = [_("Please write a day, as in 2026-05-01.")]
            return None
        if not EARLIEST <= day <= today:
            field.errors = [_("Please choose a day of this century that has come.")]
            return None
        return day


def usual_period(today: date, begun: date | None) -> Period:
    """Return the last whole months before the one of today; the one that goes on where nothing happened before it.

    `begun` is the first day on which anything happened.
    """
    this = today.replace(day=1)
    if begun is not None and begun >= this:
        return Period(this, today)
    month = today.year * 12 + today.month - 1
    first = date((month - MONTHS) // 12, (month - MONTHS) % 12 + 1, 1)
    return Period(max(first, begun.replace(day=1)) if begun else first, this - timedelta(days=1))
