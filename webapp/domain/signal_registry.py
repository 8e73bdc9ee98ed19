"""Fraud signals: how one makes itself known, how its settings are read, and what several findings come to.

A signal is a frozen dataclass. Its fields are its settings, each with a
default: first its `weight`, then its thresholds. The type of a field says what
it takes; the metadata of a field, `{"label": N_("…")}`, says to people what it
is. A signal whose findings do not all count alike has a method `weigh`, which
answers by what was seen and by the settings alone, so that a finding that is
kept can be weighed anew.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeVar

from webapp.domain.evidence import Evidence
from webapp.domain.host_names import lies_in
from webapp.domain.sentences import N_, Sentence

# What a case is about; the words that a referrer reads are by these, never by signal.
Category = Literal["person", "traffic", "orders"]

HUNDREDTHS = 100


class Weight(int):
    """A setting: how much a finding counts, in hundredths; a hundred is a proof."""


class HostNames(tuple[str, ...]):
    """A setting: a program's list of hosts, see host_names.host_name. Each stands for its sub-domains too."""

    __slots__ = ()

    def covering(self, host: str) -> str | None:
        """Return the first one that a host is, or lies in."""
        return next((one for one in self if lies_in(host, one)), None)


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

    `meaning` says to them when it speaks, and who may look like that in all honesty.
    One that sees several things has a sentence for each, by the code that is `what` it saw.
    One that `denies` is a proof: nothing is paid, and nobody has to decide.
    """

    name: str
    label: str
    sentence: str | Mapping[str, str]
    category: Category
    signal: type[Any]
    denies: bool = False
    meaning: str = ""

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

# Neither are these: a program's own lists are asked first, and which entry it was stays out of what is kept.
ON_ALLOW_LIST = SignalKind(
    "on_allow_list",
    N_("On the list of those to trust"),
    N_("An entry of the program's list is about this friend or referrer, so no signal was asked."),
    "person",
    type(None),
)
ON_BLOCK_LIST = SignalKind(
    "on_block_list",
    N_("On the list of those not to trust"),
    N_("An entry of the program's list is about this friend or referrer."),
    "person",
    type(None),
)
# What a finding can be of that no signal made.
OTHERS = {kind.name: kind for kind in (CHECK_FAILED, ON_ALLOW_LIST, ON_BLOCK_LIST)}

# When not even what signals look at could be gathered.
FINDING_OF_FAILURE = Finding(CHECK_FAILED.name, Weight(HUNDREDTHS), {"signal": "evidence"})

FINDING_OF_LIST: Mapping[str, "Finding"] = {
    "allow": Finding(ON_ALLOW_LIST.name, Weight(0), {}),
    "block": Finding(ON_BLOCK_LIST.name, Weight(HUNDREDTHS), {}),
}

SignalT = TypeVar("SignalT")


def fraud_signal(
    name: str,
    *,
    label: str,
    meaning: str,
    sentence: str | Mapping[str, str],
    category: Category,
    denies: bool = False,
) -> Callable[[type[SignalT]], type[SignalT]]:
    """Make a dataclass known as the signal that is called `name`. See SignalKind for the others."""

    def register(signal: type[SignalT]) -> type[SignalT]:
        if name in SIGNALS:
            raise ValueError(f"two fraud signals are called {name}")
        SIGNALS[name] = SignalKind(name, label, sentence, category, signal, denies, meaning)
        return signal

    return register
