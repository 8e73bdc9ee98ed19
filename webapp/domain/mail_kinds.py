"""The kinds of mail there are: what each is called, whom it can reach, and which of them people can turn off."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from webapp.domain.sentences import N_

FRIENDS_JOINED, REWARDS_READY, REWARDS_DECIDED = "friends_joined", "rewards_ready", "rewards_decided"
# What is gathered: at most one mail of each kind a day, about what happened since the one before.
NEWS = (FRIENDS_JOINED, REWARDS_READY, REWARDS_DECIDED)
NEWS_EVERY = timedelta(days=1)
# What is older is no news any more: there may have been no mail before, for one who has just come to want them.
NEWS_FOR = timedelta(days=2)

# Why a mail was given up: after its last try, by its mailbox, by its reader, or because it has nothing to say any more.
Unsent = Literal["tries", "refused", "muted", "over"]
UNSENT: tuple[Unsent, ...] = ("tries", "refused", "muted", "over")


@dataclass(frozen=True, slots=True)
class OptionalKind:
    """A kind that people can turn off. `roles` are those whom it can reach."""

    label: str
    says: str
    roles: frozenset[str]


_ALL, _ADMINS = frozenset({"referrer", "marketer", "admin"}), frozenset({"admin"})

# By the name of the template, in the order in which they are offered.
OPTIONAL: Mapping[str, OptionalKind] = {
    FRIENDS_JOINED: OptionalKind(
        N_("Friends who joined"), N_("When somebody joined through you. At most one mail a day."), _ALL
    ),
    REWARDS_READY: OptionalKind(
        N_("Rewards that are ready"), N_("When you have earned something for good. At most one mail a day."), _ALL
    ),
    REWARDS_DECIDED: OptionalKind(
        N_("Decisions about your rewards"),
        N_("When a person looked at a reward of yours, or at what you wrote about it. At most one mail a day."),
        _ALL,
    ),
    "cases_waiting": OptionalKind(
        N_("Cases that wait"), N_("When something has waited for three days for somebody to decide."), _ADMINS
    ),
    "coupons_running_low": OptionalKind(
        N_("Coupons that run low"), N_("When a pool has fewer coupons left than you set."), _ADMINS
    ),
}
# What belongs to an account itself always comes.
_ALWAYS: Mapping[str, str] = {
    "address_already_used": N_("Somebody tried to join with your address"),
    "verify_email": N_("Confirming your address"),
    "account_reported": N_("Whether an account is yours"),
    "change_email": N_("Changing your address"),
    "email_change_asked": N_("Another address was asked for"),
    "email_changed": N_("Your address was changed"),
    "reset_password": N_("Setting a password"),
    "password_changed": N_("Your password was changed"),
    "invitation": N_("An invitation"),
    "second_factor_on": N_("Your second factor was turned on"),
    "second_factor_moved": N_("Your second factor was moved"),
    "second_factor_off": N_("Your second factor was turned off"),
    "second_factor_guessed": N_("Somebody typed wrong codes"),
    "recovery_code_used": N_("A recovery code was used"),
    "recovery_codes_made": N_("New recovery codes were made"),
}
_ANY = N_("About your account")


def label_of(template: str) -> str:
    """Return what a kind of mail is called."""
    kind = OPTIONAL.get(template)
    return kind.label if kind else _ALWAYS.get(template, _ANY)


def kinds_for(role: str) -> tuple[str, ...]:
    """Return the kinds that somebody with this role can turn off."""
    return tuple(name for name, kind in OPTIONAL.items() if role in kind.roles)


def is_muted(template: str, muted: Mapping[str, object]) -> bool:
    """Say whether somebody who turned these kinds off gets no mail of this one."""
    return template in OPTIONAL and muted.get(template) is True
