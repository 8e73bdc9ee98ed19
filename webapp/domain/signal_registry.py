"""Fraud signals: how one makes itself known, how its settings are read, and what several findings come to.

A signal is a frozen dataclass. Its fields are its settings, each with a
default: first its `weight`, then its thresholds. The metadata of a field,
`{"label": N_("…")}`, says to people what it is.
"""

import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from fractions import Fraction
from typing import Any, Literal, Protocol, TypeVar

from webapp.domain.evidence import Evidence
from webapp.domain.registry import SettingError
from webapp.domain.sentences import N_, Sentence

# What a case is about; the words that a referrer reads are by these, never by signal.
Category = Literal["person", "traffic", "orders"]

HELD_FROM = Fraction(1, 2)
HUNDREDTHS = 100


class Weight(int):
    """A setting: how much a finding counts, in hundredths; a hundred is a proof."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a signal found. `saw` are the numbers and words it rests on; they are kept, and hold nothing of a person."""

    signal: str
    weight: Weight
    saw: Mapping[str, int | str]
    denies: bool = False


class FraudSignal(Protocol):
    """What every signal can do."""

    @property
    def weight(self) -> Weight:
        """How much its finding counts."""
        ...

    def look(self, evidence: Evidence) -> Mapping[str, int | str] | None:
        """Return what it saw, None when it found nothing or what it asks for is not known. Pure."""
        ...


@dataclass(frozen=True, slots=True)
class SignalKind:
    """A kind of signal: `label` says to staff what was found, `sentence` what it rests on, naming what it saw.

    One that `denies` is a proof: nothing is paid, and nobody has to decide.
    """

    name: str
    label: str
    sentence: str
    category: Category
    signal: type[Any]
    denies: bool = False

    def in_words(self, saw: Mapping[str, object]) -> Sentence:
        """Say to staff what a finding rests on."""
        return Sentence(self.sentence, saw)


SIGNALS: dict[str, SignalKind] = {}
# Not a signal of its own: what stands in the stead of one that broke. It holds.
CHECK_FAILED = SignalKind(
    "check_failed",
    N_("A check could not be made"),
    N_("“%(signal)s” failed, so a person has to look."),
    "person",
    type(None),
)

# When not even what signals look at could be gathered.
FINDING_OF_FAILURE = Finding(CHECK_FAILED.name, Weight(HUNDREDTHS), {"signal": "evidence"})

SignalT = TypeVar("SignalT")


def fraud_signal(
    name: str, *, label: str, sentence: str, category: Category, denies: bool = False
) -> Callable[[type[SignalT]], type[SignalT]]:
    """Make a dataclass known as the signal that is called `name`. See SignalKind for the others."""

    def register(signal: type[SignalT]) -> type[SignalT]:
        if name in SIGNALS:
            raise ValueError(f"two fraud signals are called {name}")
        SIGNALS[name] = SignalKind(name, label, sentence, category, signal, denies)
        return signal

    return register


def read_signals(raw: Mapping[str, Mapping[str, object]]) -> dict[str, FraudSignal]:
    """Return every signal by its name, with a program's settings where it has any. Raises SettingError."""
    if unknown := sorted(set(raw) - set(SIGNALS)):
        raise SettingError(unknown[0], f"is no fraud signal; there are {', '.join(sorted(SIGNALS))}")
    return {name: _read(kind, raw.get(name, {})) for name, kind in SIGNALS.items()}


def _read(kind: SignalKind, raw: Mapping[str, object]) -> FraudSignal:
    wanted = {field.name: field for field in fields(kind.signal)}
    if unknown := sorted(set(raw) - set(wanted)):
        raise SettingError(
            f"{kind.name}.{unknown[0]}", f"is not a setting of {kind.name}, which takes {', '.join(wanted)}"
        )
    values: dict[str, int] = {}
    for name, value in raw.items():
        most = HUNDREDTHS if name == "weight" else sys.maxsize
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
            limit = "between 0 and 100" if name == "weight" else "from 0 on"
            raise SettingError(f"{kind.name}.{name}", f"must be a whole number {limit}, as in 40")
        values[name] = Weight(value) if name == "weight" else value
    signal: FraudSignal = kind.signal(**values)
    return signal


def look_at(evidence: Evidence, signals: Mapping[str, FraudSignal]) -> list[Finding]:
    """Ask every signal, and return what they found. One that breaks is a finding itself, which holds."""
    found: list[Finding] = []
    for name, signal in signals.items():
        try:
            saw = signal.look(evidence)
        except Exception:
            # Whatever is wrong with it: nothing may be paid because a check broke.
            found.append(Finding(CHECK_FAILED.name, Weight(HUNDREDTHS), {"signal": name}))
            continue
        if saw is not None and (signal.weight or SIGNALS[name].denies):
            found.append(Finding(name, signal.weight, saw, SIGNALS[name].denies))
    return found


def score(findings: Iterable[Finding]) -> Fraction:
    """Return how much findings come to together, between 0 and 1: 1 − Π(1 − weight)."""
    rest = Fraction(1)
    for finding in findings:
        rest *= 1 - Fraction(finding.weight, HUNDREDTHS)
    return 1 - rest


Verdict = Literal["clear", "hold", "deny"]


def verdict(findings: Iterable[Finding], *, held_from: Fraction = HELD_FROM) -> Verdict:
    """Say what becomes of a reward: only a proof denies, and never a sum of weights."""
    found = list(findings)
    if any(finding.denies for finding in found):
        return "deny"
    return "hold" if found and score(found) >= held_from else "clear"
