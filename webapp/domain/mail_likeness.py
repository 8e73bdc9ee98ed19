"""How near the e-mail addresses of two people are to each other."""

from dataclasses import dataclass

from webapp.domain.mail_providers import strangers_share
from webapp.domain.similarity import jaro_winkler

_HUNDREDTHS = 100


@dataclass(frozen=True, slots=True)
class MailLikeness:
    """How much alike two addresses are before the @, of 100, and whether they are at one domain of a few people."""

    alike: int
    same_domain: bool


def mail_likeness(one: str, other: str) -> MailLikeness:
    """Compare two addresses, spelt as after mailbox.mailbox_key."""
    local, _at, domain = one.rpartition("@")
    other_local, _at, other_domain = other.rpartition("@")
    return MailLikeness(
        alike=int(jaro_winkler(local, other_local) * _HUNDREDTHS),
        same_domain=domain == other_domain and not strangers_share(domain),
    )
