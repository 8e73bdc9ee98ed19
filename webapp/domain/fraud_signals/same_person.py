"""Nobody refers themselves, however they spell their address."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from webapp.domain.evidence import Evidence, Together, evidence, likeness
from webapp.domain.sentences import N_
from webapp.domain.signal_registry import Weight, fraud_signal


@fraud_signal(
    "same_person",
    label=N_("The friend is the referrer"),
    meaning=N_(
        "The friend has the referrer’s account or mailbox, however the address is written. Nobody refers themselves."
    ),
    sentence={
        "account": N_("The friend and the referrer have one and the same account."),
        "mailbox": N_("The addresses of the friend and the referrer reach one and the same mailbox."),
    },
    category="person",
    denies=True,
)
@dataclass(frozen=True, slots=True)
class SamePerson:
    """The friend has the account of the referrer, or their mailbox: after normalising, see domain.mailbox."""

    weight: Weight = field(default=Weight(100), metadata={"label": N_("Weight")})

    def look(self, evidence: Evidence) -> Mapping[str, int | str] | None:
        if evidence.same_account:
            return {"what": "account"}
        return {"what": "mailbox"} if evidence.same_mailbox else None


EXAMPLES = [
    (SamePerson(), evidence(same_account=True, same_mailbox=True), {"what": "account"}),
    (SamePerson(), evidence(same_account=False, same_mailbox=True), {"what": "mailbox"}),
    (SamePerson(), evidence(same_mailbox=True), {"what": "mailbox"}),
    (SamePerson(), evidence(same_account=False, same_mailbox=False), None),
    (SamePerson(), evidence(), None),
    # A couple on one sofa, whose names differ by a letter, is two people.
    (
        SamePerson(),
        evidence(
            same_mailbox=False,
            **likeness("jo@millers.example", "joe@millers.example"),
            together=Together(evidence().at - evidence().at, address=True, network=True, browser=True),
        ),
        None,
    ),
]
