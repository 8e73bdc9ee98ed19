"""Who needs one more address takes one that is nearly theirs, or makes it up at a domain of their own."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from webapp.domain.evidence import Evidence, Mail, evidence, mail
from webapp.domain.sentences import N_
from webapp.domain.signal_registry import HUNDREDTHS, Weight, fraud_signal
from webapp.domain.similarity import jaro_winkler


@fraud_signal(
    "similar_mail",
    label=N_("An address like the referrer's"),
    sentence={
        "name": N_("Before the @, the two addresses are alike to %(alike)s of 100."),
        "domain": N_("Both addresses are at one domain, and it is none of a mail provider for everybody."),
    },
    category="person",
)
@dataclass(frozen=True, slots=True)
class SimilarMail:
    """The part before the @ is nearly the referrer's (Jaro-Winkler), or both are at the same private domain."""

    weight: Weight = field(default=Weight(30), metadata={"label": N_("Weight")})
    hundredths: int = field(default=93, metadata={"label": N_("How much alike, of 100")})

    def look(self, evidence: Evidence) -> Mapping[str, int | str] | None:
        friend, referrer = evidence.friend, evidence.referrer
        if friend is None or referrer is None:
            return None
        # The domain is not said: it may be a family's name.
        if friend.domain == referrer.domain and not (_is_shared(friend) or _is_shared(referrer)):
            return {"what": "domain"}
        alike = jaro_winkler(friend.local, referrer.local) * HUNDREDTHS
        return {"what": "name", "alike": int(alike)} if alike >= self.hundredths else None


def _is_shared(address: Mail) -> bool:
    return address.provider or address.throwaway


def _of(friend: str, referrer: str, *, provider: bool = True) -> Evidence:
    return evidence(friend=mail(friend, provider=provider), referrer=mail(referrer, provider=provider))


EXAMPLES = [
    (SimilarMail(), _of("annmiller2@gmail.com", "annmiller@gmail.com"), {"what": "name", "alike": 98}),
    # One name at two providers.
    (SimilarMail(), _of("annmiller@gmx.de", "annmiller@gmail.com"), {"what": "name", "alike": 100}),
    # Exactly 0.93.
    (SimilarMail(), _of("annmill@gmx.de", "annamiller@gmail.com"), {"what": "name", "alike": 93}),
    (SimilarMail(hundredths=94), _of("annmill@gmx.de", "annamiller@gmail.com"), None),
    (SimilarMail(), _of("tom.miller@gmx.de", "ann.miller@gmx.de"), None),
    # A firm or a family with a domain of its own: looked at together with the rest, not held by that.
    (SimilarMail(), _of("tom@millers.example", "ann@millers.example", provider=False), {"what": "domain"}),
    (SimilarMail(), _of("tom@millers.example", "ann@smiths.example", provider=False), None),
    # Half the country is at one provider.
    (SimilarMail(), _of("tom@gmail.com", "ann@gmail.com"), None),
    (SimilarMail(), evidence(friend=mail("tom@x.example", throwaway=True), referrer=mail("ann@x.example")), None),
    (SimilarMail(), evidence(friend=mail("ann@millers.example")), None),
    (SimilarMail(), evidence(referrer=mail("ann@millers.example")), None),
    (SimilarMail(), evidence(), None),
]
