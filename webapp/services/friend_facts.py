"""How many friends count when a rule is asked that pays by their number."""

from dataclasses import replace
from uuid import UUID

from sqlalchemy.orm import Session

from webapp.domain.facts import Facts
from webapp.domain.periods import Window, window_of
from webapp.domain.registry import counting_of
from webapp.queries.bonuses import promised
from webapp.queries.conversions import decisions_of
from webapp.queries.friend_counts import Place, count_friends, nth_qualified, qualified
from webapp.queries.rules import Version


def with_friends(
    session: Session,
    version: Version,
    facts: Facts,
    *,
    friend_id: UUID,
    referrer_id: UUID,
    place: Place,
    time_zone: str,
) -> Facts:
    """Return facts with the friends who count, where a rule counts them.

    The friend of this conversion is one of them: by it, unless they count by an earlier one.
    """
    counting = counting_of(version.definition.settings)
    if counting is None or not version.definition.qualifies(facts):
        return facts
    window = window_of(counting.period, place.at, time_zone)
    until = place if counting.of == "until" else None
    friends = count_friends(session, version.rule_id, referrer_id, window, until=until)
    known = qualified(session, version.rule_id, friend_id)
    if known is not None and known.place <= place:
        # Perhaps in an earlier period, of which these are not.
        return replace(facts, friends=friends, is_new_friend=known.place == place)
    # They came to count by something that happened later; was it counted just now, then this is not one more.
    counted = known is not None and until is None and window.contains(known.place.at)
    number = friends if counted else friends + 1
    is_new = not counted and (
        counting.of != "reached" or _may_bring(session, version, referrer_id, window, place, number)
    )
    return replace(facts, friends=number, is_new_friend=is_new)


def _may_bring(
    session: Session, version: Version, referrer_id: UUID, window: Window, place: Place, number: int
) -> bool:
    """Say whether what is told now may bring the bonus of a number of friends, being counted as the last of them.

    When it is told late, the number is made by a later friend, and has the bonus that was promised for theirs.
    """
    last = nth_qualified(session, version.rule_id, referrer_id, window, number - 1) if number > 1 else None
    if last is None or last.place < place:
        return True
    if version.definition.exclusive is not None:
        return False
    decided = decisions_of(session, last.conversion_id)
    return any(one.version is not None and _is_alike(one.version, version) for one in decided)


def _is_alike(one: Version, other: Version) -> bool:
    return one.rule_id == other.rule_id and promised(one) == promised(other)
