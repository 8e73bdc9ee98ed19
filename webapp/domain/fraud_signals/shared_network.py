"""Near each other are a person and their second account, but also a household, an office and a campus."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from webapp.domain.evidence import Evidence, Together, evidence
from webapp.domain.sentences import N_
from webapp.domain.signal_registry import Weight, fraud_signal


@fraud_signal(
    "shared_network",
    label=N_("The referrer's network"),
    meaning=N_(
        "The referrer was on the same network within a day, perhaps with the same kind of browser. So are "
        "households, offices and campuses."
    ),
    sentence={
        "browser": N_("The referrer used the same network and the same kind of browser; hours between: %(hours)s."),
        "network": N_("The referrer used the same network; hours between: %(hours)s."),
        "crowd": N_(
            "The referrer used the same network, as did others who have been here before: %(others)s; hours between: "
            "%(hours)s."
        ),
    },
    category="person",
)
@dataclass(frozen=True, slots=True)
class SharedNetwork:
    """The friend came from the referrer's network: an IPv4 address, or the /64 of an IPv6 address.

    With a browser of the same family soon after or before, that says more than the network by itself, unless it is one
    of many people: in an office, on a campus or behind a carrier somebody always has that browser.
    """

    weight: Weight = field(default=Weight(40), metadata={"label": N_("Weight")})
    alone: Weight = field(default=Weight(15), metadata={"label": N_("Weight of the network by itself")})
    hours: int = field(default=24, metadata={"label": N_("Hours within which the kind of browser counts")})
    crowd: int = field(default=5, metadata={"label": N_("Others on the network who make it one of many people")})

    def look(self, evidence: Evidence) -> Mapping[str, int | str] | None:
        together = evidence.together
        if together is None or not (together.network or together.address):
            return None
        apart = abs(together.apart)
        soon = apart <= timedelta(hours=1) * self.hours
        hours = apart // timedelta(hours=1)
        others = evidence.strangers or 0
        if others >= self.crowd:
            return {"what": "crowd", "hours": hours, "others": others}
        return {"what": "browser" if together.browser and soon else "network", "hours": hours}

    def weigh(self, saw: Mapping[str, int | str]) -> Weight:
        return self.weight if saw["what"] == "browser" else self.alone


def _together(
    *, hours: float, network: bool = True, address: bool = True, browser: bool = False, strangers: int = 0
) -> Evidence:
    return evidence(together=Together(timedelta(hours=hours), address, network, browser), strangers=strangers)


EXAMPLES = [
    (SharedNetwork(), _together(hours=24, browser=True), {"what": "browser", "hours": 24}),
    (SharedNetwork(), _together(hours=-24, browser=True), {"what": "browser", "hours": 24}),
    (SharedNetwork(), _together(hours=24.001, browser=True), {"what": "network", "hours": 24}),
    (SharedNetwork(hours=48), _together(hours=47.9, browser=True), {"what": "browser", "hours": 47}),
    # An office: many people behind one address, with whatever they like to browse with.
    (SharedNetwork(), _together(hours=0), {"what": "network", "hours": 0}),
    # A campus, where the most popular phone is half of everybody's.
    (SharedNetwork(), _together(hours=2, browser=True, strangers=5), {"what": "crowd", "hours": 2, "others": 5}),
    (SharedNetwork(), _together(hours=2, browser=True, strangers=4), {"what": "browser", "hours": 2}),
    # A household with IPv6: each of its devices has an address of its own in one /64.
    (SharedNetwork(), _together(hours=2, address=False, browser=True), {"what": "browser", "hours": 2}),
    # The most popular browser is everybody's.
    (SharedNetwork(), _together(hours=0, address=False, network=False, browser=True), None),
    (SharedNetwork(), evidence(), None),
]
