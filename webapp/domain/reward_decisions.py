"""What people may decide about a reward, and the reasons that they can give for rejecting one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from webapp.domain.rewards import NEXT, Status
from webapp.domain.sentences import N_, Sentence
from webapp.domain.suspicion import BANNED, FRIEND_REJECTED

ChoiceName = Literal["release", "approve", "hold", "reject"]


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing to decide. `reason` is kept in the history, None where whoever decides gives one.

    `of` are the statuses in which it can be decided, `action` is what the audit log calls it.
    """

    name: ChoiceName
    target: Status
    of: frozenset[Status]
    action: str
    reason: str | None

    @property
    def answers(self) -> bool:
        """Whether it answers an appeal in favour of whoever made it."""
        return "held" in self.of and self.target in ("pending", "approved")

    def steps(self, status: Status) -> tuple[Status, ...]:
        """Return the statuses that a reward goes through from `status`, the target last."""
        if self.target in NEXT[status]:
            return (self.target,)
        # What is not held is held first: only what is held can be rejected.
        return ("held", self.target)


CHOICES: Mapping[str, Choice] = {
    choice.name: choice
    for choice in (
        Choice("release", "pending", frozenset({"held"}), "reward_released", "checked"),
        Choice("approve", "approved", frozenset({"held", "pending"}), "reward_approved", "checked"),
        Choice("hold", "held", frozenset({"pending", "approved"}), "reward_held", "to_check"),
        Choice("reject", "rejected", frozenset({"held", "pending", "approved"}), "reward_rejected", None),
    )
}


def choices_for(status: str) -> tuple[Choice, ...]:
    """Return what can be decided about a reward that stands like this."""
    return tuple(choice for choice in CHOICES.values() if status in choice.of)


@dataclass(frozen=True, slots=True)
class Rejection:
    """A reason for rejecting: what staff choose, and what the owner reads instead of it."""

    label: str
    for_owner: str


REJECTIONS: Mapping[str, Rejection] = {
    "same_person": Rejection(
        N_("The friend is the referrer, or lives with them"),
        N_("It looks as if this order came from you or your own household. Only other people’s orders count."),
    ),
    "not_a_customer": Rejection(
        N_("The friend was no new customer"),
        N_("It looks as if this person bought from us before, so they are not a new friend."),
    ),
    "terms": Rejection(
        N_("The link was shared in a way that the terms do not allow"),
        N_("The link was shared in a way that the terms of the program do not allow."),
    ),
    "duplicate": Rejection(
        N_("The same order was rewarded before"),
        N_("The same order was counted once before."),
    ),
    "other": Rejection(
        N_("Another reason, in the note"),
        N_("A person looked at this order and decided against it."),
    ),
}
# What follows from an earlier decision about a person, without one about this reward.
_DECIDED_BEFORE: Mapping[str, str] = {
    FRIEND_REJECTED: N_("We looked at this friend before and decided that what they do does not count."),
    BANNED: N_("Your account cannot earn rewards at the moment."),
}
WHAT_NEXT = Sentence(N_("Do you see it differently? You can tell us once, and a person looks at it again."))
FINAL = Sentence(N_("You told us how you see it, and a person looked at it again. This decision is final."))


def rejection_for_owner(reason: str, *, is_final: bool = False) -> tuple[Sentence, ...]:
    """Say to the owner why a reward was rejected and what they can do; in general words for a reason of elsewhere.

    `is_final` says that they have appealed before.
    """
    why = _DECIDED_BEFORE.get(reason) or REJECTIONS.get(reason, REJECTIONS["other"]).for_owner
    return Sentence(why), FINAL if is_final else WHAT_NEXT
