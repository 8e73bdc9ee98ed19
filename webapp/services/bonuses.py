"""To whose event the bonus of each number of friends belongs, when it changes who counts.

Which bonuses there are follows from who counts alone. One stays with the
event that brought it as long as the number has it; else it passes on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from webapp.domain.periods import Window
from webapp.queries.bonuses import Bearer, Bonuses, bearers, rejected_among, those_promised
from webapp.queries.friend_counts import Qualified, count_friends, list_qualified, nth_qualified


@dataclass(frozen=True, slots=True)
class Said:
    """With how many friends a conversion is to be decided, and whether it is said to bring the bonus of so many."""

    friends: int
    is_one_more: bool


def bonuses_anew(
    session: Session,
    rule_id: UUID,
    referrer_id: UUID,
    bonuses: Bonuses,
    window: Window,
    *,
    new: Qualified | None,
    without: UUID | None,
) -> dict[UUID, Said]:
    """Return the conversions whose bonus goes or comes within a window, with the facts that say so.

    `new` is by what a friend was counted just now, which may have been decided with its bonus already; `without` is a
    friend of whom nothing stays.
    """
    whose = (session, rule_id, referrer_id, window)
    count = count_friends(*whose)
    makers = {
        step: maker
        for step in bonuses.counting.steps
        if step <= count and (maker := nth_qualified(*whose, step)) is not None
    }
    promised = those_promised(session, bonuses, [one.conversion_id for one in makers.values()])
    due = {step: maker for step, maker in makers.items() if maker.conversion_id in promised}
    anew: dict[UUID, Said] = {}
    stay: dict[int, UUID] = {}
    for one in bearers(session, referrer_id, bonuses, window):
        if one.step not in stay and one.friend_id != without and _may_stay(one, bonuses, due.get(one.step)):
            stay[one.step] = one.conversion_id
            if new is not None and one.conversion_id == new.conversion_id:
                anew[one.conversion_id] = Said(one.step, is_one_more=True)
        else:
            anew[one.conversion_id] = Said(count, is_one_more=False)
    wanted = [step for step in due if step not in stay]
    # Someone may have thousands of friends, so all of them are read only where a bonus looks for an heir.
    friends = list_qualified(*whose) if wanted else []
    free = [one for one in friends if one.conversion_id not in stay.values()]
    # Those for whom other bonuses were promised cannot bring these; as many are left as are wanted, or more.
    promised = those_promised(session, bonuses, [one.conversion_id for one in free])
    free = [one for one in free if one.conversion_id in promised]
    rejected = rejected_among(session, rule_id, [one.conversion_id for one in free])
    for step in wanted:
        # Where a person rejected one, nothing is given any more.
        open_to = [one for one in free if one.conversion_id not in rejected] or free
        heir = due[step] if bonuses.shares_group else _heir(open_to, due[step], new)
        free.remove(heir)
        anew[heir.conversion_id] = Said(step, is_one_more=True)
    return anew


def _may_stay(one: Bearer, bonuses: Bonuses, maker: Qualified | None) -> bool:
    if maker is None or not one.counts:
        return False
    return not bonuses.shares_group or one.conversion_id == maker.conversion_id


def _heir(free: Sequence[Qualified], maker: Qualified, new: Qualified | None) -> Qualified:
    """Return who brings a bonus: the friend who was just counted, else who makes the number, or the next after."""
    if new is not None and new in free:
        return new
    return next((one for one in free if one.place >= maker.place), free[-1])
