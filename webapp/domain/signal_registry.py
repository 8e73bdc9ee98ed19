"""Fraud signals: how one makes itself known, how its settings are read, and what several findings come to.

A signal is a frozen dataclass. Its fields are its settings, each with a
default: first its `weight`, then its thresholds. The type of a field says what
it takes; the metadata of a field, `{"label": N_("…")}`, says to people what it
is. A signal whose findings do not all count alike has a method `weigh`, which
answers by what was seen and by the settings alone, so that a finding that is
kept can be weighed anew.
"""

import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from fractions import Fraction
from typing import Any, Literal, Protocol, TypeVar

from webapp.domain.evidence import Evidence
from webapp.domain.host_names import host_name, lies_in
from webapp.domain.registry import SettingError
from webapp.domain.sentences import N_, Sentence

# What a case is about; the words that a referrer reads are by these, never by signal.
Category = Literal["person", "traffic", "orders"]

HELD_FROM = Fraction(1, 2)
HUNDREDTHS = 100


class Weight(int):
    """A setting: how much a finding counts, in hundredths; a hundred is a proof."""


class HostNames(tuple[str, ...]):
    """A setting: a program's list of hosts, see host_names.host_name. Each stands for its sub-domains too."""

    __slots__ = ()

    def covering(self, host: str) -> str | None:
        """Return the first one that a host is, or lies in."""
        return next((one for one in self if lies_in(host, one)), None)


class Campaigns(tuple[str, ...]):
    """A setting: a program's list of campaigns, as they stand in utm_campaign."""

    __slots__ = ()


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

    One that sees several things has a sentence for each, by the code that is `what` it saw.
    One that `denies` is a proof: nothing is paid, and nobody has to decide. What one holds that is `never_paid`
    waits for a person too, but only for what else follows: no decision pays it.
    """

    name: str
    label: str
    sentence: str | Mapping[str, str]
    category: Category
    signal: type[Any]
    denies: bool = False
    never_paid: bool = False

    def in_words(self, saw: Mapping[str, object]) -> Sentence:
        """Say to staff what a finding rests on."""
        return Sentence(self.sentence if isinstance(self.sentence, str) else self.sentence[str(saw["what"])], saw)


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
    name: str,
    *,
    label: str,
    sentence: str | Mapping[str, str],
    category: Category,
    denies: bool = False,
    never_paid: bool = False,
) -> Callable[[type[SignalT]], type[SignalT]]:
    """Make a dataclass known as the signal that is called `name`. See SignalKind for the others."""

    def register(signal: type[SignalT]) -> type[SignalT]:
        if name in SIGNALS:
            raise ValueError(f"two fraud signals are called {name}")
        SIGNALS[name] = SignalKind(name, label, sentence, category, signal, denies, never_paid)
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
    values: dict[str, object] = {}
    for name, value in raw.items():
        try:
            values[name] = _READERS[wanted[name].type](value)
        except ValueError as error:
            raise SettingError(f"{kind.name}.{name}", str(error)) from error
    signal: FraudSignal = kind.signal(**values)
    return signal


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


def _read_campaigns(raw: object) -> Campaigns:
    try:
        return Campaigns(_texts(raw))
    except ValueError as error:
        raise ValueError('must be a list of campaigns, as in ["autumn-2026"]') from error


def _texts(raw: object) -> list[str]:
    # Not any sequence: the letters of a text would be a list too.
    if not isinstance(raw, list | tuple) or not all(isinstance(one, str) and one.strip() for one in raw):
        raise ValueError
    return [one.strip() for one in raw]


_READERS: Mapping[object, Callable[[object], object]] = {
    Weight: _read_weight,
    int: _read_threshold,
    HostNames: _read_hosts,
    Campaigns: _read_campaigns,
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


def verdict(findings: Iterable[Finding], *, held_from: Fraction = HELD_FROM) -> Verdict:
    """Say what becomes of a reward: only a proof denies, and never a sum of weights."""
    found = list(findings)
    if any(finding.denies for finding in found):
        return "deny"
    return "hold" if found and score(found) >= held_from else "clear"
