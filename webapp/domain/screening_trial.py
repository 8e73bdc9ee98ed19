"""Trying other settings of the signals on friends who were looked at before: whom they would have held, and rightly?

It rests on the evidence that was kept, and on nothing else: what was not known
then is not known now. Friends about whom a person decided since tell whether
holding them would have been right.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from webapp.domain.evidence import from_stored
from webapp.domain.screening import look_at, verdict
from webapp.domain.screening_lists import ListName
from webapp.domain.signal_registry import FINDING_OF_FAILURE, FINDING_OF_LIST, Finding, FraudSignal
from webapp.domain.signal_settings import SignalSettings

# What people made of a friend; None while nobody has decided.
Fate = Literal["released", "rejected"]


@dataclass(frozen=True, slots=True)
class Looked:
    """A look at a friend as it was kept: `evidence` is None where it could not be gathered.

    `on` is the list of the program on which an entry about the friend stood then.
    """

    evidence: Mapping[str, Any] | None
    on: ListName | None = None
    fate: Fate | None = None


@dataclass(slots=True)
class Tally:
    """How many friends, by what people made of them; `undecided` are those about whom nobody has decided."""

    released: int = 0
    rejected: int = 0
    undecided: int = 0

    @property
    def friends(self) -> int:
        """All of them."""
        return self.released + self.rejected + self.undecided

    def add(self, fate: Fate | None) -> None:
        """Count one more."""
        if fate == "released":
            self.released += 1
        elif fate == "rejected":
            self.rejected += 1
        else:
            self.undecided += 1


@dataclass(slots=True)
class SignalTally:
    """What one signal does: of whom it found something, and who would not be held without it."""

    found: Tally = field(default_factory=Tally)
    alone: int = 0


@dataclass(slots=True)
class Tried:
    """What came of a trial. `before` are those whom the settings that hold now would have held, `after` the draft's.

    `more` are held by the draft only, `fewer` by the others only. `refused` is
    how many a proof refuses, which no weight changes. `by_signal` is the draft's,
    with the lists and checks that failed by the names of their findings.
    """

    friends: int = 0
    refused: int = 0
    before: Tally = field(default_factory=Tally)
    after: Tally = field(default_factory=Tally)
    more: Tally = field(default_factory=Tally)
    fewer: Tally = field(default_factory=Tally)
    by_signal: dict[str, SignalTally] = field(default_factory=dict)


def try_settings(looks: Iterable[Looked], draft: SignalSettings, stored: SignalSettings) -> Tried:
    """Look at friends anew, by a draft and by the settings that hold now. Takes them one by one, and keeps none."""
    tried = Tried()
    # What is set alike finds the same: it is asked once.
    same = {name: one for name, one in draft.signals.items() if one == stored.signals[name]}
    others = [{name: one for name, one in side.signals.items() if name not in same} for side in (draft, stored)]
    for looked in looks:
        tried.friends += 1
        found, found_before = _findings(looked, same, others)
        now, before = verdict(found, held_from=draft.held_from), verdict(found_before, held_from=stored.held_from)
        if now == "deny":
            # Proofs are no matter of settings, so the others say the same.
            tried.refused += 1
        if before == "hold":
            tried.before.add(looked.fate)
        if now == "hold":
            tried.after.add(looked.fate)
        if now != before:
            (tried.more if now == "hold" else tried.fewer).add(looked.fate)
        if found:
            _count(tried, found, looked.fate, draft.held_from, is_held=now == "hold")
    return tried


def _findings(
    looked: Looked, same: Mapping[str, FraudSignal], others: list[dict[str, FraudSignal]]
) -> tuple[list[Finding], list[Finding]]:
    """Return what the draft finds and what the settings that hold now find, as services.screening puts it together."""
    if looked.evidence is None:
        return [FINDING_OF_FAILURE], [FINDING_OF_FAILURE]
    known = from_stored(looked.evidence)
    shared = look_at(known, same)
    found, found_before = (shared + look_at(known, side) if side else shared for side in others)
    if looked.on is None:
        return found, found_before
    return _with_list(looked.on, found), _with_list(looked.on, found_before)


def _with_list(on: ListName, found: list[Finding]) -> list[Finding]:
    return [FINDING_OF_LIST[on], *(found if on == "block" else (one for one in found if one.denies))]


def _count(tried: Tried, found: list[Finding], fate: Fate | None, held_from: int, *, is_held: bool) -> None:
    for finding in found:
        tally = tried.by_signal.setdefault(finding.signal, SignalTally())
        tally.found.add(fate)
        if is_held:
            rest = [one for one in found if one is not finding]
            tally.alone += verdict(rest, held_from=held_from) != "hold"
