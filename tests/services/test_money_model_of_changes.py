"""The long random stories of money once more, with referrals that people assign, move and remove in between."""

from collections import Counter

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests import factories
from tests.services.money_model import Books
from tests.services.stories import tell_stories
from tests.services.test_money_model import STEPS_OF_A_STORY, MoneyMachine, one_of
from webapp.database import write_transaction
from webapp.models import User
from webapp.queries.bonds import count_changes
from webapp.services.referral_changes import ReferralProblemError, Wanted, change_referral

STEPS = {"sqlite": 2_500, "postgresql": 400}


class ChangingBooks(Books):
    """Books in which a friend can count for somebody else. What ended stays, apart from what holds."""

    def __init__(self, hold_days):
        super().__init__(hold_days)
        self.bond_of = Counter()
        # Of each purchase and rule, for which change it was decided.
        self.bonds = {}
        self.former = []

    def rewards(self):
        yield from super().rewards()
        for purchase, reward, _was in self.former:
            yield purchase, reward

    def appeals(self, reward):
        if reward.rejected_at and not reward.is_appealed and any(one is reward for _purchase, one, _was in self.former):
            return "moved"
        return super().appeals(reward)

    def still_earned(self, purchase, reward):
        has_ended = any(one is reward for _purchase, one, _was in self.former)
        return 0 if has_ended else super().still_earned(purchase, reward)

    def credits(self, friend, referrer, change):
        """Credit somebody else for a friend, or nobody."""
        before, self.referrer_of[friend] = self.referrer_of[friend], referrer
        self.bond_of[friend] = change
        theirs = [one for one in self.purchases.values() if one.friend == friend]
        theirs.sort(key=lambda one: (one.at, one.name if one.is_event else ""))
        for purchase in theirs:
            self._end(purchase, "friend" if referrer is None else "")
        for purchase in theirs:
            if referrer is None:
                purchase.asked, purchase.used = {}, {}
            elif purchase.type != "signup" or not purchase.is_event:
                self._decide_anew(purchase, friends_too=before is None)

    def _end(self, purchase, side):
        for reward in [one for one in purchase.rewards if one.side in ("referrer", side)]:
            purchase.rewards.remove(reward)
            self.former.append((purchase, reward, reward.status))
            reward.bring_to(0)

    def _decide_anew(self, purchase, *, friends_too):
        for key, versions in self.rules.items():
            live = [version for version in versions if version.live_from <= purchase.at]
            if not live or live[-1].state != "live" or live[-1].table["trigger"] != purchase.type:
                continue
            if friends_too or live[-1].table["beneficiary"] == "referrer":
                purchase.asked[key] = live[-1].table
                purchase.used.pop(key, None)
                self.bonds.pop((purchase.name, key), None)
                self._reward(purchase, key)
                if self._is_doubted(purchase, key):
                    for reward in purchase.rewards:
                        if reward.key == key and reward.status in ("pending", "approved"):
                            reward.stands("held")

    def is_suspected(self, purchase, key):
        # Whoever moved a friend has looked at them.
        return super().is_suspected(purchase, key) and not self.bonds[purchase.name, key]

    def _is_doubted(self, purchase, key):
        """Say whether the last one of before was held or rejected when it ended."""
        last = [
            was if one.status == "reversed" else one.status
            for of, one, was in sorted(self.former, key=lambda ended: ended[1].bond)
            if of is purchase and one.key == key
        ]
        return bool(last) and last[-1] in ("held", "rejected")

    def _reward(self, purchase, key):
        before = len(purchase.rewards)
        bond = self.bonds.setdefault((purchase.name, key), self.bond_of[purchase.friend])
        code = super()._reward(purchase, key)
        for reward in purchase.rewards[before:]:
            reward.bond = bond
        return code


class ChangingMachine(MoneyMachine):
    """As the other one, and people change who is credited."""

    kept_in = ChangingBooks

    @precondition(lambda self: self.books.referrer_of)
    @rule(which=st.integers(0, 99), to=st.sampled_from(["Ada", "Cara", "friend 0", None]))
    def somebody_else_is_credited(self, which, to):
        friend = one_of(sorted(self.books.referrer_of), which)
        before = self.books.referrer_of[friend]
        if to == before:
            return
        with write_transaction() as session:
            person = session.get_one(User, self.ids[friend])
            link = factories.link_of(session, session.get_one(User, self.ids[to])) if to else None
            kind = "remove" if to is None else "assign" if before is None else "move"
            seen = count_changes(session, person.id)
            wanted = Wanted(kind, link, seen, "other", by=self.ids["Ada"])
            try:
                change_referral(session, factories.program(session), person, wanted, now=self.now)
            except ReferralProblemError:
                assert self.is_above(friend, to)
                return
        self.books.credits(friend, to, seen + 1)

    def is_above(self, friend, person):
        while person is not None and person != friend:
            person = self.books.referrer_of.get(person)
        return person is not None


@pytest.mark.slow
def test_every_step_with_changes_leaves_what_the_model_says(databases, database_url, in_app, tmp_path, record_property):
    taken = tell_stories(
        ChangingMachine, databases, database_url, tmp_path, steps=STEPS[databases.name], of_a_story=STEPS_OF_A_STORY
    )
    record_property("steps", taken)
