"""Nobody reads a page and fills in a form within seconds; programs do."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from webapp.domain.evidence import Evidence, evidence
from webapp.domain.sentences import N_
from webapp.domain.signal_registry import Weight, fraud_signal


@fraud_signal(
    "too_fast",
    label=N_("Signed up within moments of the click"),
    meaning=N_(
        "The signup came within moments of the click, or the click came while the signup page was open "
        "already. People take longer; programs do not."
    ),
    sentence=N_("%(seconds)s seconds after the click; a person takes longer."),
    category="traffic",
)
@dataclass(frozen=True, slots=True)
class TooFast:
    """The signup came too soon after the click, or had begun before it. `seconds` is how long a person takes."""

    weight: Weight = field(default=Weight(60), metadata={"label": N_("Weight")})
    seconds: int = field(default=3, metadata={"label": N_("Seconds between click and signup")})

    def look(self, evidence: Evidence) -> Mapping[str, int | str] | None:
        if evidence.clicked_at is None:
            return None
        passed = (evidence.at - evidence.clicked_at).total_seconds()
        had_begun = evidence.began_at is not None and evidence.began_at < evidence.clicked_at
        # A page that was open before the click: the click was made up for it.
        return {"seconds": max(0, int(passed))} if passed < self.seconds or had_begun else None


EXAMPLES = [
    (TooFast(), evidence(clicked=2.999), {"seconds": 2}),
    (TooFast(), evidence(clicked=3), None),
    (TooFast(), evidence(), None),
    (TooFast(seconds=10), evidence(clicked=9), {"seconds": 9}),
    # Clocks differ: a click after the signup is none of the past.
    (TooFast(), evidence(clicked=-1), {"seconds": 0}),
    (TooFast(), evidence(clicked=40, began=60), {"seconds": 40}),
    (TooFast(), evidence(clicked=60, began=40), None),
]
