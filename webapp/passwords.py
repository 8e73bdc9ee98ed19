"""Passwords: Argon2id, and the same time for an account that does not exist."""

from collections.abc import Callable
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from flask import current_app

SHORTEST = 8
LONGEST = 256

# Small letters and digits that nobody takes for one another, to be read out and typed. 16 of them are 79 bits.
_READABLE = "abcdefghjkmnpqrstuvwxyz23456789"


def first_password(choose: Callable[[str], str]) -> str:
    """Return a password to hand to somebody, as in "k7fm-wq3x-9prt-h2vd". `choose` picks a letter at random."""
    return "-".join("".join(choose(_READABLE) for _ in range(4)) for _ in range(4))


def hash_password(password: str) -> str:
    """Return an Argon2id hash with the application's cost."""
    return _hasher(*_cost()).hash(password)


def verify_password(password_hash: str | None, password: str) -> bool:
    """Say whether the password is right. None (no account, or one without a password) takes as long and is wrong."""
    hasher = _hasher(*_cost())
    try:
        return hasher.verify(password_hash or _stand_in(*_cost()), password) and password_hash is not None
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(password_hash: str | None) -> bool:
    """Say whether a hash was made at another cost than the one in force, which would show in the time it takes."""
    return password_hash is not None and _hasher(*_cost()).check_needs_rehash(password_hash)


def _cost() -> tuple[int, int]:
    return current_app.config["ARGON2_PASSES"], current_app.config["ARGON2_MEMORY_KIB"]


@lru_cache
def _hasher(passes: int, memory_kib: int) -> PasswordHasher:
    return PasswordHasher(time_cost=passes, memory_cost=memory_kib, parallelism=1)


@lru_cache
def _stand_in(passes: int, memory_kib: int) -> str:
    return _hasher(passes, memory_kib).hash("nobody has this password")
