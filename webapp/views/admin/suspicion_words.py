"""Why a friend was held for a check, in words and figures for staff."""

from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from webapp.domain.screening import SIGNALS, kind_of
from webapp.domain.signal_registry import HUNDREDTHS
from webapp.formatting import exact_decimal, say
from webapp.queries.screenings import ScreeningRow, screenings_of
from webapp.web import load_program


@dataclass(frozen=True, slots=True)
class FindingLine:
    """What one signal found, what that rests on and how much it counts."""

    label: str
    rests_on: str
    weight: str
    # It counts whole: a proof, and no mere doubt.
    is_proof: bool


@dataclass(frozen=True, slots=True)
class Suspicion:
    """What was found of a friend; `sum` shows how the weights come to the score. `others` signals found nothing."""

    is_held: bool
    lines: list[FindingLine]
    others: int
    score: str
    held_from: str
    sum: str


def suspicion(session: Session, friend_id: UUID | None, bond: int) -> Suspicion | None:
    """Return what the signals found of a friend; None when they found nothing, or were not asked."""
    looks = screenings_of(session, friend_id, bond) if friend_id else []
    return suspicion_of(next((look for look in looks if look.findings), None))


def suspicion_of(by_signals: ScreeningRow | None) -> Suspicion | None:
    """Put a look by the signals into words; None when there was none, or they found nothing."""
    if by_signals is None or not by_signals.findings:
        return None
    lines = []
    for finding in by_signals.findings:
        kind = kind_of(finding.signal)
        lines.append(
            FindingLine(
                label=_(kind.label),
                rests_on=say(kind.in_words(finding.saw)),
                weight=_hundredths(finding.weight),
                is_proof=finding.denies,
            )
        )
    factors = " × ".join(f"(1 − {line.weight})" for line in lines)
    score = by_signals.score * HUNDREDTHS
    return Suspicion(
        is_held=by_signals.verdict != "clear",
        lines=lines,
        others=len(SIGNALS) - len(lines),
        score=_hundredths(round(score)),
        held_from=_hundredths(load_program().held_from),
        sum=f"1 − {factors} = {_hundredths(round(score))}",
    )


def _hundredths(value: int) -> str:
    return exact_decimal(f"{Decimal(value) / HUNDREDTHS:.2f}")
