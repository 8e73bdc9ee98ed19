"""Entries of the audit log as people read them: who did what to what, named as they are called today."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from babel.lists import format_list
from flask import current_app, url_for
from flask_babel import get_locale
from flask_babel import gettext as _
from markupsafe import Markup, escape

from webapp.domain.explain_audit import (
    CONSENT_IN_SENTENCES,
    ENTRIES_IN_SENTENCES,
    LISTS_IN_SENTENCES,
    MODELS_IN_SENTENCES,
    SCOPES_IN_SENTENCES,
    message_of_act,
    message_of_change,
)
from webapp.domain.roles import ROLES_IN_SENTENCES
from webapp.domain.sentences import N_
from webapp.domain.signal_registry import SIGNALS
from webapp.formatting import exact_decimal
from webapp.queries.audit import REFERRERS, Entry, Names
from webapp.views.worth import worth_together

SUBJECT_NAMES: Mapping[str, str] = {
    "rule": N_("Reward rules"),
    "reward": N_("Rewards"),
    "user": N_("People"),
    "key": N_("API keys"),
    "program": N_("Settings"),
    "quote": N_("Exchange quotes"),
    "list_entry": N_("Lists"),
}
ICONS = {
    "rule": "list-check",
    "reward": "gift",
    "user": "users",
    "key": "key",
    "program": "settings",
    "quote": "refresh",
    "list_entry": "list-check",
}

# Details whose codes have words.
_WORDS = {
    "role": ROLES_IN_SENTENCES,
    "from": ROLES_IN_SENTENCES,
    "to": ROLES_IN_SENTENCES,
    "scope": SCOPES_IN_SENTENCES,
    "list": LISTS_IN_SENTENCES,
    "kind": ENTRIES_IN_SENTENCES,
}
_SETTING_WORDS = {**MODELS_IN_SENTENCES, **CONSENT_IN_SENTENCES}


@dataclass(frozen=True, slots=True)
class EntryCard:
    """One entry: its sentence, in which what has a page is a link, and the same as it is stored."""

    sequence: int
    at: datetime
    icon: str
    sentence: Markup
    stored: list[tuple[str, str]]


def entry_card(entry: Entry, names: Names) -> EntryCard:
    """Put an entry into words for a page."""
    who = Markup("<b>{}</b>").format(who_did(entry, names))
    return EntryCard(
        sequence=entry.sequence,
        at=entry.at,
        icon=ICONS.get(entry.subject, "history"),
        sentence=_filled(entry, names, who=who, subject=_linked(entry, names)),
        stored=_stored(entry),
    )


def plain_sentence(entry: Entry, names: Names) -> str:
    """Put an entry into words without links."""
    return _filled(entry, names, who=escape(who_did(entry, names)), subject=_subject(entry, names)).unescape()


def who_did(entry: Entry, names: Names) -> str:
    """Name who did it; whoever was deleted is someone."""
    if entry.actor == "person":
        return names.people.get(entry.actor_id, _("Someone")) if entry.actor_id else _("Someone")
    if entry.actor == "api":
        key = names.keys.get(entry.actor_id) if entry.actor_id else None
        return _("The API key “%(name)s”", name=key.name) if key else _("The API")
    return _("The command line") if entry.actor == "command" else _("Grapevine itself")


def _filled(entry: Entry, names: Names, *, who: Markup, subject: str) -> Markup:
    values: dict[str, object] = {
        **{name: _word(name, value) for name, value in entry.details.items()},
        **{
            name: names.people.get(UUID(entry.details[name]), _("someone"))
            for name in REFERRERS
            if name in entry.details
        },
        "who": who,
        "subject": subject,
        "action": entry.action,
    }
    if "rate" in entry.details:
        values["rate"] = exact_decimal(str(entry.details["rate"]))
    if "coupon" in entry.details:
        # Stored by its id; of one that is gone, the sentence does without it.
        del values["coupon"]
        if code := names.coupons.get(entry.details["coupon"]):
            values["coupon"] = code
    if entry.subject == "program" and (changes := _changes(entry.details)):
        values["changes"] = changes
    # Translated first, then filled: what goes in is escaped unless it is a link of ours.
    return escape(_(message_of_act(entry.action, values))) % values


def _subject(entry: Entry, names: Names) -> str:
    if entry.subject_id is None:
        return entry.subject
    if entry.subject == "user":
        return names.people.get(entry.subject_id, _("someone"))
    if entry.subject == "key":
        key = names.keys.get(entry.subject_id)
        return _("“%(name)s”", name=key.name) if key else _("that is gone")
    if entry.subject == "rule":
        name = names.rules.get(entry.subject_id) or str(entry.details.get("key", entry.subject_id))
        return _("“%(name)s”", name=name)
    if entry.subject == "reward":
        reward = names.rewards.get(entry.subject_id)
        if reward is None:
            return _("a reward")
        return _(
            "the reward of %(amount)s for %(name)s",
            amount=worth_together([reward.worth]),
            name=reward.beneficiary_name,
        )
    return entry.subject


def _linked(entry: Entry, names: Names) -> Markup:
    name, address = _subject(entry, names), _address(entry, names)
    return Markup('<a href="{}">{}</a>').format(address, name) if address else escape(name)


def _address(entry: Entry, names: Names) -> str | None:
    """Return the page of what an entry is about; None when it is gone, or has none."""
    subject_id = entry.subject_id
    if entry.subject == "user" and subject_id in names.people:
        return url_for("admin.users.show", user_id=subject_id)
    if entry.subject == "key" and subject_id in names.keys:
        return url_for("admin.keys.index", state="revoked" if names.keys[subject_id].revoked else None)
    if entry.subject == "rule" and subject_id in names.rules and _exists("admin.rules.show"):
        return url_for("admin.rules.show", rule_id=subject_id)
    if entry.subject == "quote":
        return url_for("admin.quotes.index")
    if entry.subject == "list_entry":
        return url_for("admin.fraud_lists.index")
    if entry.subject == "reward" and subject_id in names.rewards and _exists("admin.rewards.show"):
        return url_for("admin.rewards.show", reward_id=subject_id)
    return None


def _exists(endpoint: str) -> bool:
    return endpoint in current_app.view_functions


def _word(name: str, value: object) -> object:
    word = _WORDS.get(name, {}).get(value) if isinstance(value, str) else None
    return _(word) if word else value


def _changes(details: Mapping[str, Any]) -> str:
    """Say which settings changed, and from what to what where that is kept."""
    said = []
    for setting in details.get("changed", ()):
        # Of a signal there is a step for each of its settings, and it is named by itself.
        step = {} if setting in SIGNALS else details.get(setting) or {}
        values = {name: _(_SETTING_WORDS[value]) if value in _SETTING_WORDS else value for name, value in step.items()}
        if message := message_of_change(setting, values):
            said.append(_(message) % values)
    return format_list(said, locale=get_locale() or "en")


def _stored(entry: Entry) -> list[tuple[str, str]]:
    """Return the codes as they are stored; they are the same in every language."""
    return [
        (_("Number"), str(entry.sequence)),
        (_("Moment"), entry.at.isoformat(timespec="microseconds")),
        (_("Act"), entry.action),
        (_("By"), f"{entry.actor} {entry.actor_id or ''}".strip()),
        (_("Subject"), f"{entry.subject} {entry.subject_id or ''}".strip()),
        (_("Details"), json.dumps(entry.details, sort_keys=True, ensure_ascii=False)),
        (_("Fingerprint"), entry.hash),
    ]
