"""The conditions and limits of a reward rule as parts of its form."""

import re
from collections.abc import Callable
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext
from flask_babel import lazy_gettext as _l
from wtforms import Form, SelectField, StringField
from wtforms.fields import SelectChoice

from webapp.domain.codes import code_key
from webapp.domain.condition_fields import FIELDS, MEMBERSHIP, METADATA, OPS, Takes, field_named
from webapp.domain.conditions import LONGEST_TEXT, MOST_CONDITIONS, MOST_VALUES, Condition
from webapp.domain.countries import COUNTRIES
from webapp.domain.facts import CONVERSION_TYPE
from webapp.domain.limits import PERIOD_LABELS, Limit
from webapp.domain.money import EXPONENTS, Money
from webapp.domain.registry import MOST
from webapp.formatting import typed_money
from webapp.forms.rows import RowList
from webapp.forms.rule_settings import CURRENCIES
from webapp.forms.typed import TypedError, amount_of, whole_of

REWARDS = "rewards"
_LISTED = re.compile(r'\s*(?:"((?:[^"]|"")*)"|([^,"]*))\s*(?:,|$)')
_WHOLE = re.compile(r"-?[0-9]{1,15}")
_TYPE = re.compile(CONVERSION_TYPE)


class ConditionForm(Form):
    """One condition: which field, how it is compared, and with what."""

    field = SelectField(
        choices=[SelectChoice(name, lazy_gettext(known.label)) for name, known in FIELDS.items()], validate_choice=False
    )
    detail = StringField()
    op = SelectField(validate_choice=False)
    value = StringField()
    currency = SelectField(choices=CURRENCIES, validate_choice=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        ops = FIELDS[self.takes_field].ops
        self.op.choices = [SelectChoice(name, lazy_gettext(OPS[name].label)) for name in ops]

    @property
    def takes_field(self) -> str:
        """Which of the fields is chosen; the first one unless told."""
        return self.field.data if self.field.data in FIELDS else next(iter(FIELDS))

    def table(self) -> dict[str, Any] | None:
        """Return the condition as a table of TOML. None when something is wrong, which is said at its field then."""
        known = FIELDS[self.takes_field]
        name = known.name
        if name == METADATA:
            name = METADATA + (self.detail.data or "").strip()
            if field_named(name) is None:
                self.detail.errors = [_("Please write the name of the detail, as you report it.")]
                return None
        if self.op.data not in known.ops:
            self.op.errors = [_("Please choose how it is compared; this field cannot be compared like that.")]
            return None
        try:
            values = self._values(known.takes, OPS[self.op.data].takes_list)
        except TypedError as error:
            self.value.errors = [str(error)]
            return None
        table = {"field": name, "op": self.op.data, "value": values}
        return {**table, "currency": self.currency.data} if known.takes == "amount" else table

    def _values(self, takes: Takes, takes_list: bool) -> object:
        text = (self.value.data or "").strip()
        read = _READERS[takes]
        if takes == "amount":
            if self.currency.data not in EXPONENTS:
                raise TypedError(_("Please choose a currency."))
            return amount_of(text, self.currency.data, least=0).minor
        values = [read(one, quoted) for one, quoted in (_listed(text) if takes_list else [_unquoted(text)])]
        kinds = {type(value) for value in values}
        if len(kinds) > 1:
            raise TypedError(_("Please write either only words or only whole numbers."))
        if takes == "detail" and kinds & {str, bool} and self.op.data not in MEMBERSHIP:
            raise TypedError(_("Words have no order: please write a whole number, or compare in another way."))
        if takes == "detail" and bool in kinds and takes_list:
            raise TypedError(_("Of true and false there are only two: please choose “is” or “is not”."))
        return values if takes_list else values[0]


class ConditionList(RowList):
    """The conditions of a group."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(ConditionForm, most=MOST_CONDITIONS, **kwargs)


class LimitForm(Form):
    """One limit: how much, of what, in which period. Without an amount there is no limit."""

    most = StringField()
    unit = SelectField(choices=[SelectChoice(REWARDS, _l("rewards")), *CURRENCIES], validate_choice=False)
    period = SelectField(
        choices=[SelectChoice(name, lazy_gettext(label)) for name, label in PERIOD_LABELS.items()],
        default="month",
        validate_choice=False,
    )

    def table(self) -> dict[str, Any] | None:
        """Return the limit as a table of TOML; None without one, or when it is wrong, which is said at its field."""
        text = (self.most.data or "").strip()
        if not text:
            return None
        try:
            if self.period.data not in PERIOD_LABELS:
                raise TypedError(_("Please choose a period."))
            if self.unit.data == REWARDS:
                return {"count": whole_of(text, 1, MOST), "period": self.period.data}
            if self.unit.data not in EXPONENTS:
                raise TypedError(_("Please choose rewards or a currency."))
            amount = amount_of(text, self.unit.data)
        except TypedError as error:
            self.most.errors = [str(error)]
            return None
        return {"amount": amount.minor, "currency": amount.currency, "period": self.period.data}


def shown_condition(condition: Condition, currency: str) -> dict[str, str]:
    """Return a condition as it stands in its fields. `currency` is what a field without one begins with."""
    known = field_named(condition.field)
    detail = known is not None and known.takes == "detail"
    values = condition.value if isinstance(condition.value, tuple) else (condition.value,)
    if condition.currency and isinstance(condition.value, int):
        shown = typed_money(Money(condition.value, condition.currency))
    else:
        shown = ", ".join(_shown(value, known.takes if known else "detail") for value in values)
    return {
        "field": METADATA if detail else condition.field,
        "detail": condition.field.removeprefix(METADATA) if detail else "",
        "op": condition.op,
        "value": shown,
        "currency": condition.currency or currency,
    }


def shown_limit(limit: Limit | None, currency: str) -> dict[str, str]:
    """Return a limit as it stands in its fields."""
    if limit is None:
        return {"most": "", "unit": currency, "period": "month"}
    if limit.amount is None:
        return {"most": str(limit.most), "unit": REWARDS, "period": limit.period}
    return {"most": typed_money(limit.amount), "unit": limit.amount.currency, "period": limit.period}


def read_detail(text: str, quoted: bool) -> str | int:
    """Return a typed detail: what stands in quotes is a text, else a number, true and false are what they say."""
    if not quoted and text.lower() in ("true", "false"):
        return text.lower() == "true"
    if not quoted and _WHOLE.fullmatch(text):
        return int(text)
    return _read_text(text, quoted)


def _read_text(text: str, _quoted: bool) -> str:
    if not text or len(text) > LONGEST_TEXT or not text.isprintable():
        raise TypedError(_("Please write a value of at most %(most)s characters.", most=LONGEST_TEXT))
    return text


def _read_currency(text: str, _quoted: bool) -> str:
    code = text.upper()
    if code not in EXPONENTS:
        raise TypedError(_("Please write the three letters of a currency, as in USD."))
    return code


def _read_country(text: str, _quoted: bool) -> str:
    if text.upper() not in COUNTRIES:
        raise TypedError(_("Please write the two letters of a country, as in DE."))
    return text.upper()


def _read_link(text: str, _quoted: bool) -> str:
    if code_key(text) is None:
        raise TypedError(_("Please write the code of a link, the part after the last slash."))
    return text


def _read_type(text: str, _quoted: bool) -> str:
    if not _TYPE.fullmatch(text):
        raise TypedError(_("Please write a type as you report it, in small letters, as in purchase."))
    return text


_READERS: dict[Takes, Callable[[str, bool], str | int]] = {
    "number": lambda text, _quoted: whole_of(text, 1, MOST),
    "days": lambda text, _quoted: whole_of(text, 0, MOST),
    "currency": _read_currency,
    "country": _read_country,
    "link": _read_link,
    "text": _read_text,
    "type": _read_type,
    "detail": read_detail,
    "amount": read_detail,
}


def _listed(text: str) -> list[tuple[str, bool]]:
    """Return the values of a list with commas, and whether each stood in quotes."""
    values, at = [], 0
    while at < len(text):
        found = _LISTED.match(text, at)
        if not found:
            raise TypedError(_("Please close the quotes, and put commas between the values."))
        quoted = found[1] is not None
        values.append((found[1].replace('""', '"') if quoted else found[2].strip(), quoted))
        at = found.end()
    if not 1 <= len(values) <= MOST_VALUES:
        raise TypedError(_("Please write 1 to %(most)s values with commas between them.", most=MOST_VALUES))
    return values


def _unquoted(text: str) -> tuple[str, bool]:
    quoted = len(text) > 1 and text[0] == text[-1] == '"'
    return (text[1:-1].replace('""', '"') if quoted else text, quoted)


def _shown(value: str | int, takes: Takes) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    if takes in ("detail", "text"):
        looks_else = takes == "detail" and (text.lower() in ("true", "false") or _WHOLE.fullmatch(text))
        if isinstance(value, str) and (looks_else or set(text) & set(',"') or text != text.strip()):
            return '"' + text.replace('"', '""') + '"'
    return text
