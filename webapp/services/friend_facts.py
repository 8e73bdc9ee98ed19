"""How many friends count when a rule is asked that pays by their number."""

from dataclasses import replace
from uuid import UUID

from sqlalchemy.orm import Session

from webapp.domain.facts import Facts
from webapp.domain.periods import window_of
from webapp.domain.registry import counting_of
from webapp.queries.friend_counts import Place, count_friends, qualified
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
    return replace(facts, friends=friends if counted else friends + 1, is_new_friend=not counted)
