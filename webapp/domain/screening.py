"""Looking at a friend with every fraud signal, by a program's settings, and what the findings come to."""

import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from fractions import Fraction
from typing import Literal

from webapp.domain import fraud_signals
from webapp.domain.evidence import Evidence
from webapp.domain.host_names import host_name
from webapp.domain.registry import SettingError
from webapp.domain.signal_registry import (
    CHECK_FAILED,
    HUNDREDTHS,
    OTHERS,
    SIGNALS,
    Finding,
    FraudSignal,
    HostNames,
    SignalKind,
    Weight,
)

# Importing the signals is what makes them known.
assert fraud_signals.__path__  # noqa: S101

# The score, in hundredths, from which what a friend does is held, unless a program says otherwise.
HELD_FROM = 50

# The settings of a program that suspects nobody: all but the proofs are off.
SUSPECTS_NOBODY: dict[str, dict[str, int]] = {
    name: {field.name: 0 for field in fields(kind.signal) if field.type is Weight} for name, kind in SIGNALS.items()
}


def kind_of(finding: str) -> SignalKind:
    """Return the kind of a finding by the name it is kept under; one that is known no more is a check that failed."""
    return SIGNALS.get(finding) or OTHERS.get(finding, CHECK_FAILED)


def read_signals(raw: Mapping[str, Mapping[str, object]]) -> dict[str, FraudSignal]:
    """Return every signal by its name, with a program's settings where it has any. Raises SettingError."""
    if unknown := sorted(_names(raw, "signals") - set(SIGNALS)):
        raise SettingError(unknown[0], f"is no fraud signal; there are {', '.join(sorted(SIGNALS))}")
    return {name: _read(kind, raw.get(name, {})) for name, kind in SIGNALS.items()}


def _read(kind: SignalKind, raw: Mapping[str, object]) -> FraudSignal:
    wanted = {field.name: field for field in fields(kind.signal)}
    if unknown := sorted(_names(raw, kind.name) - set(wanted)):
        raise SettingError(
            f"{kind.name}.{unknown[0]}", f"is not a setting of {kind.name}, which takes {', '.join(wanted)}"
        )
    values: dict[str, object] = {}
    for name, value in raw.items():
        try:
            values[name] = _READERS[wanted[name].type](value)
        except ValueError as error:
            raise SettingError(f"{kind.name}.{name}", str(error)) from error
    signal: FraudSignal = kind.signal(**values)
    return signal


def _names(raw: object, of: str) -> set[str]:
    if not isinstance(raw, Mapping):
        raise SettingError(of, "must be a table of settings, by their names")
    return set(raw)


def _read_weight(raw: object) -> Weight:
    if type(raw) is not int or not 0 <= raw <= HUNDREDTHS:
        raise ValueError(f"must be a whole number between 0 and {HUNDREDTHS}, as in 40")
    return Weight(raw)


def _read_threshold(raw: object) -> int:
    if type(raw) is not int or not 0 <= raw <= sys.maxsize:
        raise ValueError("must be a whole number from 0 on, as in 40")
    return raw


def _read_hosts(raw: object) -> HostNames:
    example = 'as in ["coupons.example"]'
    try:
        return HostNames(map(host_name, _texts(raw)))
    except ValueError as error:
        raise ValueError(f"must be a list of host names, {example}; sub-domains are included") from error


def _texts(raw: object) -> list[str]:
    # Not any sequence: the letters of a text would be a list too.
    if not isinstance(raw, list | tuple) or not all(isinstance(one, str) and one.strip() for one in raw):
        raise ValueError
    return [one.strip() for one in raw]


_READERS: Mapping[object, Callable[[object], object]] = {
    Weight: _read_weight,
    int: _read_threshold,
    HostNames: _read_hosts,
}


def look_at(evidence: Evidence, signals: Mapping[str, FraudSignal]) -> list[Finding]:
    """Ask every signal, and return what they found. One that breaks is a finding itself, which holds."""
    found: list[Finding] = []
    for name, signal in signals.items():
        try:
            saw = signal.look(evidence)
            weight = signal.weight if saw is None else weight_of(signal, saw)
        except Exception:
            # Whatever is wrong with it: nothing may be paid because a check broke.
            found.append(Finding(CHECK_FAILED.name, Weight(HUNDREDTHS), {"signal": name}))
            continue
        if saw is not None and (weight or SIGNALS[name].denies):
            found.append(Finding(name, weight, saw, SIGNALS[name].denies))
    return found


def weight_of(signal: FraudSignal, saw: Mapping[str, int | str]) -> Weight:
    """Return how much it counts that a signal saw this: its weight, unless it weighs by what it saw."""
    weigh: Callable[[Mapping[str, int | str]], Weight] | None = getattr(signal, "weigh", None)
    return weigh(saw) if weigh else signal.weight


def score(findings: Iterable[Finding]) -> Fraction:
    """Return how much findings come to together, between 0 and 1: 1 − Π(1 − weight)."""
    rest = Fraction(1)
    for finding in findings:
        rest *= 1 - Fraction(finding.weight, HUNDREDTHS)
    return 1 - rest


Verdict = Literal["clear", "hold", "deny"]


def verdict(findings: Iterable[Finding], *, held_from: int = HELD_FROM) -> Verdict:
    """Say what becomes of a reward: only a proof denies, and never a sum of weights. `held_from` is in hundredths."""
    found = list(findings)
    if any(finding.denies for finding in found):
        return "deny"
    return "hold" if found and score(found) * HUNDREDTHS >= held_from else "clear"
