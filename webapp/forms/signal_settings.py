"""The settings of the fraud signals as a form: the type of a setting says how it is typed."""

import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import Field, SelectField, StringField, TextAreaField
from wtforms.fields import SelectChoice

from webapp.domain.host_names import host_name
from webapp.domain.money import Money
from webapp.domain.screening import read_signals
from webapp.domain.signal_registry import HUNDREDTHS, SIGNALS, HostNames, SignalKind, Weight
from webapp.domain.signal_settings import HIGHEST_HELD_FROM, LOWEST_HELD_FROM, SignalSettings
from webapp.formatting import decimal_marks, hundredths, typed_money
from webapp.forms.typed import TypedError, amount_of, whole_of, without_nul

HIGHEST_THRESHOLD = 1_000_000
LONGEST_HOSTS = 5_000
DAYS = (7, 30, 90, 365)
USUAL_DAYS = 90
_DECIMAL = re.compile(r"(0|1|0?\.\d{1,2}|0\.\d{1,2}|1\.0{1,2})")


def _hundredths_of(text: str) -> int | None:
    """Return a typed number from 0 to 1 in hundredths; None for anything else."""
    bare = text.strip().replace(decimal_marks()[0], ".")
    if not _DECIMAL.fullmatch(bare):
        return None
    whole, _point, decimals = bare.partition(".")
    return int(whole or 0) * HUNDREDTHS + int(decimals.ljust(2, "0"))


def _read_weight(text: str) -> int:
    if text.strip().casefold() in ("off", _("off").casefold()):
        return 0
    found = _hundredths_of(text)
    if found is None:
        raise TypedError(_("Please write a number from 0 to 1, as in %(example)s, or “off”.", example=hundredths(40)))
    return found


def _read_hosts(text: str) -> list[str]:
    if len(text) > LONGEST_HOSTS:
        raise TypedError(_("Please write at most %(max)d characters.", max=LONGEST_HOSTS))
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    for line in lines:
        try:
            host_name(line)
        except ValueError as error:
            raise TypedError(
                _("“%(line)s” is not a host. Write only the host, as in coupons.example.", line=line)
            ) from error
    return list(dict.fromkeys(map(host_name, lines)))


@dataclass(frozen=True, slots=True)
class _Control:
    read: Callable[[str], Any]
    show: Callable[[Any], str]
    make: type[Field] = StringField


_CONTROLS: dict[Any, _Control] = {
    Weight: _Control(_read_weight, lambda value: hundredths(value) if value else _("off")),
    int: _Control(lambda text: whole_of(text, 0, HIGHEST_THRESHOLD), str),
    HostNames: _Control(_read_hosts, "\n".join, make=TextAreaField),
}


@dataclass(frozen=True, slots=True)
class TypedSetting:
    """A setting of a signal with its field, and how its default would be typed."""

    label: str
    kind: str
    field: Field
    default: str

    @property
    def differs(self) -> bool:
        """Whether something else than the default is typed."""
        return _lines(self.field.data) != _lines(self.default)


class _SignalSettingsForm(FlaskForm):
    """What holds for all signals; SignalSettingsForm adds those of each."""

    held_from = StringField()
    second_admin_from = StringField()
    days = SelectField(
        choices=[SelectChoice(str(days), _l("%(num)d days", num=days)) for days in DAYS],
        default=str(USUAL_DAYS),
        validate_choice=False,
    )

    def settings_of(self, kind: SignalKind) -> list[TypedSetting]:
        """Return the settings of a signal, the weight first; of a proof none but its thresholds."""
        default = kind.signal()
        return [
            TypedSetting(
                one.metadata["label"],
                _KINDS[one.type],
                self[_name(kind, one)],
                _CONTROLS[one.type].show(getattr(default, one.name)),
            )
            for one in _settings(kind)
        ]

    def reset(self, name: str) -> bool:
        """Put the defaults of a signal into its fields; say whether there is such a signal."""
        kind = SIGNALS.get(name)
        for setting in self.settings_of(kind) if kind else ():
            setting.field.data = setting.default
        return kind is not None

    def read(self, currency: str) -> SignalSettings | None:
        """Return the settings; None when something is wrong, which then stands at its field."""
        self.validate()
        raw = {
            kind.name: {one.name: self._read(_name(kind, one), _CONTROLS[one.type].read) for one in _settings(kind)}
            for kind in SIGNALS.values()
        }
        held_from = self._read("held_from", _read_held_from)
        second = self._read("second_admin_from", lambda text: _read_limit(text, currency))
        if self.errors:
            return None
        return SignalSettings(read_signals(raw), held_from, second)

    def read_days(self) -> int | None:
        """Return how many days of the past it is tried on; None when none of those was chosen."""
        if self.days.data not in map(str, DAYS):
            self.days.errors = [_("Please choose one.")]
            return None
        return int(self.days.data)

    def _read(self, name: str, read: Callable[[str], Any]) -> Any:
        try:
            return read(without_nul(self[name].data or ""))
        except TypedError as error:
            self[name].errors = [str(error)]
            return None


def _settings(kind: SignalKind) -> list[Any]:
    """Return the fields of a signal that are settings: how much a proof weighs is none."""
    return [one for one in fields(kind.signal) if not (kind.denies and one.type is Weight)]


def _name(kind: SignalKind, setting: Any) -> str:
    return f"{kind.name}__{setting.name}"


_KINDS = {Weight: "weight", int: "number", HostNames: "hosts"}
SignalSettingsForm: type[_SignalSettingsForm] = type(
    "SignalSettingsForm",
    (_SignalSettingsForm,),
    {_name(kind, one): _CONTROLS[one.type].make() for kind in SIGNALS.values() for one in _settings(kind)},
)


def shown_settings(settings: SignalSettings, currency: str) -> dict[str, str]:
    """Return settings as they stand in the fields."""
    second = settings.second_admin_from_minor
    return {
        "held_from": hundredths(settings.held_from),
        "second_admin_from": "" if second is None else typed_money(Money(second, currency)),
        **{
            _name(kind, one): _CONTROLS[one.type].show(getattr(settings.signals[kind.name], one.name))
            for kind in SIGNALS.values()
            for one in _settings(kind)
        },
    }


def _read_held_from(text: str) -> int:
    found = _hundredths_of(text)
    if found is None or not LOWEST_HELD_FROM <= found <= HIGHEST_HELD_FROM:
        example, lowest = hundredths(50), hundredths(LOWEST_HELD_FROM)
        raise TypedError(
            _("Please write a number from %(lowest)s to 1, as in %(example)s.", lowest=lowest, example=example)
        )
    return found


def _read_limit(text: str, currency: str) -> int | None:
    return amount_of(text, currency, least=0).minor if text.strip() else None


def _lines(text: str | None) -> list[str]:
    return [line.strip().casefold() for line in (text or "").splitlines() if line.strip()]
