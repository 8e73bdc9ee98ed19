"""An address that is gone within minutes belongs to nobody who means to stay."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from webapp.domain.evidence import Evidence, evidence, mail
from webapp.domain.sentences import N_
from webapp.domain.signal_registry import Weight, fraud_signal


@fraud_signal(
    "disposable_mail",
    label=N_("A throwaway address"),
    sentence=N_("The friend's address is at %(domain)s, where addresses are handed out for minutes."),
    category="person",
)
@dataclass(frozen=True, slots=True)
class DisposableMail:
    """The domain of the friend's address is on the list of those that hand out addresses for minutes."""

    weight: Weight = field(default=Weight(70), metadata={"label": N_("Weight")})

    def look(self, evidence: Evidence) -> Mapping[str, int | str] | None:
        friend = evidence.friend
        return {"domain": friend.domain} if friend is not None and friend.throwaway else None


EXAMPLES = [
    (
        DisposableMail(),
        evidence(friend=mail("x7f@mailinator.example", throwaway=True)),
        {"domain": "mailinator.example"},
    ),
    (DisposableMail(), evidence(friend=mail("x7f@gmail.com", provider=True)), None),
    # A family with a domain of its own is rare, and no throwaway for that.
    (DisposableMail(), evidence(friend=mail("ann@millers.example")), None),
    # It is the friend's address that counts.
    (
        DisposableMail(),
        evidence(friend=mail("ann@gmail.com", provider=True), referrer=mail("x@mailinator.example", throwaway=True)),
        None,
    ),
    (DisposableMail(), evidence(), None),
]
