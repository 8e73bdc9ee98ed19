"""The settings of a kind of reward rule as fields of a form: the type of a setting says which control it gets."""

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from wtforms import Field, SelectField, StringField
from wtforms.fields import SelectChoice

from webapp.domain.coupon_pools import KEY, LONGEST_KEY
from webapp.domain.money import EXPONENTS, Money, Percent
from webapp.domain.registry import (
    MOST,
    MOST_MONTHS,
    CurrencyCode,
    Kind,
    MinorUnits,
    Months,
    PoolKey,
    Setting,
    SettingError,
    read_settings,
)
from webapp.domain.typed_amounts import read_percent
from webapp.formatting import decimal_marks, say, typed_money
from webapp.forms.typed import TypedError, amount_of, whole_of
from webapp.rule_files import item

PREFIX = "setting_"
CURRENCIES = [SelectChoice(code, code) for code in sorted(EXPONENTS)]


@dataclass(frozen=True, slots=True)
class Control:
    """How a type of setting is typed: `read` and `show` also get the currency of the kind's amounts."""

    read: Callable[[str, str], object]
    show: Callable[[Any, str], str]
    make: Callable[[], Any] = StringField
    # What stands right after the control.
    unit: str = ""


def _read_percent(text: str, _currency: str) -> str:
    try:
        return read_percent(text).text
    except ValueError as error:
        raise TypedError(_("Please write a percentage above 0 and up to 100, as in 20 or 12.5.")) from error


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


def _currency_field() -> SelectField:
    return SelectField(choices=CURRENCIES, validate_choice=False)


CONTROLS: dict[type[Any], Control] = {
    Percent: Control(_read_percent, lambda value, _currency: value.replace(".", decimal_marks()[0]), unit="%"),
    int: Control(lambda text, _currency: whole_of(text, 1, MOST), lambda value, _currency: str(value)),
    Months: Control(lambda text, _currency: whole_of(text, 1, MOST_MONTHS), lambda value, _currency: str(value)),
    MinorUnits: Control(
        lambda text, currency: amount_of(text, currency).minor,
        lambda value, currency: typed_money(Money(value, currency)),
    ),
    CurrencyCode: Control(_read_currency, lambda value, _currency: value, make=_currency_field),
    PoolKey: Control(_read_pool, lambda value, _currency: value),
}
# A type that no control is known for is typed as in a rules file.
_ANYTHING = Control(_read_toml, lambda value, _currency: item(value).as_string())


def control_of(setting: Setting) -> Control:
    """Return how a setting is typed."""
    return CONTROLS.get(setting.takes, _ANYTHING)


def sentence_of(kind: Kind) -> list[tuple[str, str]]:
    """Return a kind's sentence in the reader's language in pieces: words, and the field after them or ""."""
    words = re.split(r"%\((\w+)\)s", _(kind.sentence)) if kind.sentence else []
    fields = [PREFIX + name for name in words[1::2]] + [""]
    return list(zip((text.replace("%%", "%").strip() for text in words[::2]), fields, strict=False))


def fields_of(kind: Kind) -> dict[str, Any]:
    """Return the fields of a form for the settings of a kind, by their names there."""
    return {PREFIX + setting.name: control_of(setting).make() for setting in kind.fields}


def shown_settings(kind: Kind, plain: Mapping[str, Any], currency: str) -> dict[str, str]:
    """Return settings as they stand in the fields. `currency` is that of a kind that has none of its own."""
    currency = next(
        (plain[one.name] for one in kind.fields if one.takes is CurrencyCode and one.name in plain), currency
    )
    return {
        PREFIX + setting.name: control_of(setting).show(plain[setting.name], currency)
        for setting in kind.fields
        if setting.name in plain
    }


def default_settings(kind: Kind, currency: str) -> dict[str, str]:
    """Return what stands in the fields of a new rule of a kind."""
    plain = {
        setting.name: setting.default.text if isinstance(setting.default, Percent) else setting.default
        for setting in kind.fields
        if setting.default is not None
    }
    currencies = {setting.name: currency for setting in kind.fields if setting.takes is CurrencyCode}
    return shown_settings(kind, currencies | plain, currency)


def read_settings_of(kind: Kind, fields: Mapping[str, Field], currency: str) -> dict[str, object]:
    """Return the settings that were typed; what is wrong is said at its field and left out."""
    typed = {setting.name: (fields[PREFIX + setting.name].data or "").strip() for setting in kind.fields}
    own = next((typed[one.name] for one in kind.fields if one.takes is CurrencyCode), currency)
    currency = own if own in EXPONENTS else currency
    amounts = [typed[one.name] for one in kind.fields if one.takes is MinorUnits]
    values: dict[str, object] = {}
    for setting in kind.fields:
        # A choice of currencies always says one; it goes with an amount.
        goes_without = setting.takes is CurrencyCode and not any(amounts)
        if setting.optional and (goes_without or not typed[setting.name]):
            continue
        try:
            values[setting.name] = control_of(setting).read(typed[setting.name], currency)
        except TypedError as error:
            fields[PREFIX + setting.name].errors = [str(error)]
    if not any(fields[PREFIX + setting.name].errors for setting in kind.fields):
        _check_together(kind, values, fields)
    return values


def _check_together(kind: Kind, values: Mapping[str, object], fields: Mapping[str, Field]) -> None:
    """Say at its field which of the settings cannot be beside the others."""
    try:
        read_settings(kind, values)
    except SettingError as error:
        if error.words:
            fields[PREFIX + error.field.partition(".")[2]].errors = [say(error.words)]
