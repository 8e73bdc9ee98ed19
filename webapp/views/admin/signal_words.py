"""The fraud signals with their settings, and what a trial of other settings found, in words and figures for staff."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask_babel import gettext as _
from flask_babel import ngettext

from webapp.domain.screening import kind_of
from webapp.domain.screening_trial import Tally, Tried
from webapp.domain.sentences import N_
from webapp.domain.signal_registry import Category, SignalKind
from webapp.domain.signal_settings import SignalSettings, is_on
from webapp.formatting import number
from webapp.forms.signal_settings import TypedSetting
from webapp.queries.screening_trials import MOST_TRIED

CATEGORY_HEADINGS: Mapping[Category, str] = {
    "person": N_("Who the friend is"),
    "traffic": N_("How they came"),
    "orders": N_("What they order"),
}


@dataclass(frozen=True, slots=True)
class SignalBox:
    """One signal: what it is called, what it means, how it is set in a line, and its fields."""

    name: str
    label: str
    meaning: str
    is_proof: bool
    summary: str
    settings: Sequence[TypedSetting]
    differs: bool
    is_open: bool


def signals_heading(settings: SignalSettings) -> str:
    """Say how many signals count for anything."""
    on = sum(is_on(name, signal) for name, signal in settings.signals.items())
    if on == len(settings.signals):
        return _("%(count)s signals look at every friend", count=number(on))
    return _("%(count)s of %(all)s signals look at every friend", count=number(on), all=number(len(settings.signals)))


def signal_box(kind: SignalKind, settings: Sequence[TypedSetting], *, is_open: bool) -> SignalBox:
    """Put a signal with what is typed of it into words."""
    return SignalBox(
        name=kind.name,
        label=_(kind.label),
        meaning=_(kind.meaning),
        is_proof=kind.denies,
        summary=_("Refuses by itself") if kind.denies else _weights(settings),
        settings=settings,
        differs=any(one.differs for one in settings),
        # What is wrong is not folded away.
        is_open=is_open or any(one.field.errors for one in settings),
    )


def _weights(settings: Sequence[TypedSetting]) -> str:
    typed = [(one.field.data or "").strip() for one in settings if one.kind == "weight"]
    if all(weight == _("off") for weight in typed):
        return _("Off")
    return " · ".join(typed)


@dataclass(frozen=True, slots=True)
class TallyRow:
    """Some friends, and what people made of them."""

    label: str
    friends: str
    released: str
    rejected: str
    undecided: str


@dataclass(frozen=True, slots=True)
class SignalRow:
    """What a signal found, whom it holds by itself alone, and what people made of whom it found."""

    label: str
    found: str
    alone: str
    released: str
    rejected: str


@dataclass(frozen=True, slots=True)
class TrialWords:
    """What a trial found: the answer, a sentence beside it, and two tables."""

    heading: str
    about: str
    rows: list[TallyRow]
    signals: list[SignalRow]


def trial_words(tried: Tried, days: int) -> TrialWords:
    """Put a trial of the last `days` days into words."""
    if not tried.friends:
        return TrialWords(
            ngettext(
                "No friend came in the last %(num)s day, so there is nothing to try it on.",
                "No friend came in the last %(num)s days, so there is nothing to try it on.",
                days,
            ),
            "",
            [],
            [],
        )
    heading = ngettext(
        "Would have held %(held)s of %(num)s friend; as it is set now: %(before)s",
        "Would have held %(held)s of %(num)s friends; as it is set now: %(before)s",
        tried.friends,
        held=number(tried.after.friends),
        before=number(tried.before.friends),
    )
    rows = [
        _row(_("Held, as it stands here"), tried.after),
        _row(_("Held, as it is set now"), tried.before),
        _row(_("Held only as it stands here"), tried.more),
        _row(_("No longer held"), tried.fewer),
    ]
    by_weight = sorted(tried.by_signal.items(), key=lambda item: (-item[1].found.friends, item[0]))
    signals = [
        SignalRow(
            label=_(kind_of(name).label),
            found=number(one.found.friends),
            alone=number(one.alone),
            released=number(one.found.released),
            rejected=number(one.found.rejected),
        )
        for name, one in by_weight
    ]
    return TrialWords(heading, " ".join(_about(tried, days)), rows, signals)


def _about(tried: Tried, days: int) -> list[str]:
    said = [
        ngettext(
            "Friends of the last %(num)s day, by what was known when they signed up; nothing is saved.",
            "Friends of the last %(num)s days, by what was known when they signed up; nothing is saved.",
            days,
        )
    ]
    if tried.friends == MOST_TRIED:
        said.append(_("There were more: these are the newest %(count)s.", count=number(MOST_TRIED)))
    if tried.refused:
        said.append(
            ngettext(
                "A proof refuses %(num)s of them, whatever is set here.",
                "A proof refuses %(num)s of them, whatever is set here.",
                tried.refused,
            )
        )
    return said


def _row(label: str, tally: Tally) -> TallyRow:
    counts = (tally.friends, tally.released, tally.rejected, tally.undecided)
    return TallyRow(label, *map(number, counts))
