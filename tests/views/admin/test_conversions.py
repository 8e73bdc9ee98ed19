"""The trace of a conversion, and the timeline of a referral."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import create_engine, text

from tests import factories, money
from tests.factories import NOON
from tests.money import DAY
from tests.views.admin.conftest import words
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.ids import new_id
from webapp.models import User

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)


def test_the_list_says_what_was_paid_or_why_not(work):
    page = work.page("/admin/conversions")
    assert "Purchase of $49.99" in page
    assert "Order 1001" in page
    assert "Nobody referred them" in page
    assert "not_referred" in page
    assert "secret" not in page
    assert "evt_3" not in work.page("/admin/conversions?referred=yes")
    page = work.page("/admin/conversions?result=not_referred")
    assert "evt_3" in page
    assert "Order 1001" not in page
    assert "Nothing is like that" in work.page("/admin/conversions?result=limit_reached")
    assert "Nobody here has this address" in work.page("/admin/conversions?person=nobody")


def test_a_trace_tells_the_whole_way_from_the_link_to_the_ledger(work):
    page = work.page(f"/admin/conversions/{work.conversion}")
    assert "$49.99 from Bob Miller paid one reward" in page
    assert "order 1001" in page
    assert "Ada gets the credit: last link opened in the last 60 days" in page
    assert "Won: the last link of the window" in page
    assert "The one rule applied" in page
    assert "20% of $49.99 is $10.00." in page
    assert "On hold until" in page
    assert "30 days from the event, as version 1 of the rule says." in page
    assert "The ledger moved $10.00, and balances" in page
    assert "Pending, Ada Okafor" in page
    assert "Nothing has happened since" in page
    assert "the same to the cent" in page
    assert f'href="/admin/rewards/{work.reward}/as-seen"' in page
    assert "secret" not in page
    # On a phone the summary comes first because it does so in the page.
    assert page.index("the same to the cent") < page.index("gets the credit")
    assert work.page(f"/admin/conversions/{new_id()}", status=404)


def test_what_paid_nothing_says_why(app, work):
    page = work.page(f"/admin/conversions/{work.unreferred}")
    assert "$49.99 from Cy Young paid nothing" in page
    assert "Nobody gets the credit: came without a link" in page
    assert "Nobody referred this person, so no one earns anything." in page
    assert "not_referred" in page
    with app.app_context(), write_transaction() as session:
        money.publish(session, settings={"percent": "20", "first_purchases": 1})
        bob = session.query(User).filter_by(name="Bob Miller").one()
        third = money.buy(session, bob, event_id="evt_9", at=NOON + DAY).conversion_id
        nobody = money.buy(session, None, event_id="evt_10").conversion_id
    page = work.page(f"/admin/conversions/{third}")
    assert "The one rule did not apply" in page
    assert re.search(r'<details class="rule-box"\s+open', page)
    assert "Only the first purchase counts." in page
    assert "purchase_limit" in page
    assert "nobody with an account was named" in work.page(f"/admin/conversions/{nobody}")


def test_conditions_and_limits_are_shown_as_they_came_out(app, work):
    over_fifty = {"all": [{"field": "amount", "op": ">=", "value": 5000, "currency": "USD"}]}
    with app.app_context(), write_transaction() as session:
        money.publish(session, key="large", name="Large orders", when=over_fifty)
        limits = {"program": {"count": 1, "period": "lifetime"}}
        money.publish(session, key="few", name="The first one", limits=limits)
        bob = session.query(User).filter_by(name="Bob Miller").one()
        ids = [money.buy(session, bob, event_id=f"evt_{n}", at=NOON - DAY).conversion_id for n in (7, 8)]
    first, second = (work.page(f"/admin/conversions/{id_}") for id_ in ids)
    assert "2 of 3 rules applied" in first
    assert "condition_false" in first
    assert re.search(r"must be .*\$50\.00.*, and was \$49\.99", first)
    assert "At most one reward in all for the whole program; used before this one: 0." in first
    assert "limit_reached" in second
    assert "used before this one: 1." in second
    assert "the same to the cent" in second


def test_a_trace_shows_how_the_friend_came_as_far_as_the_rule_asks_for_it(app, work):
    asked = [
        {"field": "account_age_days", "op": ">=", "value": 0},
        {"field": "link", "op": "!=", "value": "somebody"},
        {"field": "country", "op": "=", "value": "DE"},
    ]
    with app.app_context(), write_transaction() as session:
        money.publish(session, **money.TEN_DOLLARS, when={"all": asked}, now=NOON - DAY)
        bob = session.query(User).filter_by(name="Bob Miller").one()
        late = money.buy(session, bob, event_id="evt_9", at=NOON).conversion_id
    page = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", work.page(f"/admin/conversions/{late}")))
    assert re.search(r"Days since the signup \d+ The link something else", page)
    assert "The click’s country must be DE, and was not known." in page
    assert "the same to the cent" in page


def test_what_happened_since_is_told_with_who_did_it(app, work):
    with app.app_context(), write_transaction() as session:
        money.refund(session, "20.00 USD", of="evt_1", at=NOON - timedelta(hours=1))
    page = work.page(f"/admin/conversions/{work.conversion}")
    assert "$4.00 taken back: the order was refunded (Ada)" in page
    assert "$20.00 refunded to the friend" in page
    assert "left of $10.00" in page
    assert "The ledger moved $14.00, and balances" in page
    assert "the same to the cent" in page


@pytest.mark.parametrize(
    ("outcome", "refunded", "said"),
    [
        ("lost", None, "The dispute was lost: what it took stays taken Outcome out_1"),
        ("won", None, "The dispute was won: $20.00 came back Outcome out_1"),
        ("won", "49.99 USD", "The dispute was won: nothing came back, because refunds stand in its place"),
    ],
)
def test_disputes_and_how_they_ended_are_told_with_what_they_did(app, work, outcome, refunded, said):
    with app.app_context(), write_transaction() as session:
        money.dispute(session, "20.00 USD", at=NOON - 5 * DAY)
        if refunded:
            money.refund(session, refunded, at=NOON - 4 * DAY)
        money.decide(session, outcome, at=NOON - DAY)
    page = " ".join(re.sub(r"<[^>]+>", " ", work.page(f"/admin/conversions/{work.conversion}")).split())
    assert "$20.00 disputed: a bank took it back Dispute dsp_1" in page
    assert "$4.00 taken back: a bank took the payment back (Ada)" in page
    assert said in page
    assert ("$4.00 given back: the dispute was won (Ada)" in page) == (outcome == "won" and not refunded)


def test_what_has_no_amount_goes_back_as_a_whole(app, work):
    with app.app_context(), write_transaction() as session:
        trial = money.buy(session, None, None, type="trial", event_id="evt_trial", at=NOON - 6 * DAY)
        money.dispute(session, of="evt_trial", at=NOON - 5 * DAY)
        money.refund(session, of="evt_trial", at=NOON - 4 * DAY)
        money.decide(session, "won", at=NOON - DAY)
    page = words(work.page(f"/admin/conversions/{trial.conversion_id}"))
    assert "Disputed as a whole: it was reported without an amount, so it has no parts" in page
    assert "Refunded as a whole: it was reported without an amount, so it has no parts" in page
    assert "The dispute was won and counts no more: without an amount there was none to come back" in page


def test_a_trace_that_comes_out_otherwise_says_so_loudly(app, work):
    with app.app_context():
        url = db.engine.url
        db.session.remove()
    with create_engine(url).begin() as connection:
        connection.execute(text("DROP TRIGGER reward_decisions_no_update"))
        connection.execute(text("UPDATE reward_decisions SET amount_minor = 1001 WHERE amount_minor = 1000"))
    page = work.page(f"/admin/conversions/{work.conversion}")
    assert "Computed again just now, and it differs" in page
    assert "stored was $10.01 (earned), computed now is $10.00 (earned)" in page
    assert 'role="alert"' in page
    assert "the same to the cent" not in page


def test_the_list_of_referrals_has_those_who_came_by_themselves_too(work):
    page = work.page("/admin/referrals")
    assert "Bob Miller" in page
    assert "$14.80" in page
    assert "Cy Young" in page
    assert "Came without a link" in page
    page = work.page("/admin/referrals?method=nobody")
    assert "Cy Young" in page
    assert "Bob Miller" not in page
    assert "secret" not in page


def test_a_referral_shows_every_touch_and_what_came_of_it(app, work):
    page = work.page(f"/admin/referrals/{work.referral}")
    assert "Bob Miller counts for Ada Okafor" in page
    assert "No code was typed. The links decide: the last one within 60 days." in page
    assert "Opened the link" in page
    assert "24 hours" in page
    assert "Won: the last link of the window" in page
    assert "Purchase of $24.00" in page
    assert work.page(f"/admin/referrals/{new_id()}", status=404)
    with app.app_context():
        eve = factories.link_of(db.session(), db.session.query(User).filter_by(name="Jo Winter").first())
        assert eve.code not in page


def test_someone_who_came_by_themselves_has_a_page_too(work):
    (way,) = re.findall(r'href="(/admin/referrals/[0-9a-f-]{36})"', work.page("/admin/referrals?method=nobody"))
    page = work.page(way)
    assert "Cy Young counts for nobody" in page
    assert "No link was opened by this visitor, and no code was typed." in page
    assert "Nobody referred them" in page
