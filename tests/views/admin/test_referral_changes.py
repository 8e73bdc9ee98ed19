"""Moving a referral, removing it, and crediting somebody where nobody is: first in money, then done."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from tests import factories, money
from tests.conftest import browser
from tests.factories import NOON, PASSWORD, csrf_token, sign_in
from tests.money import DAY
from tests.views.admin.conftest import words
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.models import AttributionDecision, Referral, ReferralChange, Reward, User
from webapp.queries import ledger, rollups
from webapp.services.rewards import mature_rewards
from webapp.services.signups import CameBy

STATEMENT = "/dashboard/rewards/statement/2026-11"

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)


@pytest.fixture
def luca(app, work):
    with app.app_context(), write_transaction() as session:
        person = factories.person(
            session, name="Luca Rossi", email="luca@example.com", password=PASSWORD, now=money.JOINED
        )
        return person.id, factories.link_of(session, person).code


def hidden(page):
    """Return the hidden fields of the form on a page."""
    return dict(re.findall(r'<input type="hidden"\s+name="([a-z_]+)"\s+value="([^"]*)"', page))


def review(work, address, **typed):
    """Ask for a change. Returns the answer."""
    page = work.page(address)
    seen = re.search(r'name="seen"[^>]*value="(\d+)"', page).group(1)
    data = {"csrf_token": csrf_token(page), "seen": seen, "reason": "wrong_credit", **typed}
    return work.client.post(address, data=data)


def confirm(work, address, reviewed):
    return work.client.post(f"{address}/change", data=hidden(reviewed.get_data(as_text=True)))


def referrers(app):
    with app.app_context():
        rows = db.session.execute(select(User.name).join(Referral, Referral.referrer_id == User.id))
        return [name for (name,) in rows]


def test_a_move_is_looked_at_in_money_before_it_is_done(app, work, luca):
    with app.app_context(), write_transaction() as session:
        money.send(session, work.reward, "approved", "in_payout", "paid", now=NOON - DAY)
        rows = session.execute(select(func.count()).select_from(Reward)).scalar_one()
    address = f"/admin/referrals/{work.referral}"
    reviewed = review(work, f"{address}/credit", referrer="luca@example.com", note="Bob wrote")
    said = words(reviewed.get_data(as_text=True))
    assert reviewed.status_code == 200
    assert "Credit Luca Rossi with Bob Miller?" in said
    assert "2 rewards of Ada, worth $14.80, are taken back." in said
    assert "$10.00 of it was paid or is on its way, and lowers what Ada is paid next." in said
    assert (
        "Luca gets 2 rewards, worth $14.80. 1 of them is held for a decision, because it was doubted before."
        " The rest is ready by "
    ) in said
    assert "Nothing has been changed yet." in said
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Reward)) == rows
    assert referrers(app) == ["Ada Okafor"]

    done = confirm(work, address, reviewed)
    assert done.status_code == 303
    assert "@" not in done.location
    after = words(work.page(done.location))
    assert "Luca Rossi is credited with Bob Miller now." in after
    assert "At the signup Ada got the credit: last link opened" in after
    assert "Moved from Ada Okafor to Luca Rossi" in after
    assert "The wrong person was credited." in after
    assert "Bob wrote" in after
    assert referrers(app) == ["Luca Rossi"]

    again = confirm(work, address, reviewed)
    assert again.status_code == 422
    assert "Somebody changed it meanwhile" in words(again.get_data(as_text=True))
    with app.app_context():
        assert list(ledger.breaches(db.session())) == list(rollups.breaches(db.session())) == []


def test_only_what_was_looked_at_is_done(app, work, luca):
    address = f"/admin/referrals/{work.referral}"
    reviewed = review(work, f"{address}/credit", referrer="luca@example.com", note="Bob wrote")
    with app.app_context(), write_transaction() as session:
        money.send(session, work.reward, "approved", "in_payout", now=NOON)
    stale = confirm(work, address, reviewed)
    assert stale.status_code == 422
    said = words(stale.get_data(as_text=True))
    assert "It does something else now than what you looked at." in said
    assert "$10.00 of it was paid or is on its way, and lowers what Ada is paid next." in said
    assert "Bob wrote" in said
    assert referrers(app) == ["Ada Okafor"]
    with app.app_context(), write_transaction() as session:
        bob = session.scalars(select(User).where(User.name == "Bob Miller")).one()
        money.buy(session, bob, "1.00 USD", event_id="evt_4", at=NOON)
    assert confirm(work, address, stale).status_code == 422
    with app.app_context(), write_transaction() as session:
        # Another choice between "not yet" and "ready" is none in money.
        mature_rewards(session, NOON + 90 * DAY)
    for number in range(2):
        stale = confirm(work, address, stale)
        assert stale.status_code == (422, 303)[number]
    assert referrers(app) == ["Luca Rossi"]


def test_what_a_move_takes_of_the_friend_s_own_is_said_and_looked_at_too(app, work, luca):
    by_luca = {"all": [{"field": "link", "op": "in", "value": [luca[1]]}]}
    with app.app_context(), write_transaction() as session:
        live = NOON - 5 * DAY
        money.publish(session, **money.TEN_DOLLARS, beneficiary="friend", exclusive="best", now=live)
        more = {"key": "luca", "settings": {"percent": "50", "first_purchases": 12}}
        money.publish(session, **more, when=by_luca, exclusive="best", now=live + timedelta(seconds=1))
        bob = session.scalars(select(User).where(User.name == "Bob Miller")).one()
        earned = money.buy(session, bob, "40.00 USD", event_id="evt_4", at=NOON - 2 * DAY).rewards
        (own,) = [one.id for one in earned if one.side == "friend"]
    address = f"/admin/referrals/{work.referral}"
    reviewed = review(work, f"{address}/credit", referrer="luca@example.com")
    said = words(reviewed.get_data(as_text=True))
    assert "1 reward of Bob, worth $10.00, is taken back." in said
    assert "keeps their own rewards" not in said
    with app.app_context(), write_transaction() as session:
        money.send(session, own, "approved", "in_payout", now=NOON)
    stale = confirm(work, address, reviewed)
    assert stale.status_code == 422
    said = words(stale.get_data(as_text=True))
    assert "It does something else now than what you looked at." in said
    assert "$10.00 of it was paid or is on its way, and lowers what Bob is paid next." in said
    assert confirm(work, address, stale).status_code == 303


def test_what_a_move_changes_of_other_friends_is_said_too(app, work, luca):
    steps = [{"friends": 1, "percent": "10"}, {"friends": 2, "percent": "20"}]
    with app.app_context(), write_transaction() as session:
        tiers = {"key": "tiers", "kind": "tiered_percent", "settings": {"steps": steps, "whole_period": True}}
        money.publish(session, **tiers, now=NOON - 5 * DAY)
        bob = session.scalars(select(User).where(User.name == "Bob Miller")).one()
        ada = session.get_one(User, work.ada)
        for number, (who, amount) in enumerate([(ada, "60.00 USD"), (session.get_one(User, luca[0]), "70.00 USD")]):
            came = CameBy(typed=factories.link_of(session, who))
            friend, _referral = factories.join(session, came, email=f"f{number}@example.org", now=money.JOINED)
            money.buy(session, friend, amount, event_id=f"f{number}", at=NOON - 2 * DAY)
        money.buy(session, bob, "10.00 USD", event_id="evt_4", at=NOON - DAY)
    reviewed = review(work, f"/admin/referrals/{work.referral}/credit", referrer="luca@example.com")
    said = words(reviewed.get_data(as_text=True))
    assert "Ada has $6.00 less of other friends, since it changes who counts." in said
    assert "Luca has $7.00 more of other friends, since it changes who counts." in said
    assert "Bob keeps their own rewards." in said


def test_what_was_removed_meanwhile_is_not_removed_again(work, luca):
    address = f"/admin/referrals/{work.referral}/removal"
    page = work.page(address)
    (posted,) = re.findall(r'action="([^"]*/removal)"', page)
    confirm(work, address.removesuffix("/removal"), review(work, address, reason="terms"))
    data = {"csrf_token": csrf_token(page), "seen": "0", "reason": "terms"}
    answer = work.client.post(posted, data=data)
    assert answer.status_code == 422
    assert "Somebody changed it meanwhile" in words(answer.get_data(as_text=True))


def test_a_conversion_shows_what_holds_and_the_former_as_history(app, work, luca):
    address = f"/admin/referrals/{work.referral}"
    confirm(work, address, review(work, f"{address}/credit", referrer=luca[1]))
    page = words(work.page(f"/admin/conversions/{work.conversion}"))
    assert "$49.99 from Bob Miller paid one reward" in page
    assert "Luca gets the credit: credited by a person after a check" in page
    assert "Who is credited was changed, so they were asked again." in page
    assert "$10.00 taken back: someone else is credited (Ada)" in page
    assert "(Luca)" in page
    assert "the same to the cent" in page
    former = words(work.page(f"/admin/rewards/{work.reward}"))
    assert "20% of" in former
    listed = words(work.page("/admin/conversions"))
    assert "2 rewards" not in listed


def test_a_removal_and_an_assignment(app, work, luca):
    address = f"/admin/referrals/{work.referral}"
    reviewed = review(work, f"{address}/removal", reason="terms")
    said = words(reviewed.get_data(as_text=True))
    assert "Take the credit for Bob Miller from Ada Okafor?" in said
    assert "2 rewards of Ada, worth $14.80, are taken back." in said
    assert "count for nobody any more" in said
    gone = confirm(work, address, reviewed)
    page = words(work.page(gone.location))
    assert "Bob Miller counts for nobody" in page
    assert "Ada Okafor got the credit" in page
    assert "The credit was taken from Ada Okafor" in page
    assert work.client.get(f"{gone.location}/removal").status_code == 404
    back = review(work, f"{gone.location}/credit", referrer="Luca")
    assert "Luca gets 2 rewards, worth $14.80." in words(back.get_data(as_text=True))
    confirm(work, gone.location, back)
    assert referrers(app) == ["Luca Rossi"]
    person = words(work.page(f"/admin/users/{id_of_person(app, 'Bob Miller')}"))
    assert "as a person decided after a check" in person


def test_whom_nobody_referred_has_a_way_from_their_page(app, work):
    cy = id_of_person(app, "Cy Young")
    with app.app_context():
        decision = db.session.scalar(select(AttributionDecision.id).where(AttributionDecision.friend_id == cy))
    assert f"/admin/referrals/{decision}/credit" in work.page(f"/admin/users/{cy}")
    assert "Assign a referrer" in work.page(f"/admin/users/{cy}")
    reviewed = review(work, f"/admin/referrals/{decision}/credit", referrer="ada@example.com")
    assert "Ada gets 1 reward, worth $10.00." in words(reviewed.get_data(as_text=True))
    confirm(work, f"/admin/referrals/{decision}", reviewed)
    assert referrers(app) == ["Ada Okafor", "Ada Okafor"]


@pytest.mark.parametrize(
    ("typed", "problem"),
    [
        ({"referrer": ""}, "Write who is to be credited."),
        ({"referrer": "nobody@example.com"}, "Nobody here has this e-mail address, name or code."),
        ({"referrer": "Adas"}, "Several people are called like that."),
        ({"referrer": "Ada Okafor"}, "This person is credited with Bob Miller already."),
        ({"referrer": "bob.secret@example.org"}, "Nobody refers themselves."),
        ({"referrer": "luca@example.com", "reason": "because"}, "Choose why."),
        ({"referrer": "luca@example.com", "note": "x" * 1001}, "Write at most 1,000 characters."),
    ],
)
def test_what_is_wrong_is_said_with_what_was_typed(app, work, luca, typed, problem):
    with app.app_context(), write_transaction() as session:
        for number in range(2):
            factories.person(session, name=f"Number {number} Adas")
    answer = review(work, f"/admin/referrals/{work.referral}/credit", **typed)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert problem in words(page)
    assert f'value="{typed["referrer"]}"' in page
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(ReferralChange)) == 0


def test_the_log_names_whom_it_is_about(work, luca):
    address = f"/admin/referrals/{work.referral}"
    confirm(work, address, review(work, f"{address}/credit", referrer=luca[1]))
    said = words(work.page("/admin/audit"))
    assert re.search(r"moved the credit for Bob Miller from Ada Okafor to Luca Rossi", said)


def test_each_referrer_reads_it_without_any_name_of_others(app, work, luca):
    address = f"/admin/referrals/{work.referral}"
    confirm(work, address, review(work, f"{address}/credit", referrer=luca[1], note="Secret words"))
    hers, his = (browser(app) for _number in range(2))
    sign_in(hers, "ada@example.com")
    sign_in(his, "luca@example.com")
    page = words(hers.get("/dashboard/referrals").get_data(as_text=True))
    assert "This signup was credited to someone else after a check on " in page
    assert not any(name in page for name in ("Luca", "Bob", "Secret", "@"))
    reward = words(hers.get(f"/dashboard/rewards/{work.reward}").get_data(as_text=True))
    assert "This friend counts for you no longer" in reward
    assert "20% of" in reward
    assert "Luca" not in reward
    for path in ("/dashboard", "/dashboard/rewards", f"/dashboard/rewards/{work.reward}", STATEMENT):
        assert "Bob" not in words(hers.get(path).get_data(as_text=True)), path
    page = words(his.get("/dashboard/referrals").get_data(as_text=True))
    assert "This signup was credited to you after a check on " in page
    assert "Bob" in page
    assert "Ada" not in page.replace("Ada Okafor’s", "")
    assert "1 friend joined through you" in page
    assert "Opened your link" not in page


@pytest.mark.parametrize("seen", ["", "1", "-1", "9" * 5000, "one"])
def test_only_what_was_looked_at_is_changed(app, work, luca, seen):
    answer = review(work, f"/admin/referrals/{work.referral}/credit", referrer=luca[1], seen=seen)
    assert answer.status_code == 422
    assert "Somebody changed it meanwhile" in words(answer.get_data(as_text=True))
    assert referrers(app) == ["Ada Okafor"]


def test_whoever_lost_a_friend_they_were_given_reads_no_link_that_nobody_opened(app, work, luca):
    address = f"/admin/referrals/{work.referral}"
    confirm(work, address, review(work, f"{address}/credit", referrer=luca[1]))
    confirm(work, address, review(work, f"{address}/removal", reason="terms"))
    his = browser(app)
    sign_in(his, "luca@example.com")
    page = words(his.get("/dashboard/referrals").get_data(as_text=True))
    assert "Does not count" in page
    assert "Opened your link" not in page


def test_what_is_not_there_is_not_changed(work, luca):
    for path in ("credit", "removal"):
        assert work.client.get(f"/admin/referrals/{luca[0]}/{path}").status_code == 404


def id_of_person(app, name):
    with app.app_context():
        return db.session.scalars(select(User.id).where(User.name == name)).one()
