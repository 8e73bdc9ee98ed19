"""Clicks by the thousand that nobody buys after are made up, in the hope that one of them is credited."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from webapp.domain.evidence import Evidence, Traffic, evidence
from webapp.domain.sentences import N_
from webapp.domain.signal_registry import Weight, fraud_signal


@fraud_signal(
    "click_flood",
    label=N_("Far too many clicks"),
    meaning=N_(
        "Far more clicks than people make: many within a minute from one address, or thousands on a "
        "referrer’s links that come to nothing. A big audience clicks much, too, but some of it buys."
    ),
    sentence={
        "minute": N_("%(clicks)s clicks came from one address within a minute."),
        "few": N_("The referrer's links had %(clicks)s clicks, of which so many came to something: %(conversions)s."),
    },
    category="traffic",
)
@dataclass(frozen=True, slots=True)
class ClickFlood:
    """Too many clicks from the friend's address in a minute, or on the referrer's links for what came of them."""

    weight: Weight = field(default=Weight(30), metadata={"label": N_("Weight")})
    minute: int = field(default=60, metadata={"label": N_("Clicks a minute from one address")})
    for_each: int = field(default=500, metadata={"label": N_("Clicks for each conversion")})
    clicks: int = field(default=1000, metadata={"label": N_("Clicks from which on that is looked at")})

    def look(self, evidence: Evidence) -> Mapping[str, int | str] | None:
        traffic = evidence.traffic
        if traffic is None:
            return None
        if traffic.in_a_minute is not None and traffic.in_a_minute > self.minute:
            return {"what": "minute", "clicks": traffic.in_a_minute}
        # The first conversion has none before it.
        if traffic.clicks >= self.clicks and traffic.clicks > self.for_each * max(1, traffic.conversions):
            return {"what": "few", "clicks": traffic.clicks, "conversions": traffic.conversions}
        return None


EXAMPLES = [
    (ClickFlood(), evidence(traffic=Traffic(61, 1, in_a_minute=61)), {"what": "minute", "clicks": 61}),
    (ClickFlood(), evidence(traffic=Traffic(60, 1, in_a_minute=60)), None),
    (ClickFlood(), evidence(traffic=Traffic(1001, 2)), {"what": "few", "clicks": 1001, "conversions": 2}),
    (ClickFlood(), evidence(traffic=Traffic(1000, 2)), None),
    (ClickFlood(), evidence(traffic=Traffic(1000, 1)), {"what": "few", "clicks": 1000, "conversions": 1}),
    (ClickFlood(), evidence(traffic=Traffic(1000, 0)), {"what": "few", "clicks": 1000, "conversions": 0}),
    (ClickFlood(), evidence(traffic=Traffic(999, 0)), None),
    # A lecture hall opens the link that is on the wall, from one address, in two minutes.
    (ClickFlood(), evidence(traffic=Traffic(90, 4, in_a_minute=45)), None),
    # An influencer with many who look and enough who buy.
    (ClickFlood(), evidence(traffic=Traffic(200_000, 400)), None),
    (ClickFlood(for_each=100), evidence(traffic=Traffic(1000, 9)), {"what": "few", "clicks": 1000, "conversions": 9}),
    (ClickFlood(), evidence(), None),
]
