"""What someone would like to try a rule with: one conversion, as typed beside the rule's form."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask_babel import gettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import Form, SelectField, StringField

from webapp.domain.condition_fields import FIELDS, METADATA, Source, field_named
from webapp.domain.facts import Detail, Facts
from webapp.domain.friend_steps import MOST_FRIENDS
from webapp.domain.money import EXPONENTS, Money
from webapp.domain.registry import MOST, counting_of, counts_friends
from webapp.domain.rule_examples import LONGEST_AGE, with_friends
from webapp.domain.rules import RuleDefinition
from webapp.formatting import typed_money
from webapp.forms.rule import RuleForm
from webapp.forms.rule_parts import read_detail
from webapp.forms.rule_settings import CURRENCIES
from webapp.forms.typed import TypedError, amount_of, whole_of

DETAIL, ORIGIN = "example_detail.", "example_origin."
# In major units: what a new example begins with where amounts have decimals, and where they have none.
USUAL, USUAL_WITHOUT_DECIMALS = 50, 5_000


@dataclass(frozen=True, slots=True)
class Asked:
    """Something more that the rule asks for: the name of its field, what it is called, and what was written."""

    name: str
    label: str
    text: str


class ExampleForm(Form):
    """Amount, currency and number of the purchase; `asked` is what else the rule's conditions ask for."""

    example_amount = StringField(_l("Amount"))
    example_currency = SelectField(_l("Currency"), choices=CURRENCIES, validate_choice=False)
    example_nth = StringField(_l("Which purchase"), default="1")
    example_age = StringField(_l("Days since the signup"))
    example_friends = StringField(_l("Friends who count"))

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
        self.fitting = {source: _fitting(form, source) for source in ("details", "origin", "signed_up_at")}
        self.details = {name: (sent or {}).get(f"{DETAIL}{name}", "") for name in self.fitting["details"]}
        self.origin = {name: (sent or {}).get(f"{ORIGIN}{name}", "") for name in self.fitting["origin"]}
        # Fields that take nothing but text, digits too.
        self.texts = {
            field for field, _op, _value in form.asked_for() if FIELDS.get(field, FIELDS[METADATA]).takes == "text"
        }
        # Whether a kind counts months depends on what is written; its field is there for all that can.
        self.asks_for_age = bool(self.fitting["signed_up_at"]) or hasattr(form.of_kind.settings, "asks_for_signup")

        self.asks_for_friends = counts_friends(form.of_kind)

    @property
    def fitting_age(self) -> int:
        """The days since the signup that an empty field stands for."""
        fits = self.fitting["signed_up_at"].get("account_age_days")
        return min(max(int(fits or 0), 0), LONGEST_AGE)

    @property
    def asked(self) -> list[Asked]:
        """What the conditions ask for besides numbers and amounts."""
        details = [
            Asked(f"{DETAIL}{name}", _("Detail “%(name)s”", name=name), text) for name, text in self.details.items()
        ]
        labels = {name: known.label for name in self.origin if (known := field_named(name))}
        return details + [Asked(f"{ORIGIN}{name}", gettext(labels[name]), self.origin[name]) for name in self.origin]

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
        age = self._age() if self.asks_for_age else 0
        friends = self._friends(rule)
        if self.errors:
            return None
        at = max(now, rule.starts_at) if rule.starts_at else now
        signed_up_at = at - timedelta(days=age) if self.asks_for_age else None
        facts = Facts(rule.trigger, at, amount, nth, self._told(), origin=self._origin(), signed_up_at=signed_up_at)
        return with_friends(rule, facts, friends)

    def _friends(self, rule: RuleDefinition) -> int:
        """Return how many friends count; those of the first step unless a number was written."""
        counting = counting_of(rule.settings)
        text = (self.example_friends.data or "").strip() if self.asks_for_friends else ""
        try:
            return whole_of(text, 1, MOST_FRIENDS) if text else counting.steps[0] if counting else 1
        except TypedError as error:
            self.example_friends.errors = [str(error)]
            return 1

    def _age(self) -> int:
        text = (self.example_age.data or "").strip()
        try:
            return whole_of(text, 0, LONGEST_AGE) if text else self.fitting_age
        except TypedError as error:
            self.example_age.errors = [str(error)]
            return 0

    def _origin(self) -> dict[str, str]:
        told = {name: text.strip() or str(self.fitting["origin"][name]) for name, text in self.origin.items()}
        return {name: text.upper() if FIELDS[name].takes == "country" else text for name, text in told.items()}

    def _told(self) -> dict[str, Detail]:
        """Return the details: those that were written, and for the others one that fits."""
        told: dict[str, Detail] = {}
        for name, text in self.details.items():
            bare = text.strip()
            quoted = len(bare) > 1 and bare[0] == bare[-1] == '"'
            if name in self.texts and bare:
                told[name] = bare[1:-1] if quoted else bare
                continue
            try:
                told[name] = (
                    read_detail(bare[1:-1] if quoted else bare, quoted) if bare else self.fitting["details"][name]
                )
            except TypedError:
                told[name] = _("something else")
        return {name: value for name, value in told.items() if value is not None}


def _fitting(form: RuleForm, source: Source) -> dict[str, Detail]:
    """Return what the conditions ask for of these facts, each with a value that the first condition on it takes."""
    fitting: dict[str, Detail] = {}
    for field, op, value in form.asked_for():
        known = field_named(field)
        if known is None or known.source != source:
            continue
        values = value if isinstance(value, list) else [value]
        fits = values[0]
        if op in (">", "<"):
            fits += 1 if op == ">" else -1
        elif op in ("!=", "not_in"):
            fits = max(values) + 1 if known.takes == "days" else "-"
        fitting.setdefault(field.removeprefix(METADATA), fits)
    return fitting
