"""The rules of a replay: which version of each was live when, and what a draft puts in their place."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from webapp.domain.facts import Facts
from webapp.domain.replaying.quick_conditions import quick
from webapp.domain.rules import RuleDefinition

_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Edition:
    """A version of a rule from the moment it was live, until the next one; `number` is None for a draft.

    One that is paused or has ended does not pay.
    """

    number: int | None
    live_from: datetime
    pays: bool
    definition: RuleDefinition


@dataclass(frozen=True, slots=True)
class History:
    """Every edition of one rule, by number."""

    key: str
    editions: tuple[Edition, ...]


def with_draft(rules: Sequence[History], draft: Sequence[RuleDefinition], since: datetime) -> tuple[History, ...]:
    """Return the rules as if a draft had been published at `since`, and nothing since then of the rules that it names.

    A rule of the draft takes the place of the one with its key; new ones are
    the youngest. The others stay as they were.
    """
    wanted = {rule.key: Edition(None, since, True, rule) for rule in draft}
    changed = [
        History(one.key, (*(edition for edition in one.editions if edition.live_from < since), wanted.pop(one.key)))
        if one.key in wanted
        else one
        for one in rules
    ]
    return (*changed, *(History(key, (edition,)) for key, edition in wanted.items()))


def shared(rules: Sequence[History], draft: Sequence[History]) -> list[History]:
    """Return the rules that both sides have with all their editions: they are decided once for both.

    Not those of a group of which only one pays, when another of the group is
    not the same: what they pay depends on it.
    """
    same = [one for one in rules if one in draft]
    other = {group for one in (*rules, *draft) if one not in same for group in _groups(one)}
    while any(other & _groups(one) for one in same):
        other |= {group for one in same if other & _groups(one) for group in _groups(one)}
        same = [one for one in same if not other & _groups(one)]
    return same


def _groups(rule: History) -> set[str]:
    found = (edition.definition.exclusive for edition in rule.editions)
    return {group for group in found if group is not None}


class Asked(NamedTuple):
    """An edition that is live: its rule's place among the others, and its conditions as a test; None without any."""

    place: int
    edition: Edition
    is_for: Callable[[Facts], bool] | None


class Live:
    """Which editions are live, asked about moments that never go back."""

    def __init__(self, rules: Sequence[History]) -> None:
        self._rules = rules
        self._until: datetime | None = None
        self._by_trigger: dict[str, list[Asked]] = {}

    def at(self, moment: datetime, trigger: str) -> Sequence[Asked]:
        """Return what a type of conversion asks, the older rules first."""
        if self._until is None or moment >= self._until:
            self._settle(moment)
        return self._by_trigger.get(trigger, ())

    def _settle(self, moment: datetime) -> None:
        self._by_trigger = {}
        for place, rule in enumerate(self._rules):
            newest = next((edition for edition in reversed(rule.editions) if edition.live_from <= moment), None)
            if newest is not None and newest.pays:
                when = newest.definition.when
                asked = Asked(place, newest, None if when is None else quick(when))
                self._by_trigger.setdefault(newest.definition.trigger, []).append(asked)
        later = (edition.live_from for rule in self._rules for edition in rule.editions if edition.live_from > moment)
        self._until = min(later, default=_NEVER)
