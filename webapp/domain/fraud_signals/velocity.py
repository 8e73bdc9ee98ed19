"""More friends at once than anybody has. Only those beyond the number are looked at, not the referrer's others."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from webapp.domain.evidence import Evidence, Pace, evidence
from webapp.domain.sentences import N_
from webapp.domain.signal_registry import Weight, fraud_signal


@fraud_signal(
    "velocity",
    label=N_("More friends at once than usual"),
    meaning=N_(
        "A referrer brings more friends at once than anybody does. Only those beyond the number are looked "
        "at, and a busy referrer is measured by their own busy days."
    ),
    sentence=N_("%(hour)s friends signed up in the hour before, %(day)s in the day; up to %(usual)s a day are usual."),
    category="traffic",
)
@dataclass(frozen=True, slots=True)
class Velocity:
    """Too many friends of a referrer in an hour or a day.

    Someone who has been here for long is measured by their own busy days, whatever those are. A following may come at
    once: many more look than sign up, and they live in different places, which is dear to make up.
    """

    weight: Weight = field(default=Weight(50), metadata={"label": N_("Weight")})
    hour: int = field(default=5, metadata={"label": N_("Friends an hour")})
    day: int = field(default=20, metadata={"label": N_("Friends a day")})
    visitors: int = field(default=5, metadata={"label": N_("Visitors for each friend of a following")})
    spread: int = field(default=50, metadata={"label": N_("Networks for a hundred friends of a following")})

    def look(self, evidence: Evidence) -> Mapping[str, int | str] | None:
        pace = evidence.pace
        if pace is None:
            return None
        usual = max(self.day, pace.usual_day or 0)
        # Who is used to many a day has busy hours too.
        busy_hour = self.hour * usual // self.day if self.day else self.hour
        if (pace.hour < busy_hour and pace.day < usual) or self._is_following(pace):
            return None
        return {"hour": pace.hour, "day": pace.day, "usual": usual}

    def _is_following(self, pace: Pace) -> bool:
        if pace.visitors is None or pace.spread is None:
            return False
        return pace.visitors >= self.visitors and pace.spread >= self.spread


EXAMPLES = [
    # The sixth within an hour, the twenty-first of a day.
    (Velocity(), evidence(pace=Pace(5, 5)), {"hour": 5, "day": 5, "usual": 20}),
    (Velocity(), evidence(pace=Pace(4, 19)), None),
    (Velocity(), evidence(pace=Pace(0, 20)), {"hour": 0, "day": 20, "usual": 20}),
    (Velocity(), evidence(), None),
    # An influencer whose busy days have 400 friends is not held for 90 in an hour.
    (Velocity(), evidence(pace=Pace(90, 200, usual_day=400)), None),
    (Velocity(), evidence(pace=Pace(100, 200, usual_day=400)), {"hour": 100, "day": 200, "usual": 400}),
    (Velocity(), evidence(pace=Pace(3, 400, usual_day=400)), {"hour": 3, "day": 400, "usual": 400}),
    # Somebody new here whom many know: for each who signs up, nineteen only look.
    (Velocity(), evidence(pace=Pace(40, 99, visitors=20, spread=88)), None),
    (Velocity(), evidence(pace=Pace(40, 99, visitors=5, spread=50)), None),
    # A program that signs up has hardly more visitors than friends, or the same few networks for all of them.
    (Velocity(), evidence(pace=Pace(40, 99, visitors=4, spread=88)), {"hour": 40, "day": 99, "usual": 20}),
    (Velocity(), evidence(pace=Pace(40, 99, visitors=20, spread=49)), {"hour": 40, "day": 99, "usual": 20}),
    # Where nobody tells from where they come, nobody can say that it is from everywhere.
    (Velocity(), evidence(pace=Pace(40, 99, visitors=20)), {"hour": 40, "day": 99, "usual": 20}),
    # Someone whose own days are quiet is held to what anybody may bring.
    (Velocity(), evidence(pace=Pace(4, 10, usual_day=1)), None),
]
