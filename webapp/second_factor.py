"""Codes from an app (TOTP, RFC 6238), made from a person's seed and the key of this site.

The secret in the app is nowhere in the database: a copy of it shows nobody's codes. With another SECRET_KEY the apps
show wrong codes; recovery codes, of which hashes are kept, still work.
"""

import hmac
import re
from base64 import b32encode
from contextlib import AbstractContextManager
from datetime import datetime
from uuid import UUID

import pyotp
import segno
from flask import current_app
from flask_babel import gettext as _
from markupsafe import Markup
from sqlalchemy.orm import Session

from webapp.limits import Attempt, code_attempt, recovery_code_attempt
from webapp.models import User
from webapp.queries.second_factor import seed_of
from webapp.services.second_factor import take_recovery_code, take_step

SEED_OCTETS = 20
STEP_SECONDS = 30
# A telephone whose clock is a little off is still understood.
DRIFT_STEPS = 1
LONGEST_TYPED = 64

_APP_CODE = re.compile(r"[0-9]{6}")


def secret_of(user_id: UUID, seed: bytes) -> str:
    """Return the secret of an app in Base32, 160 bits, as apps want it."""
    key = hmac.digest(current_app.config["SECRET_KEY"].encode(), b"grapevine.second factor", "sha256")
    return b32encode(hmac.digest(key, user_id.bytes + seed, "sha256")[:20]).decode()


def grouped(secret: str) -> str:
    """Return a secret as people type it, four characters at a time."""
    return " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))


def setup_address(secret: str, email: str, issuer: str) -> str:
    """Return what an app reads: the secret, and whose and what it is for. An app on the same telephone opens it."""
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=issuer)


def setup_qr(address: str) -> Markup:
    """Return such an address as a QR code, an SVG element: black on the white of its box, also in the dark."""
    code = segno.make(address, error="m", micro=False)
    svg = code.svg_inline(border=0, omitsize=True, svgclass=None, lineclass=None, title=_("QR code for the app"))
    # segno makes the markup and escapes the title; what is in the code is black squares.
    return Markup(svg)  # noqa: S704


def is_app_code(typed: str) -> bool:
    """Say whether this looks like a code from an app, rather than a recovery code."""
    return _APP_CODE.fullmatch(_without_spaces(typed)) is not None


def step_of(secret: str, typed: str, now: datetime) -> int | None:
    """Return the step of time of which this is the code, at most one away from now; None for a wrong code."""
    code, current = _without_spaces(typed), int(now.timestamp()) // STEP_SECONDS
    if not is_app_code(code):
        return None
    totp = pyotp.TOTP(secret)
    # The latest first: a code that two steps share is used up for both.
    steps = range(current + DRIFT_STEPS, current - DRIFT_STEPS - 1, -1)
    return next((step for step in steps if hmac.compare_digest(totp.at(step * STEP_SECONDS), code)), None)


def use_code(session: Session, user: User, typed: str, now: datetime) -> bool:
    """Use up a code from the app or a recovery code, in the caller's write transaction. False when it is not good."""
    if not is_app_code(typed):
        return take_recovery_code(session, user.id, typed[:LONGEST_TYPED], now)
    seed = seed_of(session, user.id)
    step = step_of(secret_of(user.id, seed), typed, now) if seed else None
    return step is not None and take_step(session, user.id, step)


def counted(user: User, typed: str) -> AbstractContextManager[Attempt]:
    """Count a code while it is tried, by what it looks like. Raises TooManyRequests."""
    return code_attempt(user.id, user.email) if is_app_code(typed) else recovery_code_attempt()


def _without_spaces(typed: str) -> str:
    return "".join(typed.split())
