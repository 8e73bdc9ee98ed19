"""The settings by which a program's friends are looked at: what of them is kept, and what the audit log says."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from webapp.domain.screening import read_signals
from webapp.domain.signal_registry import SIGNALS, FraudSignal, HostNames, Weight

# A score, in hundredths, from which anything may be held.
LOWEST_HELD_FROM, HIGHEST_HELD_FROM = 1, 100
# What is a setting beside the signals' own.
OF_ALL = ("held_from", "second_admin_from_minor")


@dataclass(frozen=True, slots=True)
class SignalSettings:
    """Every signal as it is set, and what holds for all of them.

    What a friend does is held from a score of `held_from` hundredths on.
    `second_admin_from_minor` is in the program's currency, None for never.
    """

    signals: Mapping[str, FraudSignal]
    held_from: int
    second_admin_from_minor: int | None


def is_on(name: str, signal: FraudSignal) -> bool:
    """Say whether what a signal finds counts for anything: a proof always does."""
    weights = [getattr(signal, one.name) for one in _fields(signal) if one.type is Weight]
    return SIGNALS[name].denies or any(weights)


def differing(signals: Mapping[str, FraudSignal]) -> dict[str, dict[str, Any]]:
    """Return what of signals differs from their defaults, as `read_signals` takes it.

    Only that is kept, so that better defaults of a newer Grapevine hold where nobody chose.
    """
    defaults = read_signals({})
    found = {name: _changed(defaults[name], signal) for name, signal in signals.items()}
    return {
        name: {setting: after for setting, (_default, after) in changed.items()}
        for name, changed in found.items()
        if changed
    }


def change_for_audit(before: SignalSettings, after: SignalSettings) -> dict[str, Any]:
    """Return what the audit log says of a change: which signals and settings, from what number to what number.

    Of a list of hosts only how many there are: they are words of people.
    """
    steps: dict[str, Any] = {}
    for name in SIGNALS:
        changed = _changed(before.signals[name], after.signals[name])
        if changed:
            steps[name] = {
                setting: {"from": _number(former), "to": _number(new)} for setting, (former, new) in changed.items()
            }
    for setting in OF_ALL:
        former, new = getattr(before, setting), getattr(after, setting)
        if former != new:
            steps[setting] = {"from": former, "to": new}
    return {"changed": list(steps), **steps} if steps else {}


def _changed(before: FraudSignal, after: FraudSignal) -> dict[str, tuple[Any, Any]]:
    pairs = {one.name: (_plain(getattr(before, one.name)), _plain(getattr(after, one.name))) for one in _fields(before)}
    return {setting: pair for setting, pair in pairs.items() if pair[0] != pair[1]}


def _fields(signal: Any) -> tuple[Any, ...]:
    return fields(signal)


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, HostNames) else int(value)


def _number(value: Any) -> int:
    return len(value) if isinstance(value, list) else value
