"""One household has few people; a farm of accounts has many behind one address."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from webapp.domain.evidence import Evidence, evidence
from webapp.domain.sentences import N_
from webapp.domain.signal_registry import Weight, fraud_signal


@fraud_signal(
    "same_origin_burst",
    label=N_("Many friends from one place"),
    meaning=N_(
        "Many referred friends signed up from one address or network within seven days. A campus or an office "
        "looks like this as well."
    ),
    sentence=N_("Referred friends from the same address or network in the seven days before: %(friends)s."),
    category="traffic",
)
@dataclass(frozen=True, slots=True)
class SameOriginBurst:
    """More than so many referred conversions from one address or network within seven days, this one included.

    One more for each person there who has been here before and whom the referrer did not bring: in an office, on a
    campus and behind a carrier friends come from where customers are.
    """

    weight: Weight = field(default=Weight(40), metadata={"label": N_("Weight")})
    friends: int = field(default=3, metadata={"label": N_("Friends from one place in seven days")})

    def look(self, evidence: Evidence) -> Mapping[str, int | str] | None:
        before = evidence.from_origin
        if before is None or before < self.friends + (evidence.strangers or 0):
            return None
        return {"friends": before}


EXAMPLES = [
    # The fourth.
    (SameOriginBurst(), evidence(from_origin=3), {"friends": 3}),
    # A family of four, of whom one brings the other three.
    (SameOriginBurst(), evidence(from_origin=2), None),
    # Nobody who was here before is known there.
    (SameOriginBurst(), evidence(from_origin=40, strangers=0), {"friends": 40}),
    # A campus behind one address, where many others have been before.
    (SameOriginBurst(), evidence(from_origin=40, strangers=38), None),
    (SameOriginBurst(), evidence(from_origin=40, strangers=37), {"friends": 40}),
    (SameOriginBurst(friends=50), evidence(from_origin=40), None),
    (SameOriginBurst(), evidence(from_origin=0), None),
    (SameOriginBurst(), evidence(), None),
]
