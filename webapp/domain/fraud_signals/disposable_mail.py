"""An address that is gone within minutes belongs to nobody who means to stay."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from webapp.domain.evidence import Evidence, evidence, likeness
from webapp.domain.sentences import N_
from webapp.domain.signal_registry import Weight, fraud_signal


@fraud_signal(
    "disposable_mail",
    label=N_("A throwaway address"),
    meaning=N_(
        "The friend’s address is at a domain that hands addresses out for minutes. Some people use one to "
        "keep clear of advertising."
    ),
    sentence=N_("The friend's address is at %(domain)s, where addresses are handed out for minutes."),
    category="person",
)
@dataclass(frozen=True, slots=True)
class DisposableMail:
    """The domain of the friend's address is on the list of those that hand out addresses for minutes."""

    weight: Weight = field(default=Weight(70), metadata={"label": N_("Weight")})

    def look(self, evidence: Evidence) -> Mapping[str, int | str] | None:
        domain = evidence.throwaway_domain
        return None if domain is None else {"domain": domain}


EXAMPLES = [
    (DisposableMail(), evidence(throwaway_domain="mailinator.example"), {"domain": "mailinator.example"}),
    (DisposableMail(weight=Weight(0)), evidence(throwaway_domain="yopmail.example"), {"domain": "yopmail.example"}),
    # A family with a domain of its own is rare, and no throwaway for that.
    (DisposableMail(), evidence(**likeness("tom@millers.example", "ann@millers.example")), None),
    (DisposableMail(), evidence(), None),
]
