"""The settings of a kind of reward rule as fields of a form: the type of a setting says which control it gets."""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext
from wtforms import BooleanField, Field, SelectField, StringField
from wtforms.fields import SelectChoice

from webapp.domain.coupon_pools import KEY, LONGEST_KEY
from webapp.domain.friend_steps import COUNTED, AmountSteps, PercentSteps
from webapp.domain.money import EXPONENTS, Money, Percent
from webapp.domain.registry import (
    MOST,
    MOST_MONTHS,
    CurrencyCode,
    Kind,
    MinorUnits,
    Months,
    PeriodName,
    PoolKey,
    Setting,
    SettingError,
    read_settings,
)
from webapp.formatting import say, typed_money
from webapp.forms.rows import sentence_pieces
from webapp.forms.rule_steps import AmountStepForm, PercentStepForm, StepForm, StepList, shown_steps
from webapp.forms.typed import TypedError, amount_of, percent_of, percent_shown, whole_of
from webapp.rule_files import item

PREFIX = "setting_"
CURRENCIES = [SelectChoice(code, code) for code in sorted(EXPONENTS)]


@dataclass(frozen=True, slots=True)
class Control:
    """How a type of setting is typed: `read` and `show` also get the currency of the kind's amounts.

    What is read is what the field holds, a text without spaces around it unless it is none.
    """

    read: Callable[[Any, str], object]
    show: Callable[[Any, str], object]
    make: Callable[[], Any] = StringField
    # What stands right after the control.
    unit: str = ""


def _read_currency(text: str, _currency: str) -> str:
    if text not in EXPONENTS:
        raise TypedError(_("Please choose a currency."))
    return text


def _read_pool(text: str, _currency: str) -> str:
    if len(text) > LONGEST_KEY or not KEY.fullmatch(text):
        raise TypedError(_("Please write the key of a coupon pool, as its page has it."))
    return text


def _read_toml(text: str, _currency: str) -> object:
    try:
        return tomllib.loads(f"value = {text.strip()}")["value"]
    except tomllib.TOMLDecodeError as error:
        raise TypedError(_("Please write a value as it would stand in a rules file.")) from error


def _read_period(text: str, _currency: str) -> str:
    if text not in COUNTED:
        raise TypedError(_("Please choose one."))
    return text


def _currency_field() -> SelectField:
    return SelectField(choices=CURRENCIES, validate_choice=False)


def _period_field() -> SelectField:
    return SelectField(
        choices=[SelectChoice(name, lazy_gettext(label)) for name, label in COUNTED.items()], validate_choice=False
    )


CONTROLS: dict[type[Any], Control] = {
    Percent: Control(lambda text, _currency: percent_of(text), lambda value, _currency: percent_shown(value), unit="%"),
    int: Control(lambda text, _currency: whole_of(text, 1, MOST), lambda value, _currency: str(value)),
    Months: Control(lambda text, _currency: whole_of(text, 1, MOST_MONTHS), lambda value, _currency: str(value)),
    MinorUnits: Control(
        lambda text, currency: amount_of(text, currency).minor,
        lambda value, currency: typed_money(Money(value, currency)),
    ),
    CurrencyCode: Control(_read_currency, lambda value, _currency: value, make=_currency_field),
    PeriodName: Control(_read_period, lambda value, _currency: value, make=_period_field),
    bool: Control(lambda ticked, _currency: bool(ticked), lambda value, _currency: value, make=BooleanField),
    PoolKey: Control(_read_pool, lambda value, _currency: value),
}
# Settings that are lists of steps, which are read by their field and say what is wrong at its cells.
STEPS: dict[type[Any], type[StepForm]] = {PercentSteps: PercentStepForm, AmountSteps: AmountStepForm}
# A type that no control is known for is typed as in a rules file.
_ANYTHING = Control(_read_toml, lambda value, _currency: item(value).as_string())


def control_of(setting: Setting) -> Control:
    """Return how a setting is typed."""
    return CONTROLS.get(setting.takes, _ANYTHING)


def sentence_of(kind: Kind) -> list[tuple[str, str]]:
    """Return a kind's sentence in the reader's language in pieces: words, and the field after them or ""."""
    pieces = sentence_pieces(_(kind.sentence)) if kind.sentence else []
    return [(text, PREFIX + name if name else "") for text, name in pieces]


def fields_of(kind: Kind) -> dict[str, Any]:
    """Return the fields of a form for the settings of a kind, by their names there."""
    return {PREFIX + setting.name: _field_of(setting) for setting in kind.fields}


def _field_of(setting: Setting) -> Any:
    row = STEPS.get(setting.takes)
    return StepList(row) if row else control_of(setting).make()


def shown_settings(kind: Kind, plain: Mapping[str, Any], currency: str) -> dict[str, object]:
    """Return settings as they stand in the fields. `currency` is that of a kind that has none of its own."""
    currency = next(
        (plain[one.name] for one in kind.fields if one.takes is CurrencyCode and one.name in plain), currency
    )
    return {
        PREFIX + setting.name: shown_steps(STEPS[setting.takes], plain[setting.name], currency)
        if setting.takes in STEPS
        else control_of(setting).show(plain[setting.name], currency)
        for setting in kind.fields
        if setting.name in plain
    }


def default_settings(kind: Kind, currency: str) -> dict[str, object]:
    """Return what stands in the fields of a new rule of a kind; of steps an empty one."""
    plain = {
        setting.name: setting.default.text if isinstance(setting.default, Percent) else setting.default
        for setting in kind.fields
        if setting.default is not None
    }
    currencies = {setting.name: currency for setting in kind.fields if setting.takes is CurrencyCode}
    steps = {PREFIX + setting.name: [{}] for setting in kind.fields if setting.takes in STEPS}
    return shown_settings(kind, currencies | plain, currency) | steps


def read_settings_of(kind: Kind, fields: Mapping[str, Field], currency: str) -> dict[str, object]:
    """Return the settings that were typed; what is wrong is said at its field and left out."""
    typed = {setting.name: _typed(fields[PREFIX + setting.name]) for setting in kind.fields}
    own = next((typed[one.name] for one in kind.fields if one.takes is CurrencyCode), currency)
    currency = own if own in EXPONENTS else currency
    amounts = [typed[one.name] for one in kind.fields if one.takes is MinorUnits]
    values: dict[str, object] = {}
    for setting in kind.fields:
        # A choice of currencies always says one; it goes with an amount.
        goes_without = setting.takes is CurrencyCode and not any(amounts)
        if setting.optional and (goes_without or not typed[setting.name]):
            continue
        field = fields[PREFIX + setting.name]
        if isinstance(field, StepList):
            values[setting.name] = field.read(currency)
            continue
        try:
            values[setting.name] = control_of(setting).read(typed[setting.name], currency)
        except TypedError as error:
            field.errors = [str(error)]
    if not any(fields[PREFIX + setting.name].errors for setting in kind.fields):
        _check_together(kind, values, fields)
    return values


def _typed(field: Field) -> Any:
    return field.data.strip() if isinstance(field.data, str) else field.data or ""


def _check_together(kind: Kind, values: Mapping[str, object], fields: Mapping[str, Field]) -> None:
    """Say at its field which of the settings cannot be beside the others."""
    try:
        read_settings(kind, values)
    except SettingError as error:
        if error.words:
            fields[PREFIX + error.field.partition(".")[2]].errors = [say(error.words)]
