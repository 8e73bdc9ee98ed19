"""The replay itself: conversions stream past once, and two sides say what they pay for each."""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from webapp.domain.facts import Facts
from webapp.domain.money import Money
from webapp.domain.quotes import Quote
from webapp.domain.replaying.deciding import Answer, Decisions, decide, facts_of, is_asked
from webapp.domain.replaying.editions import Asked, Edition, History, Live, shared
from webapp.domain.replaying.friends import Foreseen, Friends
from webapp.domain.replaying.happened import Happened
from webapp.domain.replaying.quoted import Added, Quotes
from webapp.domain.replaying.room import Calendar, Given, Later, Room, kept_after_refunds
from webapp.domain.replaying.tallies import Kept, Tallies
from webapp.domain.replaying.told import Changed, Replayed, Side, StepReached, Trace

Known = dict[int, Money | None]

_NOTHING: list[Kept] = []
_UNDECIDED = Decisions([], {})


class Rules:
    """Some rules with what is used of their limits: those of one side, or those that both sides have."""

    def __init__(
        self, rules: Sequence[History], later: Later, foreseen: Mapping[str, Foreseen], since: datetime
    ) -> None:
        self.rules, self.live, self.rooms = rules, Live(rules), [Room(rule) for rule in rules]
        self.friends = [Friends(rule, foreseen.get(rule.key, {}), since) for rule in rules]
        self._later = later

    def turn_to(self, calendar: Calendar) -> None:
        """Begin anew for every period that is over."""
        for room in self.rooms:
            room.turn_to(calendar.windows)
        for friends in self.friends:
            friends.turn_to(calendar.windows)

    def decide(self, asked: Sequence[Asked], facts: Facts, happened: Happened, known: Known) -> Decisions:
        """Say what these rules pay for a conversion. Uses up no room; who counts, counts from here on."""
        return decide(asked, facts, self.rooms, self.friends, happened, known)

    def kept(self, answer: Answer, happened: Happened, facts: Facts) -> Kept:
        """Say what is kept of an answer after all refunds. Uses up nothing."""
        if not happened.refunds:
            return Kept(answer, answer.worth, answer.paid, ())
        worth = kept_after_refunds(answer.worth, answer.edition, facts, happened)
        paid = kept_after_refunds(answer.paid, answer.edition, facts, happened)
        return Kept(answer, worth[-1][1], paid[-1][1], paid)

    def give(self, kept: Kept, happened: Happened, quotes: Sequence[Quote]) -> None:
        """Use up room for what is paid, until the moment when a refund or a rejection gives it back."""
        place, edition, _worth, paid, currency = kept.answer
        room = self.rooms[place]
        if not paid or not room.is_limited:
            return
        others = room.currencies - {currency} if quotes else ()
        given = Given(room.counters(happened.referrer), paid, currency, others, quotes)
        for at, minor in kept.refunds:
            self._later.add(at, given, "kept", minor)
        for decided in happened.decisions:
            if decided.rule_key == edition.definition.key:
                self._later.add(decided.at, given, "is_rejected", decided.is_rejected)
        limits = edition.definition.limits
        if limits is not None and limits.program is not None:
            room.note_budget(limits.program, happened.occurred_at)

    def traces(
        self,
        asked: Sequence[Asked],
        happened: Happened,
        facts: Facts,
        told: Mapping[int, Facts],
        kept: Sequence[Kept],
    ) -> list[Trace]:
        """Return what each of these rules was told, before `give` uses up the room that it was told of."""
        found = {one.answer.place: (one.paid, one.answer.currency) for one in kept}
        return [
            Trace(
                one.edition,
                self._told(one.place, one.edition, happened, told.get(one.place, facts)),
                *found.get(one.place, (0, None)),
            )
            for one in asked
        ]

    def _told(self, place: int, edition: Edition, happened: Happened, facts: Facts) -> Facts:
        limits = edition.definition.limits
        used = {} if limits is None else self.rooms[place].used(limits, happened.referrer)
        return replace(edition.definition.looked_at(facts), used=used)


class Replay:
    """A replay from `since` until before `until`. What happened before is taken too, for what it used of limits."""

    def __init__(
        self,
        rules: Sequence[History],
        draft: Sequence[History],
        *,
        since: datetime,
        until: datetime,
        time_zone: str,
        currency: str,
        each_changed: Callable[[Changed], None] | None = None,
        quotes: Sequence[Added] = (),
        foreseen: Sequence[Mapping[str, Foreseen]] = ({}, {}, {}),
    ) -> None:
        """Compare `rules` as they were with `draft`, which is all of them as they would have been.

        `each_changed` is told of every conversion for which the draft pays something else, without traces.
        `quotes` are all of the program, the one that counts of two for a moment last. `foreseen` is what a replay of
        the same told beforehand that only counted friends; see `foresee`.
        """
        later = Later()
        same = shared(rules, draft)
        self._same = Rules(same, later, foreseen[0], since)
        self._paid = Rules([one for one in rules if one not in same], later, foreseen[1], since)
        self._draft = Rules([one for one in draft if one not in same], later, foreseen[2], since)
        self._quotes = Quotes(quotes)
        self._all = (self._same, self._paid, self._draft)
        self._later, self._calendar = later, Calendar(time_zone)
        self._nth: dict[tuple[str, Hashable], int] = {}
        self._since, self._until = since, until
        self._tallies = Tallies(currency, each_changed)

    @property
    def foresees(self) -> bool:
        """Whether some rule pays by what a whole period comes to, so that friends have to be counted beforehand."""
        return any(friends.foresees for rules in self._all for friends in rules.friends)

    def foresee(self, what: Iterable[Happened]) -> None:
        """Only count friends, in a replay that is made for that."""
        for happened in what:
            found = self._begin(happened)
            if found is not None:
                facts, _nth = found
                for rules in self._all:
                    these = rules.live.at(happened.occurred_at, happened.type)
                    for one in these:
                        if rules.friends[one.place].periods:
                            rules.friends[one.place].told(one, facts, happened)

    @property
    def foreseen(self) -> list[dict[str, Foreseen]]:
        """How many friends each period came to, when all was taken by `foresee`."""
        return [
            {rule.key: friends.ends for rule, friends in zip(rules.rules, rules.friends, strict=True)}
            for rules in self._all
        ]

    def take(self, what: Iterable[Happened]) -> None:
        """Take the next conversions, in the order in which they happened."""
        for happened in what:
            self._take(happened)

    def _begin(self, happened: Happened) -> tuple[Facts, int] | None:
        """Turn to the moment of a conversion. Returns what rules are told of it; None when none is asked."""
        moment = happened.occurred_at
        self._later.pass_until(moment)
        if self._calendar.turn_to(moment):
            for rules in self._all:
                rules.turn_to(self._calendar)
        key = (happened.type, happened.friend)
        nth = self._nth[key] = self._nth.get(key, 0) + 1
        return (
            (facts_of(happened, nth, self._quotes.at(moment, happened.told_at or moment)), nth)
            if is_asked(happened, nth)
            else None
        )

    def _take(self, happened: Happened) -> None:
        found = self._begin(happened)
        is_counted = self._since <= happened.occurred_at < self._until
        if is_counted:
            self._tallies.begin(happened, self._calendar.month)
        else:
            self._tallies.before += 1
        if found is None:
            return
        facts, nth = found
        known: Known = {}
        asked, kept, told, is_any = [], [], [], False
        for rules in self._all:
            these = rules.live.at(happened.occurred_at, happened.type)
            asked.append(these)
            decisions = rules.decide(these, facts, happened, known) if these else _UNDECIDED
            told.append(decisions.told)
            if decisions.answers:
                is_any = True
                kept.append([rules.kept(answer, happened, facts) for answer in decisions.answers])
            else:
                kept.append(_NOTHING)
        if not is_any:
            return
        if is_counted:
            same, paid, draft = kept
            self._tallies.count(
                happened, nth, same, paid, draft, lambda: self._traces(asked, happened, facts, told, kept)
            )
        for rules, given in zip(self._all, kept, strict=True):
            for one in given:
                rules.give(one, happened, facts.quotes)

    def _traces(
        self,
        asked: Sequence[Sequence[Asked]],
        happened: Happened,
        facts: Facts,
        told: Sequence[Mapping[int, Facts]],
        kept: Sequence[Sequence[Kept]],
    ) -> tuple[list[Trace], list[Trace]]:
        """Return what the rules were told that only one side has."""
        paid, draft = (
            rules.traces(one, happened, facts, of, given)
            for rules, one, of, given in list(zip(self._all, asked, told, kept, strict=True))[1:]
        )
        return paid, draft

    def result(self) -> Replayed:
        """Return what came out, when all was taken."""
        self._later.pass_all()
        sides: Sequence[Sequence[Side]] = (("paid", "draft"), ("paid",), ("draft",))
        rooms = [(of, rules.rules, rules.rooms) for of, rules in zip(sides, self._all, strict=True)]
        steps = tuple(
            StepReached(side, rule.key, step, who)
            for of, rules in zip(sides, self._all, strict=True)
            for rule, friends in zip(rules.rules, rules.friends, strict=True)
            for step, who in friends.steps_reached()
            for side in of
        )
        return replace(self._tallies.result(self._since, self._until, rooms), steps_reached=steps)
