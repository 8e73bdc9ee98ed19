"""Ids that travel through a browser and must come back unaltered."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256
from uuid import UUID

from flask import current_app
from itsdangerous import BadSignature, Signer


def sign_id(purpose: str, value: UUID) -> str:
    """Return an id as text that `read_id` accepts for the same purpose only."""
    return _signer(purpose).sign(urlsafe_b64encode(value.bytes).rstrip(b"=")).decode("ascii")


def read_id(purpose: str, text: str) -> UUID | None:
    """Return the id that was signed for this purpose; None for anything else."""
    try:
        value = UUID(bytes=urlsafe_b64decode(_signer(purpose).unsign(text.encode("utf-8")) + b"=="))
    except (BadSignature, ValueError):
        return None
    # The last character of Base64 has bits to spare; only the one spelling that we wrote is ours.
    return value if sign_id(purpose, value) == text else None


def _signer(purpose: str) -> Signer:
    return Signer(current_app.config["SECRET_KEY"], salt=f"grapevine.{purpose}", digest_method=sha256)
