"""Rewards that follow the number of friends: what staff read, and whoever earns them."""

import re

import pytest
from sqlalchemy import select

from tests.conftest import browser
from tests.factories import NOON, PASSWORD, sign_in
from tests.money import DAY, LIVE, TEN_DOLLARS, publish, refund
from tests.services.test_counted_rewards import BONUS, WHOLE, friends_of_ada, purchases
from tests.views.admin.conftest import words
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.models import Conversion, Reward, RewardRule, User
from webapp.passwords import hash_password

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)


@pytest.fixture
def three_bought(app, admin):
    """Publish rules, and let three friends of Ada's buy for 100.00 dollars each; send back what is named."""

    def go(*rules, returned=()):
        with app.app_context(), write_transaction() as session:
            for number, rule in enumerate(rules):
                publish(session, **rule, now=LIVE + number * DAY)
            ada, friends = friends_of_ada(session)
            ada.password_hash = hash_password(PASSWORD)
            purchases(session, friends[:3])
            for event_id in returned:
                refund(session, of=event_id, event_id=f"ref_{event_id}", at=NOON + 5 * DAY)

    return go


@pytest.fixture
def ids(app):
    """The ids of an event and of the rewards for it by a rule, the first one first."""

    def read(event_id, rule):
        with app.app_context():
            conversion_id = db.session.scalar(select(Conversion.id).where(Conversion.event_id == event_id))
            of_rule = select(Reward.id).join(RewardRule, RewardRule.id == Reward.rule_id).where(RewardRule.key == rule)
            query = of_rule.where(Reward.conversion_id == conversion_id).order_by(Reward.correction)
            return conversion_id, db.session.scalars(query).all()

    return read


@pytest.fixture
def ada_reads(app):
    def read(path):
        with app.app_context():
            email = db.session.scalar(select(User.email).where(User.name == "Ada Okafor"))
        client = browser(app)
        sign_in(client, email)
        response = client.get(path)
        assert response.status_code == 200
        return response.get_data(as_text=True)

    return read


def test_a_trace_says_who_counts_and_names_a_correction_with_what_it_corrects(admin, three_bought, ids):
    three_bought(WHOLE)
    conversion, (first, _second) = ids("evt_1", "tiers")
    page = admin.get(f"/admin/conversions/{conversion}").get_data(as_text=True)
    said = words(page)
    assert "paid one reward" in said
    assert "Friends who count 3" in said
    assert "One more by this Yes" in said
    assert "3 friends count, so it is 20%: of $100.00 that is $20.00." in said
    assert "Other friends count by now, or an earlier event was reported late, so they were asked again." in said
    assert re.search(rf'href="/admin/rewards/{first}">Correction 1 of the reward of \$10.00<', page)
    assert "Granted in addition, since other friends or orders count now" in said
    assert "the same to the cent" in said
    assert "and it differs" not in said


def test_a_trace_says_which_rule_is_paid_in_place_of_another(admin, three_bought, ids):
    fifteen = {**TEN_DOLLARS, "settings": {"amount": 1500, "currency": "USD"}, "exclusive": "best"}
    three_bought(fifteen, {**WHOLE, "name": "By friends", "exclusive": "best"})
    conversion, _rewards = ids("evt_1", "ten-dollars")
    page = admin.get(f"/admin/conversions/{conversion}").get_data(as_text=True)
    assert "“tiers” pays $20.00, this one $15.00." in words(page)
    found = re.search(r'href="(/admin/rules/[\w-]+)">The rule “By friends”<', page)
    assert "By friends" in admin.get(found[1]).get_data(as_text=True)
    assert "$15.00 taken back: other friends or orders count now, and it earns less" in words(page)
    assert "and it differs" not in page


def test_a_trace_says_when_another_amount_is_kept_than_is_earned(app, admin, three_bought, ids):
    three_bought(WHOLE)
    conversion, (_first, second) = ids("evt_1", "tiers")
    with app.app_context(), write_transaction() as session:
        session.execute(Reward.__table__.update().where(Reward.id == second).values(amount_minor=900))
    page = words(admin.get(f"/admin/conversions/{conversion}").get_data(as_text=True))
    assert "earned are $20.00, kept are $19.00." in page


def test_the_parts_of_a_reward_lead_to_each_other(admin, ada_reads, three_bought, ids):
    three_bought(WHOLE)
    _conversion, (first, second) = ids("evt_1", "tiers")
    staff = admin.get(f"/admin/rewards/{second}").get_data(as_text=True)
    assert f'href="/admin/rewards/{first}">The first<' in staff
    assert "correction 1" in words(staff)
    owner = ada_reads(f"/dashboard/rewards/{second}")
    assert f'href="/dashboard/rewards/{first}">The first<' in owner
    said = words(owner)
    assert "$10.00 in addition for" in said
    assert "It adds to an earlier reward for the same thing." in said
    assert "Added, number 1 this one" in said
    # Both lead to 20 dollars, and each is half of that.
    for told in (said, words(staff)):
        assert "of $100.00 that is $20.00. This reward is $10.00 of that." in told
    assert "Earned in addition, because other friends or orders count now" in said
    assert f'href="/dashboard/rewards/{second}">Added, number 1<' in ada_reads(f"/dashboard/rewards/{first}")
    assert "in addition" in ada_reads("/dashboard/rewards")
    seen = words(admin.get(f"/admin/rewards/{second}/as-seen").get_data(as_text=True))
    assert "It adds to an earlier reward for the same thing." in seen


def test_who_lost_a_bonus_reads_that_fewer_friends_count_and_nothing_of_the_friend(ada_reads, three_bought, ids):
    three_bought(
        {**BONUS, "settings": {**BONUS["settings"], "steps": [{"friends": 3, "amount": 500}]}}, returned=["evt_1"]
    )
    _conversion, (bonus,) = ids("evt_3", "bonus")
    said = words(ada_reads(f"/dashboard/rewards/{bonus}"))
    assert "Fewer friends count now" in said
    assert "$5.00 taken off, because other friends or orders count now" in said
    assert "sent back" not in said.partition("Where it stands")[2]


def test_who_earns_less_by_one_rule_reads_that_another_is_paid(ada_reads, three_bought, ids):
    fifteen = {**TEN_DOLLARS, "settings": {"amount": 1500, "currency": "USD"}, "exclusive": "best"}
    three_bought(fifteen, {**WHOLE, "exclusive": "best"})
    _conversion, (taken,) = ids("evt_1", "ten-dollars")
    said = words(ada_reads(f"/dashboard/rewards/{taken}"))
    assert "Another reward is paid in its stead" in said
    assert "only the highest is paid, and that is another one" in said
