"""Mails to somebody, as rows of a table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from webapp.domain.mail_kinds import label_of
from webapp.domain.sentences import N_
from webapp.queries.mails import MailRow

# What became of a mail: how that looks (see components/states.html), and its word.
_STATES: Mapping[str, tuple[str, str]] = {
    "sent": ("approved", N_("Sent")),
    "waiting": ("pending", N_("Waiting")),
    "retrying": ("pending", N_("Tried again")),
    "tries": ("rejected", N_("Given up")),
    "refused": ("rejected", N_("Refused")),
    "muted": ("none", N_("Turned off")),
    "over": ("none", N_("Not needed")),
}


@dataclass(frozen=True, slots=True)
class MailLine:
    """One mail: what it is called, when it was written, what became of it, and how often sending it was tried."""

    label: str
    at: datetime
    look: str
    state: str
    tries: int


def mail_lines(rows: Sequence[MailRow]) -> list[MailLine]:
    """Put mails into words, which the page has to translate."""
    return [MailLine(label_of(row.template), row.created_at, *_STATES[row.state], row.tries) for row in rows]
