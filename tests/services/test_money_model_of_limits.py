"""Long random stories of counted rules with limits: what is kept stays within them, and is right where they have room.

What a limit leaves depends on the order in which things are told, so that it is not computed once more here. Instead:
no limit is ever exceeded, but by what a won dispute gives back; no rule gives more than it would without its limit, and
the same as long as all that it would give has had room; of a group one rule at most pays.
"""

from collections import Counter

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from tests.services.money_model_of_counts import period_of
from tests.services.money_strategies_of_counts import (
    DEAR,
    FROM_TWO,
    ONE_TWO_FOUR,
    OTHER_BONUSES,
    bonus,
    quotes,
    table,
    tiers,
)
from tests.services.stories import tell_stories
from tests.services.test_money_model import one_of
from tests.services.test_money_model_of_counts import STEPS_OF_A_STORY, CountsMachine

STEPS = {"sqlite": 200, "postgresql": 50}


def at_most(minor, scope="per_referrer", period="lifetime"):
    return {"limits": {scope: {"amount": minor, "currency": "USD", "period": period}}}


def times(count, scope="per_referrer", period="lifetime"):
    return {"limits": {scope: {"count": count, "period": period}}}


# Older ones first.
LIMITED = [
    tiers("until", ONE_TWO_FOUR, **at_most(2500)),
    tiers("whole", ONE_TWO_FOUR, whole=True, **at_most(4000, "program", "month"), hold_days=0),
    tiers("whole-times", FROM_TWO, whole=True, **times(2)),
    bonus("bonus", **at_most(1500), hold_days=0),
    bonus("bonus-times", steps=OTHER_BONUSES, when={"all": [DEAR]}, **times(1, "program")),
    tiers("best-whole", ONE_TWO_FOUR, whole=True, exclusive="best", **at_most(3000), hold_days=0),
    table("best-twenty", "fixed_amount", {"amount": 2000, "currency": "USD"}, exclusive="best", **times(2)),
    table("best-share", "percent_of_purchase", {"percent": "11", "first_purchases": 99}, exclusive="best"),
    bonus("best-bonus", exclusive="best", **at_most(1500, "program"), hold_days=0),
    tiers("credit", ONE_TWO_FOUR, whole=True, reward="credit", hold_days=0, **at_most(3000)),
]
LIMITED_CHANGES = [
    tiers("until", FROM_TWO, whole=True, **at_most(2500)),
    tiers("whole", FROM_TWO, whole=True, **at_most(4000, "program", "month")),
    bonus("bonus", steps=OTHER_BONUSES, **at_most(1500)),
    bonus("bonus-times", **times(1, "program")),
]


class LimitsMachine(CountsMachine):
    """All that can happen to counted rules, with limits on most of them; those of a rule are never changed."""

    def __init__(self, empty, steps):
        super().__init__(empty, steps)
        # The limits that had no room for all that was earned once, and of what a dispute was won.
        self.tight, self.won = set(), set()

    @initialize(
        wanted=st.sets(st.integers(0, len(LIMITED) - 1), min_size=3, max_size=6), known=st.lists(quotes, max_size=2)
    )
    def there_are_rules_and_friends(self, wanted, known):
        self.begin([LIMITED[number] for number in sorted(wanted)], known)

    @rule(which=st.integers(0, 99))
    def a_rule_changes(self, which):
        known = [one for one in LIMITED_CHANGES + LIMITED if one["key"] in self.happened.rules]
        self.publish([one_of(known, which)], now=self.now)

    def compare_kept(self, single, bonuses, stand):
        self.note_where_room_was_short()
        for bucket, used, limit, slack in self.used(single + bonuses):
            assert bucket in self.won or used <= limit + slack
        wanted = self.happened.kept()
        for what, key, currency in single | wanted:
            deed = self.happened.deeds[what]
            group = self.group_of(self.happened.says(key, deed))
            minor, most = single[what, key, currency], wanted[what, key, currency]
            if not any(
                self.buckets(one, deed) & self.tight for one in self.happened.asked(deed) if one["key"] in group
            ):
                assert minor == most
            elif group == {key}:
                assert minor <= most
            else:
                assert sum(kept > 0 for (of, other, _), kept in single.items() if of == what and other in group) <= 1
        most = Counter()
        for slot, (minor, currency) in self.happened.bonuses().items():
            most[slot.referrer, slot.key, currency] += minor
            if not {(slot.key, slot.referrer, ()), (slot.key, "", ())} & self.tight:
                kept = bonuses[(*stand[slot], currency)]
                assert kept == (0 if stand[slot] in self.happened.rejected else minor)
        for (what, key, currency), minor in bonuses.items():
            most[self.happened.referrer_of[self.happened.deeds[what].friend], key, currency] -= minor
        assert not any(minor < 0 for minor in most.values())

    def group_of(self, table):
        """Return the keys of the rules of which one pays."""
        group = table and table.get("exclusive")
        return {one["key"] for one in LIMITED if group and one.get("exclusive") == group} or {table and table["key"]}

    def buckets(self, table, deed):
        """Return what a rule has to have room in for a deed: its key, whose, and in which period."""
        limits, whose = table.get("limits", {}), self.happened.referrer_of[deed.friend]
        return {
            (table["key"], whose if scope == "per_referrer" else "", period_of({"settings": limit}, deed.at))
            for scope, limit in limits.items()
        }

    def note_where_room_was_short(self):
        """Look where all that the rules would give, if nothing went back, has had no room."""
        counting = {key: self.happened.counting(key) for key in self.happened.rules}
        would = Counter()
        for deed in self.happened.deeds.values():
            for one in self.happened.asked(deed):
                if worth := self.happened.price(one, deed, counting[one["key"]]):
                    would[deed.name, one["key"], worth[1]] += worth[0]
                    if self.happened.worth(deed, *worth, "USD") is None:
                        # What cannot be compared with a limit by amount is not paid.
                        self.tight |= self.buckets(one, deed)
                if any(back.won for back in deed.backs):
                    self.won |= self.buckets(one, deed)
        self.tight |= {bucket for bucket, used, limit, _slack in self.used(would) if used > limit}

    def used(self, given):
        """Yield each bucket, what is used of it, its limit, and by how much what is converted may be rounded."""
        found, limits, slack = Counter(), {}, Counter()
        for (what, key, currency), minor in given.items():
            deed = self.happened.deeds[what]
            one = self.happened.says(key, deed)
            for bucket in self.buckets(one, deed):
                ((_scope, limit),) = one["limits"].items()
                limits[bucket] = limit.get("count") or limit["amount"]
                worth = 1 if "count" in limit else self.happened.worth(deed, minor, currency, limit["currency"])
                found[bucket] += (worth or 0) if minor else 0
                slack[bucket] += "amount" in limit and currency != limit["currency"]
        for bucket, used in found.items():
            yield bucket, used, limits[bucket], slack[bucket]


@pytest.mark.slow
def test_every_step_with_limited_counted_rules_stays_within_them(
    databases, database_url, in_app, tmp_path, record_property
):
    taken = tell_stories(
        LimitsMachine, databases, database_url, tmp_path, steps=STEPS[databases.name], of_a_story=STEPS_OF_A_STORY
    )
    record_property("steps", taken)
