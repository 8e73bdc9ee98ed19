"""Who clicks on their own link sits at the browser in which they sign in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from webapp.domain.evidence import Evidence, Together, evidence
from webapp.domain.sentences import N_
from webapp.domain.signal_registry import Weight, fraud_signal


@fraud_signal(
    "same_browser",
    label=N_("The referrer's own browser"),
    meaning=N_(
        "The browser that clicked, or that signed up, was the referrer’s: they have signed in with it. A "
        "couple may share one."
    ),
    sentence=N_("The referrer has signed in with the browser that clicked; hours between that and now: %(hours)s."),
    category="person",
)
@dataclass(frozen=True, slots=True)
class SameBrowser:
    """The visitor who clicked has signed in as the referrer, before the signup or since."""

    weight: Weight = field(default=Weight(70), metadata={"label": N_("Weight")})

    def look(self, evidence: Evidence) -> Mapping[str, int | str] | None:
        signed_in_at = evidence.referrer_signed_in_at
        # Afterwards counts as much: someone comes back to look at what they earned.
        return None if signed_in_at is None else {"hours": abs(evidence.at - signed_in_at) // timedelta(hours=1)}


EXAMPLES = [
    (SameBrowser(), evidence(referrer_signed_in=7199), {"hours": 1}),
    (SameBrowser(), evidence(referrer_signed_in=0), {"hours": 0}),
    (SameBrowser(), evidence(referrer_signed_in=-3600), {"hours": 1}),
    # A household: one address, two phones of one make.
    (
        SameBrowser(),
        evidence(clicked=60, together=Together(timedelta(0), address=True, network=True, browser=True)),
        None,
    ),
    (SameBrowser(), evidence(), None),
]
