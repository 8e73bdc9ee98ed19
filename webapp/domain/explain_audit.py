"""What an entry of the audit log says, as a sentence.

The log holds codes and ids. Who and what they are is looked up when the
sentence is read, so each message has places for it: `who` did it, `subject` is
what it was done to, and the others are what the entry's details hold.
"""

import re
from collections.abc import Collection, Mapping

from webapp.domain.sentences import N_
from webapp.domain.signal_registry import SIGNALS

# The most telling message first. The next ones are for entries whose details hold less.
SENTENCES: Mapping[str, tuple[str, ...]] = {
    "rule_published": (
        N_("%(who)s published version %(version)s of the rule %(subject)s"),
        N_("%(who)s published the rule %(subject)s"),
    ),
    "rule_paused": (N_("%(who)s paused the rule %(subject)s"),),
    "rule_resumed": (N_("%(who)s let the rule %(subject)s go on"),),
    "rule_ended": (N_("%(who)s ended the rule %(subject)s"),),
    "reward_approved": (N_("%(who)s approved %(subject)s"),),
    "reward_released": (N_("%(who)s released %(subject)s"),),
    "reward_held": (N_("%(who)s held %(subject)s"),),
    "reward_rejected": (N_("%(who)s rejected %(subject)s"),),
    "debt_written_off": (N_("%(who)s wrote off what was owed of %(subject)s"),),
    "coupon_pool_added": (N_("%(who)s made a coupon pool"),),
    "coupons_added": (N_("%(who)s added %(count)s coupons to a pool"), N_("%(who)s added coupons to a pool")),
    "reward_fulfilled": (N_("%(who)s fulfilled %(subject)s"),),
    "referral_assigned": (
        N_("%(who)s credited %(referrer_after)s with %(subject)s"),
        N_("%(who)s credited someone with %(subject)s"),
    ),
    "referral_moved": (
        N_("%(who)s moved the credit for %(subject)s from %(referrer_before)s to %(referrer_after)s"),
        N_("%(who)s moved the credit for %(subject)s to someone else"),
    ),
    "referral_removed": (
        N_("%(who)s took the credit for %(subject)s from %(referrer_before)s"),
        N_("%(who)s removed the referral of %(subject)s"),
    ),
    "person_created": (
        N_("%(who)s made an account for %(subject)s, as %(role)s"),
        N_("%(who)s made an account for %(subject)s"),
    ),
    "person_invited": (
        N_("%(who)s invited %(subject)s, as %(role)s"),
        N_("%(who)s invited %(subject)s"),
    ),
    "invitation_sent": (N_("%(who)s sent %(subject)s an invitation"),),
    "invitation_withdrawn": (N_("%(who)s withdrew the invitation of %(subject)s"),),
    "invitation_accepted": (N_("%(subject)s accepted the invitation"),),
    "person_banned": (N_("%(who)s stopped the rewards of %(subject)s"),),
    "person_unbanned": (N_("%(who)s let %(subject)s earn rewards again"),),
    "person_exported": (N_("%(who)s handed out all that is kept of %(subject)s"),),
    "person_erased": (N_("%(who)s erased all that told who %(subject)s was"), N_("%(who)s erased someone")),
    "role_changed": (
        N_("%(who)s changed %(subject)s from %(from)s to %(to)s"),
        N_("%(who)s changed the role of %(subject)s"),
    ),
    "password_changed": (N_("%(who)s set a new password"),),
    "email_changed": (N_("%(who)s changed their e-mail address"),),
    "address_given": (N_("%(who)s gave the account of %(subject)s another address"),),
    "sessions_ended": (
        N_("%(who)s signed %(subject)s out of every browser but %(kept)s"),
        N_("%(who)s signed %(subject)s out everywhere"),
    ),
    "second_factor_on": (N_("%(who)s turned the second factor of %(subject)s on"),),
    "second_factor_moved": (N_("%(who)s moved the second factor of %(subject)s to another app"),),
    "second_factor_off": (N_("%(who)s turned the second factor of %(subject)s off"),),
    "recovery_codes_made": (N_("%(who)s made new recovery codes for %(subject)s"),),
    "coupon_added": (
        N_("%(who)s gave %(subject)s the coupon code %(coupon)s"),
        N_("%(who)s gave %(subject)s a coupon code"),
    ),
    "coupon_retired": (
        N_("%(who)s retired the coupon code %(coupon)s of %(subject)s"),
        N_("%(who)s retired a coupon code of %(subject)s"),
    ),
    "key_created": (
        N_("%(who)s made the API key %(subject)s, which may %(scope)s"),
        N_("%(who)s made the API key %(subject)s"),
    ),
    "key_revoked": (N_("%(who)s revoked the API key %(subject)s"),),
    "quote_added": (
        N_("%(who)s added the exchange quote of %(rate)s %(counter)s for 1 %(base)s"),
        N_("%(who)s added an exchange quote"),
    ),
    "settings_changed": (
        N_("%(who)s changed the settings: %(changes)s"),
        N_("%(who)s changed the settings"),
    ),
    "signals_changed": (
        N_("%(who)s changed how friends are looked at: %(changes)s"),
        N_("%(who)s changed how friends are looked at"),
    ),
    "list_entry_added": (
        N_("%(who)s put %(kind)s on %(list)s"),
        N_("%(who)s put an entry on a list"),
    ),
    "list_entry_removed": (
        N_("%(who)s took %(kind)s off %(list)s"),
        N_("%(who)s took an entry off a list"),
    ),
}
# Of a version of the program that is newer than this one.
UNKNOWN_ACT = N_("%(who)s did “%(action)s”")

SCOPES_IN_SENTENCES: Mapping[str, str] = {"read": N_("only read"), "write": N_("read and write")}

# One changed setting, the more telling message first, as for the acts.
CHANGES: Mapping[str, tuple[str, ...]] = {
    "name": (N_("the name"),),
    "currency": (N_("the currency from %(from)s to %(to)s"), N_("the currency")),
    "time_zone": (N_("the time zone from %(from)s to %(to)s"), N_("the time zone")),
    "landing_url": (N_("the landing page"),),
    "allowed_hosts": (N_("the sites that links may lead to"),),
    "attribution_model": (N_("the credit from %(from)s to %(to)s"), N_("who gets the credit")),
    "window_days": (N_("the window from %(from)s to %(to)s days"), N_("the window")),
    "consent_mode": (N_("the consent of visitors from %(from)s to %(to)s"), N_("the consent of visitors")),
    "hold_days": (N_("the hold from %(from)s to %(to)s days"), N_("the hold")),
    "keep_clicks_days": (
        N_("how long clicks are kept from %(from)s to %(to)s days"),
        N_("how long clicks are kept"),
    ),
    "keep_metadata_days": (
        N_("how long details of orders are kept from %(from)s to %(to)s days"),
        N_("how long details of orders are kept"),
    ),
    "held_from": (N_("from which score on things are held"),),
    "second_admin_from_minor": (N_("from how much on a second admin decides"),),
}
CONSENT_IN_SENTENCES: Mapping[str, str] = {
    "cookie": N_("“remembered at once”"),
    "required": N_("“once they agree”"),
    "none": N_("“never remembered”"),
}
MODELS_IN_SENTENCES: Mapping[str, str] = {"first": N_("the first link"), "last": N_("the last link")}

LISTS_IN_SENTENCES: Mapping[str, str] = {
    "allow": N_("the list of those to trust"),
    "block": N_("the list of those not to trust"),
}
ENTRIES_IN_SENTENCES: Mapping[str, str] = {
    "email": N_("an e-mail address"),
    "domain": N_("a domain"),
    "network": N_("a range of IP addresses"),
    "referrer": N_("a referrer"),
}

_PLACE = re.compile(r"%\((\w+)\)s")


def message_of_act(action: str, known: Collection[str]) -> str:
    """Return the most telling message about an act of which these values are known."""
    return _most_telling(SENTENCES.get(action, ()), known) or UNKNOWN_ACT


def message_of_change(setting: str, known: Collection[str]) -> str | None:
    """Return the most telling message about a setting that changed; None for a setting that nobody knows.

    A signal is named; from what number to what number is in the entry as it is stored.
    """
    if setting in SIGNALS:
        return SIGNALS[setting].label
    return _most_telling(CHANGES.get(setting, ()), known)


def _most_telling(messages: Collection[str], known: Collection[str]) -> str | None:
    return next((message for message in messages if set(_PLACE.findall(message)) <= set(known)), None)
