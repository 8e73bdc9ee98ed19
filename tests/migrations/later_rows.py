"""The rows of later migrations; see rows.py. The newest migration adds its own here."""

from collections.abc import Callable
from uuid import UUID

import sqlalchemy as sa

from tests.migrations import rows
from tests.migrations.rows import ADA, BOB, NOON, insert, only, program_of


def _credit_coupons_and_custom_rewards(connection: sa.Connection) -> None:
    spent = {"event_id": "spent_1", "user_id": ADA, "amount_minor": 1, "currency": "USD"}
    about = {"program_id": program_of(connection), "occurred_at": NOON, "recorded_at": NOON}
    insert(connection, "redemptions", id=UUID(int=130), **spent, **about)
    of = {"reward_id": only(connection, "rewards"), "reward_sequence": 1}
    insert(connection, "redemption_parts", redemption_id=UUID(int=130), amount_minor=1, **of)
    pool = {"id": UUID(int=131), "program_id": program_of(connection), "key": "autumn", "name": "Autumn"}
    insert(connection, "coupon_pools", low_at=10, created_at=NOON, **pool)
    insert(connection, "pool_coupons", id=UUID(int=132), pool_id=UUID(int=131), code="A-1", added_at=NOON)


def _exchange_quotes(connection: sa.Connection) -> None:
    quote = {"base": "EUR", "counter": "USD", "rate": "1.0842", "valid_from": NOON, "added_by": ADA, "added_at": NOON}
    insert(connection, "exchange_quotes", id=UUID(int=110), program_id=program_of(connection), sequence=1, **quote)


def _screenings(connection: sa.Connection) -> None:
    insert(connection, "sightings", id=UUID(int=140), user_id=BOB, seen_at=NOON, is_signup=True)
    of = {"program_id": program_of(connection), "friend_id": BOB, "referrer_id": ADA}
    insert(connection, "screenings", id=UUID(int=141), sequence=1, bond=0, verdict="hold", screened_at=NOON, **of)
    found = {"position": 1, "signal": "too_fast", "weight": 60, "denies": False, "saw": '{"seconds": 1}'}
    insert(connection, "screening_findings", screening_id=UUID(int=141), **found)
    banned = {
        "user_id": ADA,
        "sequence": 1,
        "is_banned": True,
        "reason": "terms",
        "decided_by": BOB,
        "decided_at": NOON,
    }
    insert(connection, "bans", program_id=program_of(connection), **banned)
    entry = {"id": UUID(int=142), "list": "block", "kind": "domain", "value": "throwaway.example"}
    insert(connection, "screening_entries", added_by=ADA, added_at=NOON, program_id=program_of(connection), **entry)
    appeal = {"id": UUID(int=143), "user_id": ADA, "text": "I did not.", "appealed_at": NOON}
    insert(connection, "appeals", program_id=program_of(connection), **appeal)
    insert(connection, "appealed_rewards", reward_id=only(connection, "rewards"), appeal_id=UUID(int=143))


def _accounts_that_are_safe(connection: sa.Connection) -> None:
    link = {"id": UUID(int=150), "user_id": BOB, "purpose": "verify_email", "token_hash": "a" * 64}
    insert(connection, "mailed_links", email="bob@example.org", created_at=NOON, expires_at=NOON, **link)
    request = {"id": UUID(int=151), "program_id": program_of(connection), "email_key": "nobody@example.org"}
    insert(connection, "password_requests", requested_at=NOON, **request)
    former = {"id": UUID(int=153), "user_id": BOB, "mailbox_key": "bob@example.net"}
    insert(connection, "former_mailboxes", left_at=NOON, **former)
    insert(connection, "second_factors", user_id=ADA, seed=b"seed", created_at=NOON)
    insert(connection, "recovery_codes", id=UUID(int=152), user_id=ADA, code_hash="b" * 64, created_at=NOON)


def _people_who_leave(connection: sa.Connection) -> None:
    insert(connection, "sealed_codes", program_id=program_of(connection), seal=f"erased-{'0' * 40}")


def _why_mails_did_not_leave(connection: sa.Connection) -> None:
    mail = {"id": UUID(int=180), "user_id": BOB, "template": "cases_waiting", "dedupe_key": "given up", "tries": 10}
    at = dict.fromkeys(("created_at", "due_at", "ended_at"), NOON)
    insert(connection, "outbox_mails", unsent_because="tries", **mail, **at)


ROWS: dict[str, Callable[[sa.Connection], None]] = {
    **rows.ROWS,
    "0013": _credit_coupons_and_custom_rewards,
    "0014": _exchange_quotes,
    "0015": _screenings,
    "0016": _accounts_that_are_safe,
    "0017": _people_who_leave,
    "0018": _why_mails_did_not_leave,
}
