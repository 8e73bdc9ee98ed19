"""Two who bring each other, or three in a circle, would be paid for nobody new."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from webapp.domain.evidence import Evidence, evidence
from webapp.domain.sentences import N_
from webapp.domain.signal_registry import Weight, fraud_signal


@fraud_signal(
    "loop",
    label=N_("Referrals go in a circle"),
    meaning=N_(
        "Whoever was signed in with the friend’s browser stands above the referrer: people who refer each "
        "other in a circle."
    ),
    sentence=N_("This browser was signed in as somebody who brought the referrer; referrals between: %(steps)s."),
    category="person",
)
@dataclass(frozen=True, slots=True)
class Loop:
    """The friend came with the browser of one of those by whom the referrer was brought.

    One account cannot close a circle, since nobody is referred twice; a second account of the same person can.
    """

    # In itself enough, wherever a program begins to hold.
    weight: Weight = field(default=Weight(100), metadata={"label": N_("Weight")})
    steps: int = field(default=3, metadata={"label": N_("Steps of a circle")})

    def look(self, evidence: Evidence) -> Mapping[str, int | str] | None:
        steps = evidence.steps_to_friend
        return {"steps": steps} if steps is not None and steps <= self.steps else None


EXAMPLES = [
    # Ann brought Bob, and Bob brings somebody who sits at Ann's computer.
    (Loop(), evidence(steps_to_friend=1), {"steps": 1}),
    (Loop(), evidence(steps_to_friend=3), {"steps": 3}),
    (Loop(), evidence(steps_to_friend=4), None),
    (Loop(steps=4), evidence(steps_to_friend=4), {"steps": 4}),
    # The friend of a friend of a friend is someone new, and none of those above.
    (Loop(), evidence(), None),
]
