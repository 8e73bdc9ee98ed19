"""A code on a site that collects coupons earns for people who would have come anyway."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from webapp.domain.evidence import Evidence, Sources, evidence
from webapp.domain.sentences import N_
from webapp.domain.signal_registry import HostNames, Weight, fraud_signal

# Sites that collect coupons and deals, by hand.
COLLECTIONS = HostNames(
    (
        "chollometro.com",
        "couponbirds.com",
        "couponcabin.com",
        "couponfollow.com",
        "coupons.com",
        "dealabs.com",
        "dealspotr.com",
        "dontpayfull.com",
        "gutscheinpony.de",
        "hotukdeals.com",
        "joinhoney.com",
        "knoji.com",
        "mydealz.de",
        "ozbargain.com.au",
        "pepper.com",
        "promocodes.com",
        "redflagdeals.com",
        "retailmenot.com",
        "simplycodes.com",
        "slickdeals.net",
        "sparwelt.de",
        "vouchercodes.co.uk",
        "wethrift.com",
    )
)


@fraud_signal(
    "code_leak",
    label=N_("The link is on a coupon site"),
    meaning=N_(
        "Many of the newest clicks on the link come from one site that collects coupons or deals. Often somebody else "
        "put it there, and the referrer does not know."
    ),
    sentence=N_("Of the link's newest %(clicks)s clicks %(from_host)s came from %(host)s."),
    category="traffic",
)
@dataclass(frozen=True, slots=True)
class CodeLeak:
    """More than so many of a hundred clicks of the credited link come from one host of a list, or from below it."""

    weight: Weight = field(default=Weight(40), metadata={"label": N_("Weight")})
    percent: int = field(default=30, metadata={"label": N_("From one coupon site, of 100 clicks")})
    clicks: int = field(default=50, metadata={"label": N_("Clicks from which on that is looked at")})
    hosts: HostNames = field(default=COLLECTIONS, metadata={"label": N_("Coupon sites")})

    def look(self, evidence: Evidence) -> Mapping[str, int | str] | None:
        sources = evidence.sources
        if sources is None or sources.clicks < self.clicks:
            return None
        by_site: Counter[str] = Counter()
        for told, many in sources.hosts.items():
            if site := self.hosts.covering(told):
                by_site[site] += many
        if not by_site:
            return None
        # What is on the list is said, not what a browser sent; of two alike always the same one.
        many, host = max((many, host) for host, many in by_site.items())
        if 100 * many <= self.percent * sources.clicks:
            return None
        return {"host": host, "from_host": many, "clicks": sources.clicks}


EXAMPLES = [
    (
        CodeLeak(),
        evidence(sources=Sources(50, {"www.coupons.com": 16, "mail.example": 9})),
        {"host": "coupons.com", "from_host": 16, "clicks": 50},
    ),
    # Just 30 of a hundred.
    (CodeLeak(), evidence(sources=Sources(50, {"www.coupons.com": 15, "mail.example": 9})), None),
    (CodeLeak(), evidence(sources=Sources(49, {"www.coupons.com": 49})), None),
    # A site's parts count together, two sites do not.
    (
        CodeLeak(),
        evidence(sources=Sources(100, {"m.coupons.com": 16, "coupons.com": 15})),
        {"host": "coupons.com", "from_host": 31, "clicks": 100},
    ),
    (CodeLeak(), evidence(sources=Sources(100, {"pepper.com": 16, "coupons.com": 15})), None),
    # Somebody's own page may send as many as it likes.
    (CodeLeak(), evidence(sources=Sources(500, {"adas-kitchen.example": 480, "mycoupons.com": 20})), None),
    (
        CodeLeak(hosts=HostNames(("adas-kitchen.example",))),
        evidence(sources=Sources(500, {"adas-kitchen.example": 480})),
        {"host": "adas-kitchen.example", "from_host": 480, "clicks": 500},
    ),
    (CodeLeak(hosts=HostNames()), evidence(sources=Sources(500, {"coupons.com": 480})), None),
    # Most browsers do not tell.
    (CodeLeak(), evidence(sources=Sources(500, {})), None),
    (CodeLeak(), evidence(), None),
]
