"""A friend is brought once, and the reward for it is paid once."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from webapp.domain.evidence import Evidence, evidence
from webapp.domain.sentences import N_
from webapp.domain.signal_registry import Weight, fraud_signal


@fraud_signal(
    "already_referred",
    label=N_("Is someone else's friend already"),
    meaning=N_(
        "Someone else had brought this person into the program before. The first one keeps the credit, so "
        "nothing is paid for them a second time."
    ),
    sentence=N_("Another referrer had brought this person before; days between the two: %(days)s."),
    category="person",
    denies=True,
)
@dataclass(frozen=True, slots=True)
class AlreadyReferred:
    """The friend was somebody else's friend in this program before."""

    weight: Weight = field(default=Weight(100), metadata={"label": N_("Weight")})

    def look(self, evidence: Evidence) -> Mapping[str, int | str] | None:
        since = evidence.other_referrer_since
        return None if since is None or since > evidence.at else {"days": (evidence.at - since).days}


DAY = 24 * 60 * 60
EXAMPLES = [
    (AlreadyReferred(), evidence(other_referrer=5 * DAY), {"days": 5}),
    (AlreadyReferred(), evidence(other_referrer=0), {"days": 0}),
    # The other one came later, and it is their friend that is somebody else's.
    (AlreadyReferred(), evidence(other_referrer=-1), None),
    # A friend who clicked on the links of several people is nobody's friend yet.
    (AlreadyReferred(), evidence(first_touch=9 * DAY, clicked=DAY), None),
    (AlreadyReferred(), evidence(), None),
]
