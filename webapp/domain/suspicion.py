"""What becomes of a reward because of whom it is for: held for a person to look at, or refused at once."""

from collections.abc import Mapping
from dataclasses import dataclass

from webapp.domain.rules import Side

# Why a reward is held from the beginning, as it is kept in its history.
SUSPECTED, FRIEND_REJECTED, BANNED, REFERRER_BANNED = "suspected", "friend_rejected", "banned", "referrer_banned"
# The number of friends by which it is priced has friends in it who are held or were rejected.
FRIENDS_DOUBTED = "friends_doubted"
# Whoever would earn it has had everything about themselves erased.
ERASED = "person_erased"
FROM_THE_BEGINNING = frozenset({SUSPECTED, FRIEND_REJECTED, REFERRER_BANNED, FRIENDS_DOUBTED})
# Of those, what a person has decided beforehand: the reward is written, so that it can be appealed, and rejected.
REFUSED = frozenset({FRIEND_REJECTED, BANNED, ERASED})


@dataclass(frozen=True, slots=True)
class Doubts:
    """What is held against a friend and their referrer.

    `verdict` is that of the newest look at the friend, None when there was
    none: "clear", "hold", or "deny" when a person rejected the friend.
    """

    verdict: str | None = None
    referrer_banned: bool = False
    friend_banned: bool = False
    referrer_erased: bool = False

    def about(self, side: Side) -> str | None:
        """Return why a reward for the referrer or the friend is held, None when it is not."""
        banned = {"referrer": self.referrer_banned, "friend": self.friend_banned}
        found: Mapping[str, bool] = {
            # What an erased friend does is nobody's any more, so no reward of theirs can come of it.
            ERASED: side == "referrer" and self.referrer_erased,
            BANNED: banned[side],
            FRIEND_REJECTED: self.verdict == "deny",
            SUSPECTED: self.verdict == "hold",
            # What friends are given is worth bringing false ones for.
            REFERRER_BANNED: self.referrer_banned,
        }
        return next((reason for reason, holds in found.items() if holds), None)
