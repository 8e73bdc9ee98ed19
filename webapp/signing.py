"""Ids that travel through a browser and must come back unaltered."""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from functools import lru_cache
from hashlib import sha256
from uuid import UUID

from flask import Flask, current_app
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import Signer, TimestampSigner, URLSafeTimedSerializer
from itsdangerous.encoding import base64_decode, base64_encode, want_bytes

from webapp.domain.seals import Sealer

# What SHA-256 gives, in Base64 without its padding.
_LONGEST = 80


class IdSigner:
    """Signs ids for one purpose: what was signed for another, or altered in any way, is not read.

    The signature is that of itsdangerous, computed in one call: every click needs one.
    """

    def __init__(self, secret_key: str, purpose: str) -> None:
        self._key = Signer(secret_key, salt=f"grapevine.{purpose}", digest_method=sha256).derive_key()

    def sign(self, value: UUID) -> str:
        """Return an id as text that `read` accepts."""
        encoded = urlsafe_b64encode(value.bytes)[:-2]
        signature = urlsafe_b64encode(hmac.digest(self._key, encoded, "sha256"))[:-1]
        return f"{encoded.decode()}.{signature.decode()}"

    def read(self, text: str) -> UUID | None:
        """Return the id that was signed; None for anything else."""
        if len(text) > _LONGEST or not text.isascii():
            return None
        try:
            value = UUID(bytes=urlsafe_b64decode(text.partition(".")[0] + "=="))
        except ValueError:
            return None
        # The last character of Base64 has bits to spare; only the one spelling that we wrote is ours.
        return value if hmac.compare_digest(self.sign(value), text) else None


class StrictSigner(TimestampSigner):
    """Takes a signature only as it was written: Base64 can be spelled in several ways."""

    def verify_signature(self, value: str | bytes, sig: str | bytes) -> bool:
        return super().verify_signature(value, sig) and base64_encode(base64_decode(sig)) == want_bytes(sig)


class StrictSessions(SecureCookieSessionInterface):
    """Cookies of sessions as Flask signs them, which come back to the letter or are none."""

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        serializer = super().get_signing_serializer(app)
        if serializer is not None:
            serializer.signer = StrictSigner
        return serializer


def sign_id(purpose: str, value: UUID) -> str:
    """Return an id as text that `read_id` accepts for the same purpose only."""
    return signer_for(current_app.config["SECRET_KEY"], purpose).sign(value)


def read_id(purpose: str, text: str) -> UUID | None:
    """Return the id that was signed for this purpose; None for anything else."""
    return signer_for(current_app.config["SECRET_KEY"], purpose).read(text)


@lru_cache
def signer_for(secret_key: str, purpose: str) -> IdSigner:
    """Return the signer of a purpose; its key is derived once."""
    return IdSigner(secret_key, purpose)


def sealer() -> Sealer:
    """Return what makes seals with this site's key: another key does not know them again."""
    return _sealer(current_app.config["SECRET_KEY"])


@lru_cache
def _sealer(secret_key: str) -> Sealer:
    return Sealer(Signer(secret_key, salt="grapevine.seals", digest_method=sha256).derive_key())
