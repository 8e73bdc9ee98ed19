"""Whoever buys with somebody's link only to send it back is no customer, and neither may be the next one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from webapp.domain.evidence import Evidence, Proportion, evidence
from webapp.domain.sentences import N_
from webapp.domain.signal_registry import Weight, fraud_signal
from webapp.domain.wilson import is_surely_above


@fraud_signal(
    "refund_rate",
    label=N_("Friends send much back"),
    meaning=N_(
        "Of what the referrer’s friends bought in the last 180 days, far more was sent back than in the whole "
        "program, and more than chance explains. Friends with one taste who were all sold the wrong thing look like "
        "this, too."
    ),
    sentence=N_(
        "Of %(purchases)s purchases of the referrer's friends %(back)s were sent back; in the whole program, "
        "%(all_back)s of %(all)s."
    ),
    category="traffic",
)
@dataclass(frozen=True, slots=True)
class RefundRate:
    """The referrer's friends sent back so many of a hundred purchases, and surely more than those of others do."""

    weight: Weight = field(default=Weight(40), metadata={"label": N_("Weight")})
    percent: int = field(default=25, metadata={"label": N_("Sent back, of 100 purchases")})
    purchases: int = field(default=8, metadata={"label": N_("Purchases from which on that is looked at")})

    def look(self, evidence: Evidence) -> Mapping[str, int | str] | None:
        of = evidence.sent_back
        if of is None or of.whole < max(1, self.purchases) or Fraction(of.part, of.whole) < Fraction(self.percent, 100):
            return None
        if not is_surely_above(of.part, of.whole, of.program_share):
            return None
        return {"back": of.part, "purchases": of.whole, "all_back": of.of_program, "all": of.program_whole}


EXAMPLES = [
    (
        RefundRate(),
        evidence(sent_back=Proportion(5, 8, 40, 1000)),
        {"back": 5, "purchases": 8, "all_back": 40, "all": 1000},
    ),
    # Just a quarter.
    (
        RefundRate(),
        evidence(sent_back=Proportion(2, 8, 40, 1000)),
        {"back": 2, "purchases": 8, "all_back": 40, "all": 1000},
    ),
    (RefundRate(), evidence(sent_back=Proportion(2, 9, 20, 1000)), None),
    # Of seven nothing can be said yet.
    (RefundRate(), evidence(sent_back=Proportion(7, 7, 40, 1000)), None),
    # A third comes back, as chance has it where a fifth of everything does: shoes.
    (RefundRate(), evidence(sent_back=Proportion(4, 12, 200, 1000)), None),
    (
        RefundRate(),
        evidence(sent_back=Proportion(40, 120, 200, 1000)),
        {"back": 40, "purchases": 120, "all_back": 200, "all": 1000},
    ),
    # Whoever is the whole program is not worse than it.
    (RefundRate(), evidence(sent_back=Proportion(9, 10, 9, 10)), None),
    (RefundRate(percent=70), evidence(sent_back=Proportion(5, 8, 40, 1000)), None),
    (RefundRate(), evidence(), None),
]
