"""Only someone new can be referred: who was here before would have come without."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from webapp.domain.evidence import Evidence, evidence
from webapp.domain.sentences import N_
from webapp.domain.signal_registry import Weight, fraud_signal


@fraud_signal(
    "existing_customer",
    label=N_("Was a customer already"),
    meaning=N_(
        "The person had an account before they touched any link, or was reported before. Only somebody new "
        "can be referred."
    ),
    sentence={
        "account": N_("There was an account before the first click; days between the two: %(days)s."),
        "report": N_("This person had been reported before; days between the two: %(days)s."),
    },
    category="person",
    denies=True,
)
@dataclass(frozen=True, slots=True)
class ExistingCustomer:
    """The friend had an account before the first touch of any link, or at least before this signup."""

    weight: Weight = field(default=Weight(100), metadata={"label": N_("Weight")})

    def look(self, evidence: Evidence) -> Mapping[str, int | str] | None:
        known, touch = evidence.known_since, evidence.first_touch_at
        if known is None or known > evidence.at:
            return None
        if touch is not None and known < touch:
            return {"what": "account", "days": (touch - known).days}
        return {"what": "report", "days": (evidence.at - known).days}


DAY = 24 * 60 * 60
EXAMPLES = [
    (ExistingCustomer(), evidence(known=30 * DAY, first_touch=DAY), {"what": "account", "days": 29}),
    (ExistingCustomer(), evidence(known=61, first_touch=60), {"what": "account", "days": 0}),
    # Clicked, signed up, clicked again, signed up again under another spelling.
    (ExistingCustomer(), evidence(known=60, first_touch=60), {"what": "report", "days": 0}),
    (ExistingCustomer(), evidence(known=3 * DAY, first_touch=9 * DAY), {"what": "report", "days": 3}),
    # A code needs no click.
    (ExistingCustomer(), evidence(known=2 * DAY), {"what": "report", "days": 2}),
    (ExistingCustomer(), evidence(known=0), {"what": "report", "days": 0}),
    # Told late: the account that somebody else knew of came after this signup.
    (ExistingCustomer(), evidence(known=-1, first_touch=DAY), None),
    (ExistingCustomer(), evidence(first_touch=DAY), None),
    (ExistingCustomer(), evidence(), None),
]
