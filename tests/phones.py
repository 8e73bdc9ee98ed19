"""The telephone of somebody who has a second factor, for tests."""

import secrets

import pyotp
from flask import Flask

from webapp.clock import utc_now
from webapp.database import write_transaction
from webapp.domain.recovery_codes import draw_codes
from webapp.queries.people import find_by_email
from webapp.second_factor import STEP_SECONDS, secret_of
from webapp.services.second_factor import turn_on


class Phone:
    """An app with somebody's secret, and their recovery codes."""

    def __init__(self, secret: str, recovery_codes: list[str]) -> None:
        self.secret = secret
        self.recovery_codes = recovery_codes

    def code(self, *, steps: int = 0) -> str:
        """Return what it shows now, or so many steps of time later."""
        return pyotp.TOTP(self.secret).at(utc_now(), counter_offset=steps)

    def wrong_code(self) -> str:
        """Return a code that it shows at no time that counts."""
        shown = {self.code(steps=steps) for steps in range(-3, 4)}
        return next(code for code in ("000000", "111111", "222222", "333333") if code not in shown)


def phone_of(app: Flask, email: str) -> Phone:
    """Turn the second factor of an account on, with a code of a while ago."""
    with app.app_context(), write_transaction() as session:
        user = find_by_email(session, email)
        assert user is not None
        seed, codes, now = secrets.token_bytes(20), draw_codes(secrets.choice), utc_now()
        turn_on(session, user, seed=seed, step=int(now.timestamp()) // STEP_SECONDS - 10, codes=codes, now=now)
        return Phone(secret_of(user.id, seed), codes)
