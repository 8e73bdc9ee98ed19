"""Links with which a reader turns one kind of mail off without signing in.

A token is the reader's id, signed for that kind: nothing has to be kept for it, and it never turns off anything else.
"""

from uuid import UUID

from webapp.domain.mail_kinds import OPTIONAL
from webapp.models import User
from webapp.signing import read_id, sign_id
from webapp.web import absolute_url


def muting_url(user: User, kind: str) -> str:
    """Return the address that turns a kind of mail off for a person."""
    return absolute_url(f"/mail/off/{kind}/{sign_id(_purpose(kind), user.id)}")


def reader_of(kind: str, token: str) -> UUID | None:
    """Return who turns a kind off; None for a token that is not ours, or a kind that cannot be turned off."""
    return read_id(_purpose(kind), token) if kind in OPTIONAL else None


def _purpose(kind: str) -> str:
    return f"unwanted mail {kind}"
