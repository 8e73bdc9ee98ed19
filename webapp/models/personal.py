"""What becomes of every column that can hold words, octets or a browser's id when a person is erased.

One list for whoever adds a column: a test compares it with the tables, so that none is forgotten; another one erases
somebody who left a mark in each of them. `services.erasure` does what is said here. Ids of rows, moments, numbers and
amounts are the books themselves, and stay.
"""

from collections.abc import Mapping
from typing import Literal

# blanked: the row stays, and says nothing of the person, or neutral words.
# deleted: the rows of the person go as a whole.
# sealed: replaced by what recognises it, and cannot be read (domain.seals).
# replaced: by something random.
# ours: codes, hashes and words of this program's own, of which the domain says what they may be.
# business: what those who run the program call their things; whoever writes there is told not to name people.
Fate = Literal["blanked", "deleted", "sealed", "replaced", "ours", "business"]

PERSONAL: Mapping[str, Mapping[str, Fate]] = {
    # Random, and of nobody; destroyed after two weeks.
    "address_salts": {"salt": "ours"},
    "api_answers": {"operation": "ours", "subject": "sealed", "content_hash": "sealed", "body": "sealed"},
    # Keys that are called like somebody are called so no more.
    "api_keys": {"name": "blanked", "key_hash": "ours", "scope": "ours"},
    "appeals": {"text": "blanked"},
    "attribution_decisions": {"model": "ours", "reason": "ours", "visitor_id": "blanked"},
    "attribution_touches": {"kind": "ours", "outcome": "ours", "click_id": "blanked"},
    # Ids, codes and numbers only: services.audit.
    "audit_entries": {"actor": "ours", "action": "ours", "subject": "ours", "details": "ours", "hash": "ours"},
    "bans": {"reason": "ours"},
    # A campaign that nobody else had is counted no longer.
    "campaign_days": {"utm_source": "deleted", "utm_medium": "deleted", "utm_campaign": "deleted"},
    "clicks": {
        "visitor_id": "replaced",
        "source_host": "blanked",
        "utm_source": "blanked",
        "utm_medium": "blanked",
        "utm_campaign": "blanked",
        "browser": "blanked",
        "device": "blanked",
        "country": "blanked",
        "address_hash": "blanked",
        "network_hash": "blanked",
    },
    "conversions": {
        "event_id": "sealed",
        "tie": "ours",
        "type": "business",
        "currency": "ours",
        "order_id": "sealed",
        "details": "blanked",
    },
    "coupon_codes": {"code": "replaced", "code_key": "replaced"},
    "coupon_pools": {"key": "business", "name": "business"},
    "dispute_outcomes": {"event_id": "sealed", "dispute_event_id": "sealed", "outcome": "ours"},
    "exchange_quotes": {"base": "ours", "counter": "ours", "rate": "business"},
    "job_leases": {"name": "ours", "holder": "ours"},
    "ledger_entries": {"account": "ours", "currency": "ours", "kind": "ours"},
    "link_revenue_days": {"currency": "ours"},
    "links": {"code": "replaced", "code_key": "replaced", "label": "blanked", "destination_url": "blanked"},
    "former_mailboxes": {"mailbox_key": "deleted"},
    "mailed_links": {"purpose": "deleted", "token_hash": "deleted", "email": "deleted"},
    "outbox_mails": {"template": "deleted", "email": "deleted", "dedupe_key": "deleted", "unsent_because": "ours"},
    "password_requests": {"email_key": "deleted"},
    # Made in the shop of the business, which knows who used it.
    "pool_coupons": {"code": "business"},
    "program_revenue_days": {"currency": "ours"},
    "programs": {
        "slug": "business",
        "name": "business",
        "currency": "ours",
        "time_zone": "ours",
        "landing_url": "business",
        "allowed_hosts": "business",
        "attribution_model": "ours",
        "consent_mode": "ours",
        "signals": "business",
    },
    "qualified_friends": {"tie": "replaced"},
    "recovery_codes": {"code_hash": "deleted"},
    "redemptions": {"event_id": "sealed", "currency": "ours"},
    "referral_change_notes": {"text": "deleted"},
    "referral_changes": {"kind": "ours", "reason": "ours"},
    "referrals": {"method": "ours", "utm_source": "blanked", "utm_medium": "blanked", "utm_campaign": "blanked"},
    "refunds": {"kind": "ours", "event_id": "sealed", "order_id": "sealed", "conversion_event_id": "sealed"},
    # Facts are numbers, and of words only those that a rule itself names: domain.conditions.
    "reward_decisions": {
        "side": "ours",
        "code": "ours",
        "facts": "business",
        "because": "business",
        "currency": "ours",
    },
    "reward_events": {"status": "ours", "reason": "ours", "taken_as": "ours", "actor": "ours"},
    "reward_notes": {"text": "deleted"},
    "reward_rule_versions": {"state": "ours", "definition": "business", "note": "business"},
    "reward_rules": {"key": "business"},
    "rewards": {"side": "ours", "kind": "ours", "currency": "ours", "status": "ours"},
    "rule_days": {"currency": "ours", "kind": "ours"},
    "screening_entries": {"list": "ours", "kind": "ours", "value": "deleted", "note": "deleted"},
    # Numbers, and of words those of the program's own lists.
    "screening_findings": {"signal": "ours", "saw": "ours"},
    "screenings": {"verdict": "ours", "category": "ours", "evidence": "blanked"},
    "sealed_codes": {"seal": "sealed"},
    "second_factors": {"seed": "deleted"},
    "sightings": {
        "visitor_id": "deleted",
        "browser": "deleted",
        "device": "deleted",
        "address_hash": "deleted",
        "network_hash": "deleted",
    },
    "sign_in_links": {"token_hash": "deleted"},
    "user_sessions": {"token_hash": "deleted", "browser": "deleted", "device": "deleted"},
    "users": {
        "name": "blanked",
        "email": "replaced",
        "email_key": "replaced",
        "mailbox_key": "replaced",
        "password_hash": "blanked",
        "role": "ours",
        "language": "blanked",
        "external_id": "blanked",
        "muted_mails": "blanked",
    },
}
