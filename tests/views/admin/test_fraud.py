"""Cases: what waits, what is known of the people, and what is decided about them."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from tests import factories, money
from tests.conftest import browser
from tests.factories import NOON, csrf_token, join, link_of, sign_in
from tests.money import DAY
from tests.suspicion import suspect
from tests.views.admin.conftest import words
from webapp.database import write_transaction
from webapp.domain.reward_decisions import CHOICES
from webapp.extensions import db
from webapp.ids import new_id
from webapp.models import Conversion, Reward, RewardNote, User
from webapp.services.appeals import appeal
from webapp.services.reward_decisions import decide_rewards
from webapp.services.signups import CameBy

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)


@pytest.fixture
def doubts(app, work):
    """Beside Bob's order that is held: Quinn with a throwaway address, and two friends who signed up at once."""
    with app.app_context(), write_transaction() as session:
        signup = {name: money.TEN_DOLLARS[name] for name in ("kind", "settings")}
        money.publish(session, key="joined", trigger="signup", hold_days=30, **signup)
        suspect(session, "disposable_mail", "too_fast")
        ada = session.get_one(User, work.ada)
        join(session, CameBy(typed=link_of(session, ada)), name="Quinn Day", email="q@mailinator.com", now=NOON - DAY)
        for number, name in enumerate(("Flo Fast", "Fay Fast")):
            visitor, at = new_id(), NOON - timedelta(hours=3 - number)
            factories.click(session, link_of(session, ada), visitor_id=visitor, now=at - timedelta(seconds=1))
            join(session, CameBy(visitor_id=visitor), name=name, email=f"{number}@example.net", now=at)
    return work


def address(work, category):
    return f"/admin/fraud/{work.ada}/{category}"


def questions(page):
    return re.findall(r'class="row-a text-break"\s+href="[^"]+">([^<]+)</a>', page)


def status_of(app, name):
    """Return how the rewards stand that were given for what a friend did."""
    with app.app_context():
        query = select(Reward.status).join(Conversion).join(User, User.id == Conversion.user_id)
        return db.session.scalars(query.where(User.name == name).order_by(Reward.id)).all()


def decide(work, path, *, page=None, **fields):
    """Send the form of a case as it stands, with these fields."""
    shown = page or work.page(path)
    sent = {
        "csrf_token": csrf_token(shown),
        "choice": "release",
        "reward": re.findall(r'name="reward"\s+value="([^"]+)"', shown),
        **fields,
    }
    return work.client.post(path, data=sent)


def test_the_queue_asks_of_each_case_what_is_to_be_decided_the_most_money_first(doubts):
    page = doubts.page("/admin/fraud")
    assert "3 cases to decide" in page
    by_money = [
        "Did these 2 friends really come through Ada?",
        "Is Quinn a new customer, or Ada again?",
        "Is all well with what Bob bought?",
    ]
    assert questions(page) == by_money
    assert "$20.00" in page
    assert re.search(r'<time[^>]*title="Monday, November 16, 2026[^>]*>6 days</time>', page)
    assert questions(doubts.page("/admin/fraud?by=age")) == by_money[::-1]
    assert re.search(r'class="count"><span class="visually-hidden">waiting: </span>3</span>', page)
    assert page.count("btn-primary") == 0


def test_a_long_queue_comes_page_by_page(doubts, monkeypatch):
    monkeypatch.setattr("webapp.views.admin.fraud.PAGE", 2)
    page = doubts.page("/admin/fraud?by=age")
    (more,) = re.findall(r'hx-get="([^"]+)"', page)
    rest = doubts.client.get(more.replace("&amp;", "&"), headers={"HX-Request": "true"}).get_data(as_text=True)
    assert rest.lstrip().startswith("<tr")
    assert len({*questions(page), *questions(rest)}) == 3
    assert doubts.page("/admin/fraud?skip=x", status=404)


def test_without_anything_held_it_says_so(page_of):
    page = page_of("admin", "/admin/fraud")
    assert "Nothing to decide" in page
    assert "Everything is decided" in page


def test_a_case_shows_both_people_why_they_are_held_and_what_speaks_for_them(doubts):
    page = doubts.page(address(doubts, "person"))
    said = words(page)
    assert "Is Quinn a new customer, or Ada again?" in said
    assert "$10.00 is held since Nov 21. It stays held until someone decides." in said
    assert "Side by side Rows that match are marked." in said
    assert re.search(r"E-mail.* ada@ example \.com q@ mailinator \.com .*throwaway", said)
    assert "A throwaway address The friend&#39;s address is at mailinator.com" in said
    assert "0.70, held from 0.50" in said
    assert "1 − (1 − 0.70) = 0.70" in said
    assert "Ada brought 3 other friends, of whom 1 bought something." in said
    assert "Other friends of Ada" in said
    assert "2 of 3 · Next case" in said
    assert "Ada will read After a release: Ready on December 21. It waits 30 days" in said
    assert page.count("btn-primary") == 1
    assert f'href="/admin/users/{doubts.ada}/ban"' in page
    several = doubts.page(address(doubts, "traffic"))
    assert several.count('<details class="card fold"') == 2
    assert several.count('<details class="card fold" open>') == 1
    assert len(re.findall(r'type="checkbox"\s+name="reward"\s+value="[^"]+"\s+checked', several)) == 2
    assert "1 second before signup" in words(several)


def test_a_case_of_nobody_here_is_no_page(app, doubts):
    assert doubts.page(f"/admin/fraud/{new_id()}/person", status=404)
    assert doubts.page(f"/admin/fraud/{doubts.ada}/nonsense", status=404)
    with app.app_context(), write_transaction() as session:
        other = factories.other_program(session)
        stranger = factories.person(session, name="Eve")
        stranger.program_id, stranger_id = other.id, stranger.id
    assert doubts.page(f"/admin/fraud/{stranger_id}/person", status=404)
    assert decide(doubts, f"/admin/fraud/{stranger_id}/person", page=doubts.page("/admin/fraud")).status_code == 404


def test_a_rejection_needs_a_reason_and_the_next_case_says_that_it_is_done(app, doubts):
    path = address(doubts, "person")
    wrong = decide(doubts, path, choice="reject", note="Nobody answers")
    assert wrong.status_code == 422
    page = wrong.get_data(as_text=True)
    assert "Choose the reason that the referrer reads." in page
    assert "Nobody answers" in page
    assert re.search(r'value="reject"\s+checked', page)
    assert status_of(app, "Quinn Day") == ["held"]
    answer = decide(doubts, path, choice="reject", reason="not_a_customer", note="Nobody answers")
    # The next one after it, by money.
    assert (answer.status_code, answer.location) == (303, address(doubts, "orders"))
    assert "1 reward is rejected, $10.00." in doubts.page(answer.location)
    assert status_of(app, "Quinn Day") == ["rejected"]
    with app.app_context(), write_transaction() as session:
        assert session.scalars(select(RewardNote.text)).one() == "Nobody answers"
        money.publish(session, hold_days=30)
        quinn = session.scalars(select(User).where(User.name == "Quinn Day")).one()
        money.buy(session, quinn, event_id="evt_9")
    assert set(status_of(app, "Quinn Day")) == {"rejected"}
    page = doubts.page(path)
    assert "Nothing of this is held for Ada" in page
    assert "Rejected: The friend was no new customer (1 reward)" in page
    hers = browser(app)
    sign_in(hers, "ada@example.com")
    assert "Not counted" in hers.get("/dashboard/rewards").get_data(as_text=True)


def test_only_what_is_ticked_is_decided_and_what_changed_meanwhile_is_left_out(app, doubts):
    path = address(doubts, "traffic")
    page = doubts.page(path)
    first, second = re.findall(r'name="reward"\s+value="([^"]+)"', page)
    nothing = decide(doubts, path, page=page, reward=[])
    assert nothing.status_code == 422
    assert "Tick at least one reward." in nothing.get_data(as_text=True)
    assert decide(doubts, path, page=page, reward=[first]).location == path
    assert (status_of(app, "Flo Fast"), status_of(app, "Fay Fast")) == (["pending"], ["held"])
    # Sent once more from the page that was open all the time: the first one was decided, the other one goes through.
    answer = decide(doubts, path, page=page, choice="reject", reason="terms", reward=[first, second])
    said = words(doubts.page(answer.location))
    assert "1 reward is rejected, $10.00." in said
    assert "1 reward was left out, because it had changed since you looked: Ada Okafor, $10.00" in said
    assert (status_of(app, "Flo Fast"), status_of(app, "Fay Fast")) == (["pending"], ["rejected"])


def test_several_cases_are_decided_at_once_after_a_page_that_says_what_follows(app, doubts):
    chosen = "&".join(f"case={doubts.ada}:{category}" for category in ("person", "traffic"))
    page = doubts.page(f"/admin/fraud/decision?choice=reject&{chosen}")
    assert "Reject 3 rewards?" in page
    assert "friends who are doubted are refused from now on" in page
    sent = {
        "csrf_token": csrf_token(page),
        "choice": "reject",
        "reward": re.findall(r'name="reward"\s+value="([^"]+)"', page),
    }
    assert doubts.client.post("/admin/fraud/decision", data=sent).status_code == 422
    answer = doubts.client.post("/admin/fraud/decision", data={**sent, "reason": "terms"})
    assert (answer.status_code, answer.location) == (303, "/admin/fraud")
    page = doubts.page("/admin/fraud")
    assert "3 rewards are rejected, $30.00." in page
    assert questions(page) == ["Is all well with what Bob bought?"]
    assert "Nothing is selected" in doubts.page("/admin/fraud/decision?choice=release")
    assert doubts.page("/admin/fraud/decision?choice=release&case=x:person", status=404)


def test_rewards_are_stopped_after_a_page_that_says_what_follows_and_may_go_on_again(app, doubts, acts):
    path = f"/admin/users/{doubts.ada}/ban"
    page = words(doubts.page(path))
    assert "Stop rewards for Ada?" in page
    assert "1 reward that wait or are ready are held: $10.00." in page
    assert "4 rewards are held already and stay so: $34.80." in page
    assert "Nothing was paid to them so far." in page
    token = csrf_token(doubts.page(path))
    assert doubts.client.post(path, data={"csrf_token": token}).status_code == 422
    answer = doubts.client.post(path, data={"csrf_token": token, "reason": "terms"})
    page = words(doubts.page(answer.location))
    assert "Ada earns no rewards any more. 1 reward is held." in page
    assert "They earn no rewards. Jo Winter stopped that on" in page
    assert status_of(app, "Bob Miller") == ["held", "held"]
    assert "earns no rewards at present" in words(doubts.page(address(doubts, "person")))
    ended = doubts.client.post(f"{path}/end", data={"csrf_token": token})
    assert "They earn no rewards" not in words(doubts.page(ended.location).split("earns rewards again")[1])
    log = words(doubts.page("/admin/audit"))
    assert "Jo Winter stopped the rewards of Ada Okafor" in log
    assert "Jo Winter let Ada Okafor earn rewards again" in log
    assert [action for action, _subject, _details in acts()][-2:] == ["person_banned", "person_unbanned"]


def test_a_held_reward_leads_to_its_case(doubts):
    assert f'href="{address(doubts, "orders")}"' in doubts.page(f"/admin/rewards/{doubts.held}")
    assert "/admin/fraud/" not in doubts.page(f"/admin/rewards/{doubts.reward}").split("<main")[1]


def test_what_another_admin_decided_meanwhile_is_no_error(app, doubts):
    page = doubts.page(address(doubts, "orders"))
    with app.app_context(), write_transaction() as session:
        by = session.scalars(select(User.id).where(User.role == "admin")).one()
        seen = {doubts.held: 2}
        decide_rewards(session, factories.program(session).id, CHOICES["release"], seen, by=by, now=NOON)
    answer = decide(doubts, address(doubts, "orders"), page=page, choice="reject", reason="other")
    said = words(doubts.page(answer.location))
    assert "1 reward was left out, because it had changed since you looked" in said
    assert "rejected" not in said.split("was left out")[0].split("Main")[0]


def test_an_appeal_is_read_in_its_case_and_answered_with_words(app, doubts):
    path = address(doubts, "person")
    decide(doubts, path, choice="reject", reason="not_a_customer")
    with app.app_context(), write_transaction() as session:
        quinn = select(Reward.id).join(Conversion).join(User, User.id == Conversion.user_id)
        reward_id = session.scalars(quinn.where(User.name == "Quinn Day")).one()
        appeal(session, factories.program(session).id, doubts.ada, reward_id, "She is my dentist.", NOON)
    said = words(doubts.page(path))
    assert "Ada Okafor sees it differently" in said
    assert "She is my dentist." in said
    wrong = decide(doubts, path)
    assert wrong.status_code == 422
    assert "An appeal is answered with a reason: write it here." in wrong.get_data(as_text=True)
    answer = decide(doubts, path, note="She called us")
    assert "1 reward is released, $10.00." in doubts.page(answer.location)
    assert status_of(app, "Quinn Day") == ["pending"]
    assert "She called us" in doubts.page(path)


@pytest.mark.parametrize("kind", ["none", "person%00"])
def test_a_kind_of_case_that_there_is_not_is_not_found(work, kind):
    work.page(f"/admin/fraud/decision?choice=release&case={work.ada}:{kind}", status=404)
