"""The replay itself: conversions stream past once, and two sides say what they pay for each."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from datetime import datetime

from webapp.domain.facts import Facts
from webapp.domain.money import Money
from webapp.domain.replaying.deciding import Answer, decide, facts_of, is_asked
from webapp.domain.replaying.editions import Asked, Edition, History, Live, shared
from webapp.domain.replaying.happened import Happened
from webapp.domain.replaying.room import Calendar, Given, Later, Room, kept_after_refunds
from webapp.domain.replaying.tallies import Kept, Tallies
from webapp.domain.replaying.told import Changed, Replayed, Side, Trace

_NOTHING: list[Kept] = []


class Rules:
    """Some rules with what is used of their limits: those of one side, or those that both sides have."""

    def __init__(self, rules: Sequence[History], later: Later) -> None:
        self.rules, self.live, self.rooms = rules, Live(rules), [Room(rule) for rule in rules]
        self._later = later

    def turn_to(self, calendar: Calendar) -> None:
        """Begin anew for every period that is over."""
        for room in self.rooms:
            room.turn_to(calendar.windows)

    def kept(self, answer: Answer, happened: Happened, facts: Facts) -> Kept:
        """Say what is kept of an answer after all refunds. Uses up nothing."""
        if not happened.refunds:
            return Kept(answer, answer.worth, answer.paid, ())
        worth = kept_after_refunds(answer.worth, answer.edition, facts, happened)
        paid = kept_after_refunds(answer.paid, answer.edition, facts, happened)
        return Kept(answer, worth[-1][1], paid[-1][1], paid)

    def give(self, kept: Kept, happened: Happened) -> None:
        """Use up room for what is paid, until the moment when a refund or a rejection gives it back."""
        place, edition, _worth, paid, currency = kept.answer
        room = self.rooms[place]
        if not paid or not room.is_limited:
            return
        given = Given(room.counters(happened.referrer), paid, currency)
        for at, minor in kept.refunds:
            self._later.add(at, given, "kept", minor)
        for decided in happened.decisions:
            if decided.rule_key == edition.definition.key:
                self._later.add(decided.at, given, "is_rejected", decided.is_rejected)
        limits = edition.definition.limits
        if limits is not None and limits.program is not None:
            room.note_budget(limits.program, happened.occurred_at)

    def traces(self, asked: Sequence[Asked], happened: Happened, facts: Facts, kept: Sequence[Kept]) -> list[Trace]:
        """Return what each of these rules was told, before `give` uses up the room that it was told of."""
        found = {one.answer.place: (one.paid, one.answer.currency) for one in kept}
        return [
            Trace(
                one.edition,
                self._told(one.place, one.edition, happened, facts),
                *found.get(one.place, (0, None)),
            )
            for one in asked
        ]

    def _told(self, place: int, edition: Edition, happened: Happened, facts: Facts) -> Facts:
        limits = edition.definition.limits
        used = {} if limits is None else self.rooms[place].used(limits, happened.referrer)
        return Facts(facts.type, facts.occurred_at, facts.amount, facts.nth_purchase, facts.details, used)


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
    ) -> None:
        """Compare `rules` as they were with `draft`, which is all of them as they would have been.

        `each_changed` is told of every conversion for which the draft pays something else, without traces.
        """
        later = Later()
        same = shared(rules, draft)
        self._same = Rules(same, later)
        self._paid = Rules([one for one in rules if one not in same], later)
        self._draft = Rules([one for one in draft if one not in same], later)
        self._all = (self._same, self._paid, self._draft)
        self._later, self._calendar = later, Calendar(time_zone)
        self._nth: dict[tuple[str, Hashable], int] = {}
        self._since, self._until = since, until
        self._tallies = Tallies(currency, each_changed)

    def take(self, what: Iterable[Happened]) -> None:
        """Take the next conversions, in the order in which they happened."""
        for happened in what:
            self._take(happened)

    def _take(self, happened: Happened) -> None:
        moment = happened.occurred_at
        self._later.pass_until(moment)
        if self._calendar.turn_to(moment):
            for rules in self._all:
                rules.turn_to(self._calendar)
        key = (happened.type, happened.friend)
        nth = self._nth[key] = self._nth.get(key, 0) + 1
        is_counted = self._since <= moment < self._until
        if is_counted:
            self._tallies.begin(happened, self._calendar.month)
        else:
            self._tallies.before += 1
        if not is_asked(happened, nth):
            return
        facts = facts_of(happened, nth)
        known: dict[int, Money | None] = {}
        asked, kept, is_any = [], [], False
        for rules in self._all:
            these = rules.live.at(moment, happened.type)
            asked.append(these)
            answers = decide(these, facts, rules.rooms, happened.referrer, known) if these else ()
            if answers:
                is_any = True
                kept.append([rules.kept(answer, happened, facts) for answer in answers])
            else:
                kept.append(_NOTHING)
        if not is_any:
            return
        if is_counted:
            same, paid, draft = kept
            self._tallies.count(happened, nth, same, paid, draft, lambda: self._traces(asked, happened, facts, kept))
        for rules, given in zip(self._all, kept, strict=True):
            for one in given:
                rules.give(one, happened)

    def _traces(
        self, asked: Sequence[Sequence[Asked]], happened: Happened, facts: Facts, kept: Sequence[Sequence[Kept]]
    ) -> tuple[list[Trace], list[Trace]]:
        """Return what the rules were told that only one side has."""
        paid, draft = (
            rules.traces(one, happened, facts, given)
            for rules, one, given in list(zip(self._all, asked, kept, strict=True))[1:]
        )
        return paid, draft

    def result(self) -> Replayed:
        """Return what came out, when all was taken."""
        self._later.pass_all()
        sides: Sequence[Sequence[Side]] = (("paid", "draft"), ("paid",), ("draft",))
        rooms = [(of, rules.rules, rules.rooms) for of, rules in zip(sides, self._all, strict=True)]
        return self._tallies.result(self._since, self._until, rooms)
