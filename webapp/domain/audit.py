"""The audit log: how each entry is chained to the one before it, and what the acts are called."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from webapp.domain.sentences import N_

# The hash before the first entry of a program.
BEGINNING = "0" * 64

# Every act that is kept, and what it is called in lists.
ACTIONS: Mapping[str, str] = {
    "rule_published": N_("Published a rule"),
    "rule_paused": N_("Paused a rule"),
    "rule_resumed": N_("Let a rule go on"),
    "rule_ended": N_("Ended a rule"),
    "reward_approved": N_("Approved a reward"),
    "reward_released": N_("Released a held reward"),
    "reward_held": N_("Held a reward"),
    "reward_rejected": N_("Rejected a reward"),
    "debt_written_off": N_("Wrote off what was owed of a reward"),
    "coupon_pool_added": N_("Made a coupon pool"),
    "coupons_added": N_("Added coupons to a pool"),
    "reward_fulfilled": N_("Fulfilled a reward"),
    "referral_assigned": N_("Credited someone with a friend"),
    "referral_moved": N_("Moved a referral"),
    "referral_removed": N_("Removed a referral"),
    "person_created": N_("Made an account"),
    "person_invited": N_("Invited someone"),
    "invitation_sent": N_("Sent an invitation"),
    "invitation_withdrawn": N_("Withdrew an invitation"),
    "invitation_accepted": N_("Accepted an invitation"),
    "person_banned": N_("Stopped someone’s rewards"),
    "person_unbanned": N_("Let someone earn rewards again"),
    "person_exported": N_("Handed out all that is kept of someone"),
    "person_erased": N_("Erased someone"),
    "role_changed": N_("Changed a role"),
    "password_changed": N_("Set a new password"),
    "email_changed": N_("Changed their e-mail address"),
    "address_given": N_("Gave an account another address"),
    "sessions_ended": N_("Signed someone out everywhere"),
    "second_factor_on": N_("Turned a second factor on"),
    "second_factor_moved": N_("Moved a second factor to another app"),
    "second_factor_off": N_("Turned a second factor off"),
    "recovery_codes_made": N_("Made new recovery codes"),
    "coupon_added": N_("Gave a coupon code"),
    "coupon_retired": N_("Retired a coupon code"),
    "key_created": N_("Made a key of the API"),
    "key_revoked": N_("Revoked a key of the API"),
    "quote_added": N_("Added an exchange quote"),
    "settings_changed": N_("Changed the program’s settings"),
    "signals_changed": N_("Changed how friends are looked at"),
    "list_entry_added": N_("Put an entry on a list"),
    "list_entry_removed": N_("Took an entry off a list"),
}


@dataclass(frozen=True, slots=True)
class Act:
    """One entry as it is hashed. `actor_id` is None for the command line and the system itself."""

    program_id: UUID
    sequence: int
    at: datetime
    actor: str
    actor_id: UUID | None
    action: str
    subject: str
    subject_id: UUID | None
    details: Mapping[str, Any]


def entry_hash(before: str, act: Act) -> str:
    """Return the hash of an entry, 64 hexadecimal digits, made of all it says and of the hash before it."""
    said = [
        before,
        str(act.program_id),
        act.sequence,
        act.at.astimezone(UTC).isoformat(timespec="microseconds"),
        act.actor,
        str(act.actor_id or ""),
        act.action,
        act.subject,
        str(act.subject_id or ""),
        act.details,
    ]
    plain = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return sha256(plain.encode("ascii")).hexdigest()
