"""Who buys ads for their own link is paid for people who were looking for the program anyway."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from webapp.domain.evidence import Evidence, evidence
from webapp.domain.sentences import N_
from webapp.domain.signal_registry import Campaigns, Weight, fraud_signal

# In these, networks number the clicks on their ads.
AD_FIELDS = frozenset(("gclid", "gbraid", "wbraid", "msclkid", "twclid", "li_fat_id", "ttclid", "rdclid"))
# Facebook adds this one to every link on its pages, paid for or not: friends who saw a plain post have it too.
OF_EVERY_LINK = "fbclid"


@fraud_signal(
    "paid_ads",
    label=N_("Came from an ad"),
    sentence={
        "ad": N_("The page was opened from an ad (%(field)s), of no campaign that is allowed."),
        "post": N_("The page was opened from an ad or a plain post (%(field)s), of no campaign that is allowed."),
    },
    category="traffic",
)
@dataclass(frozen=True, slots=True)
class PaidAds:
    """The landing page was opened with the click number of an ad network, for a campaign that is not allowed."""

    weight: Weight = field(default=Weight(50), metadata={"label": N_("Weight")})
    facebook: Weight = field(
        default=Weight(50), metadata={"label": N_("Weight of fbclid, which plain posts on Facebook have as well")}
    )
    campaigns: Campaigns = field(default=Campaigns(), metadata={"label": N_("Campaigns that are allowed")})

    def look(self, evidence: Evidence) -> Mapping[str, int | str] | None:
        # The campaign is not said: what stands in an address can be anything.
        if evidence.ad_field is None or evidence.campaign in self.campaigns:
            return None
        if evidence.ad_field == OF_EVERY_LINK:
            return {"what": "post", "field": evidence.ad_field}
        return {"what": "ad", "field": evidence.ad_field} if evidence.ad_field in AD_FIELDS else None

    def weigh(self, saw: Mapping[str, int | str]) -> Weight:
        return self.facebook if saw["what"] == "post" else self.weight


ALLOWED = PaidAds(campaigns=Campaigns(("autumn-2026",)))
EXAMPLES = [
    (PaidAds(), evidence(ad_field="gclid"), {"what": "ad", "field": "gclid"}),
    (ALLOWED, evidence(ad_field="gclid", campaign="spring-2026"), {"what": "ad", "field": "gclid"}),
    (ALLOWED, evidence(ad_field="gclid"), {"what": "ad", "field": "gclid"}),
    (ALLOWED, evidence(ad_field="gclid", campaign="autumn-2026"), None),
    (PaidAds(), evidence(ad_field="fbclid"), {"what": "post", "field": "fbclid"}),
    # Any other field is somebody's own.
    (PaidAds(), evidence(ad_field="ref"), None),
    (PaidAds(), evidence(campaign="autumn-2026"), None),
    (PaidAds(), evidence(), None),
]
