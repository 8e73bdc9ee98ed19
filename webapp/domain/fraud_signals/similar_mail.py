"""Who needs one more address takes one that is nearly theirs, or makes it up at a domain of their own."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from webapp.domain.evidence import Evidence, evidence, likeness
from webapp.domain.sentences import N_
from webapp.domain.signal_registry import Weight, fraud_signal


@fraud_signal(
    "similar_mail",
    label=N_("An address like the referrer's"),
    meaning=N_(
        "Before the @ the two addresses are nearly the same, or both are at one domain that is no mail "
        "provider’s. Families have domains, too."
    ),
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
        found = evidence.likeness
        if found is None:
            return None
        # The domain is not said: it may be a family's name.
        if found.same_domain:
            return {"what": "domain"}
        return {"what": "name", "alike": found.alike} if found.alike >= self.hundredths else None


EXAMPLES = [
    (SimilarMail(), evidence(**likeness("annmiller2@gmail.com", "annmiller@gmail.com")), {"what": "name", "alike": 98}),
    # One name at two providers.
    (SimilarMail(), evidence(**likeness("annmiller@gmx.de", "annmiller@gmail.com")), {"what": "name", "alike": 100}),
    # Exactly 0.93.
    (SimilarMail(), evidence(**likeness("annmill@gmx.de", "annamiller@gmail.com")), {"what": "name", "alike": 93}),
    (SimilarMail(hundredths=94), evidence(**likeness("annmill@gmx.de", "annamiller@gmail.com")), None),
    (SimilarMail(), evidence(**likeness("tom.miller@gmx.de", "ann.miller@gmx.de")), None),
    # A firm or a family with a domain of its own: looked at together with the rest, not held by that.
    (SimilarMail(), evidence(**likeness("tom@millers.example", "ann@millers.example")), {"what": "domain"}),
    (SimilarMail(), evidence(**likeness("tom@millers.example", "ann@smiths.example")), None),
    # Half the country is at one provider.
    (SimilarMail(), evidence(**likeness("tom@gmail.com", "ann@gmail.com")), None),
    (SimilarMail(), evidence(), None),
]
