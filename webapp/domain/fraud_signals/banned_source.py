"""A program says where it does not want its friends from, coupon collections first of all."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from webapp.domain.evidence import Evidence, evidence
from webapp.domain.sentences import N_
from webapp.domain.signal_registry import HostNames, Weight, fraud_signal


@fraud_signal(
    "banned_source",
    label=N_("Came from a banned site"),
    meaning=N_(
        "The link was clicked on a page of a site that you list here, such as a collection of coupons. Sub- "
        "domains are included."
    ),
    sentence=N_("The click came from %(host)s, which is on the program's list."),
    category="traffic",
)
@dataclass(frozen=True, slots=True)
class BannedSource:
    """The page on which the link was clicked is on a host of the program's list, or on a sub-domain of one."""

    weight: Weight = field(default=Weight(80), metadata={"label": N_("Weight")})
    hosts: HostNames = field(default=HostNames(), metadata={"label": N_("Banned hosts")})

    def look(self, evidence: Evidence) -> Mapping[str, int | str] | None:
        if evidence.source_host is None:
            return None
        # What is on the list is said, not what a browser sent.
        host = self.hosts.covering(evidence.source_host)
        return None if host is None else {"host": host}


LIST = BannedSource(hosts=HostNames(("deals.example", "coupons.example")))
EXAMPLES = [
    (LIST, evidence(source_host="coupons.example"), {"host": "coupons.example"}),
    (LIST, evidence(source_host="www.Coupons.example."), {"host": "coupons.example"}),
    (LIST, evidence(source_host="mycoupons.example"), None),
    (LIST, evidence(source_host="coupons.example.org"), None),
    # A program without a list bans nobody.
    (BannedSource(), evidence(source_host="coupons.example"), None),
    # Many apps and mail programs do not say where a click comes from.
    (LIST, evidence(), None),
]
