"""What people may do: their roles, as words."""

from collections.abc import Mapping

from webapp.domain.sentences import N_

# As they are called in lists.
ROLE_NAMES: Mapping[str, str] = {"referrer": N_("Referrer"), "marketer": N_("Marketer"), "admin": N_("Admin")}
# All who have it.
ROLE_GROUPS: Mapping[str, str] = {
    "referrer": N_("Referrers"),
    "marketer": N_("Marketers"),
    "admin": N_("Admins"),
}
# Of somebody: what they are, and what a button does.
ROLE_HELD: Mapping[str, str] = {
    "referrer": N_("%(name)s is a referrer"),
    "marketer": N_("%(name)s is a marketer"),
    "admin": N_("%(name)s is an admin"),
}
ROLE_GIVEN: Mapping[str, str] = {
    "referrer": N_("Make %(name)s a referrer"),
    "marketer": N_("Make %(name)s a marketer"),
    "admin": N_("Make %(name)s an admin"),
}
# In the middle of a sentence.
ROLES_IN_SENTENCES: Mapping[str, str] = {
    "referrer": N_("referrer"),
    "marketer": N_("marketer"),
    "admin": N_("admin"),
}
ROLE_MEANINGS: Mapping[str, str] = {
    "referrer": N_("Shares links and sees their own friends and rewards. Nothing of anybody else."),
    "marketer": N_("Sees the charts and figures of the whole program as well, and nobody’s e-mail. Changes nothing."),
    "admin": N_(
        "Sees and changes everything: people and their e-mail addresses, rules, rewards, payouts, keys and settings."
    ),
}
