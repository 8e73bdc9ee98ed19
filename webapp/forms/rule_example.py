"""What someone would like to try a rule with: one conversion, as typed beside the rule's form."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import Form, SelectField, StringField

from webapp.domain.facts import Detail, Facts
from webapp.domain.money import EXPONENTS, Money
from webapp.domain.registry import MOST
from webapp.domain.rules import RuleDefinition
from webapp.formatting import typed_money
from webapp.forms.rule import RuleForm
from webapp.forms.rule_parts import read_detail
from webapp.forms.rule_settings import CURRENCIES
from webapp.forms.typed import TypedError, amount_of, whole_of

DETAIL = "example_detail."
# In major units: what a new example begins with where amounts have decimals, and where they have none.
USUAL, USUAL_WITHOUT_DECIMALS = 50, 5_000


class ExampleForm(Form):
    """Amount, currency and number of the purchase; `details` are the details that the rule's conditions ask for."""

    example_amount = StringField(_l("Amount"))
    example_currency = SelectField(_l("Currency"), choices=CURRENCIES, validate_choice=False)
    example_nth = StringField(_l("Which purchase"), default="1")

    def __init__(self, sent: Mapping[str, str] | None, form: RuleForm, **kwargs: Any) -> None:
        """Take what was sent, else what a new example begins with. `form` is the rule's."""
        currency = form.currency
        major = USUAL if EXPONENTS[currency] else USUAL_WITHOUT_DECIMALS
        usual = Money(major * 10 ** EXPONENTS[currency], currency)
        super().__init__(
            sent if sent and "example_currency" in sent else None,  # type: ignore[arg-type]
            data={"example_amount": typed_money(usual), "example_currency": currency},
            **kwargs,
        )
        # What an empty field stands for: a value that fits the conditions.
        self.fitting = _fitting(form)
        self.details = {name: (sent or {}).get(f"{DETAIL}{name}", "") for name in self.fitting}

    def facts(self, rule: RuleDefinition, now: datetime) -> Facts | None:
        """Return the conversion, at a moment when the rule has begun. None when something is wrong at a field."""
        amount, nth = None, 1
        text = (self.example_amount.data or "").strip()
        try:
            if text and self.example_currency.data in EXPONENTS:
                amount = amount_of(text, str(self.example_currency.data), least=0)
        except TypedError as error:
            self.example_amount.errors = [str(error)]
        try:
            nth = whole_of(self.example_nth.data or "1", 1, MOST)
        except TypedError as error:
            self.example_nth.errors = [str(error)]
        if self.errors:
            return None
        at = max(now, rule.starts_at) if rule.starts_at else now
        return Facts(rule.trigger, at, amount, nth, self._told())

    def _told(self) -> dict[str, Detail]:
        """Return the details: those that were written, and for the others one that fits."""
        told: dict[str, Detail] = {}
        for name, text in self.details.items():
            bare = text.strip()
            quoted = len(bare) > 1 and bare[0] == bare[-1] == '"'
            try:
                told[name] = read_detail(bare[1:-1] if quoted else bare, quoted) if bare else self.fitting[name]
            except TypedError:
                told[name] = _("something else")
        return {name: value for name, value in told.items() if value is not None}


def _fitting(form: RuleForm) -> dict[str, Detail]:
    """Return the details that the conditions ask for, each with a value that the first condition on it takes."""
    fitting: dict[str, Detail] = {}
    for name, op, value in form.details_asked_for():
        first = value[0] if isinstance(value, list) else value
        if op in (">", "<"):
            first += 1 if op == ">" else -1
        fitting.setdefault(name, first if op not in ("!=", "not_in") else "-")
    return fitting
