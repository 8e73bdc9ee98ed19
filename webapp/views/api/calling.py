"""Who calls: a key of the business, with its scope, within its limit."""

from dataclasses import dataclass
from uuid import UUID

from flask import g, request

from webapp.errors import ProblemError
from webapp.extensions import db
from webapp.limits import count_api_call
from webapp.queries.keys import find_live_key
from webapp.services.keys import key_hash
from webapp.services.reward_steps import Actor

# What may be asked with a key that only reads.
READING = {"GET", "HEAD", "OPTIONS"}


@dataclass(frozen=True, slots=True)
class Caller:
    """The key of this request."""

    key_id: UUID
    program_id: UUID
    scope: str

    @property
    def actor(self) -> Actor:
        return Actor("api", self.key_id)


def require_key() -> None:
    """Let a live key pass that may do what is asked; the guard of the API."""
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    key = find_live_key(db.session(), key_hash(secret.strip())) if scheme.lower() == "bearer" else None
    if key is None:
        raise ProblemError(401, "Send a key of this site in the header, as in “Authorization: Bearer gvk_…”.")
    g.caller = Caller(key.id, key.program_id, key.scope)
    count_api_call(key.id)
    if request.method not in READING and key.scope != "write":
        raise ProblemError(403, "This key may read only. Writing needs a key with the scope “write”.")


def caller() -> Caller:
    """Return who calls."""
    found: Caller = g.caller
    return found
