"""Changing who is credited for a friend: what people may choose, and who can be credited."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from webapp.domain.sentences import N_

Kind = Literal["assign", "move", "remove"]
KINDS: tuple[Kind, ...] = ("assign", "move", "remove")

# Why, as staff choose it. A referrer reads none of it.
REASONS: Mapping[str, str] = {
    "friend_told": N_("The friend told us who brought them"),
    "wrong_credit": N_("The wrong person was credited"),
    "agreed": N_("The referrers agreed on it"),
    "household": N_("Friend and referrer are one person or one household"),
    "terms": N_("The link was shared in a way that the terms do not allow"),
    "other": N_("Another reason, in the note"),
}

# What the log of acts and the histories of rewards call each kind.
ACTIONS: Mapping[Kind, str] = {"assign": "referral_assigned", "move": "referral_moved", "remove": "referral_removed"}
# The reasons of those two in the history of a reward that they end.
ENDINGS = frozenset({ACTIONS["move"], ACTIONS["remove"]})

Problem = Literal[
    "same_person",
    "loop",
    "same_referrer",
    "retired_link",
    "never_signed_up",
]


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A person by what tells people apart: their account, and the mailbox behind its address."""

    id: UUID
    key: str

    def is_same(self, other: "Mailbox") -> bool:
        """Say whether two accounts are one person's."""
        return self.id == other.id or self.key == other.key


def problem_with(friend: Mailbox, referrer: Mailbox, above: Sequence[Mailbox]) -> Problem | None:
    """Say why someone cannot be credited for a friend; None when they can.

    `above` are those who brought the referrer: whoever brought them, and so on.
    """
    if friend.is_same(referrer):
        return "same_person"
    if any(friend.is_same(one) for one in above):
        return "loop"
    return None
