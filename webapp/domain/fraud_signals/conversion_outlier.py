"""Of people who look, some sign up. Where nearly all do, somebody may have clicked only to sign up."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from webapp.domain.evidence import Evidence, Proportion, evidence
from webapp.domain.sentences import N_
from webapp.domain.signal_registry import Weight, fraud_signal
from webapp.domain.wilson import is_surely_above


@fraud_signal(
    "conversion_outlier",
    label=N_("Nearly every visitor signs up"),
    meaning=N_(
        "Of those who opened the referrer’s links in the last 90 days, far more signed up than in the whole program, "
        "and more than chance explains. Somebody who sends their link only to friends who asked for it looks like "
        "this, too."
    ),
    sentence=N_(
        "Of %(visitors)s visitors of the referrer's links %(signups)s signed up; in the whole program, "
        "%(all_signups)s of %(all)s."
    ),
    category="traffic",
)
@dataclass(frozen=True, slots=True)
class ConversionOutlier:
    """Of so many signups by click or more, surely so many times the share of the program's visitors."""

    weight: Weight = field(default=Weight(30), metadata={"label": N_("Weight")})
    times: int = field(default=5, metadata={"label": N_("Times the program’s share")})
    signups: int = field(default=10, metadata={"label": N_("Signups from which on that is looked at")})

    def look(self, evidence: Evidence) -> Mapping[str, int | str] | None:
        of = evidence.signed_up
        if of is None or of.part < self.signups:
            return None
        if not is_surely_above(of.part, of.whole, self.times * of.program_share):
            return None
        return {"signups": of.part, "visitors": of.whole, "all_signups": of.of_program, "all": of.program_whole}


EXAMPLES = [
    # All of ten sign up where one of ten does: chance alone leads to that where 72 of 100 do.
    (
        ConversionOutlier(),
        evidence(signed_up=Proportion(10, 10, 100, 1000)),
        {"signups": 10, "visitors": 10, "all_signups": 100, "all": 1000},
    ),
    (ConversionOutlier(), evidence(signed_up=Proportion(10, 10, 145, 1000)), None),
    (ConversionOutlier(), evidence(signed_up=Proportion(9, 9, 100, 1000)), None),
    # Somebody whose friends listen to them: half of them come along.
    (ConversionOutlier(), evidence(signed_up=Proportion(10, 20, 100, 1000)), None),
    # A link on the wall of a lecture hall, where one of seven signs up.
    (ConversionOutlier(), evidence(signed_up=Proportion(11, 11, 354, 2331)), None),
    (
        ConversionOutlier(times=2),
        evidence(signed_up=Proportion(10, 20, 100, 1000)),
        {"signups": 10, "visitors": 20, "all_signups": 100, "all": 1000},
    ),
    # Where most sign up anyway, nobody can be far beyond them.
    (ConversionOutlier(), evidence(signed_up=Proportion(300, 300, 300, 1000)), None),
    (ConversionOutlier(), evidence(), None),
]
