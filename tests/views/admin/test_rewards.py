"""Rewards of everybody: looked through, looked into, decided."""

import re

import pytest
from sqlalchemy import event, func, select

from tests import factories, money
from tests.conftest import browser
from tests.factories import NOON, csrf_token, join, sign_in
from tests.money import DAY
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.ids import new_id
from webapp.models import AuditEntry, Reward, RewardNote
from webapp.services.signups import CameBy

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)


def listed(page):
    return re.findall(r'class="row-a"\s+href="/admin/rewards/([^"]+)"', page)


def status_of(app, reward_id):
    with app.app_context():
        return db.session.scalar(select(Reward.status).where(Reward.id == reward_id))


def decide(work, choice, *rewards, page=None, **fields):
    """Go to the page that asks, and send its form as it stands with these fields."""
    query = "&".join(f"reward={reward}" for reward in rewards)
    asked = page or work.page(f"/admin/rewards/decision?choice={choice}&{query}&next=/admin/rewards?status=held")
    sent = {
        "csrf_token": csrf_token(asked),
        "choice": choice,
        "reward": re.findall(r'name="reward"\s+value="([^"]+)"', asked),
        "next": "/admin/rewards?status=held",
        **fields,
    }
    return work.client.post("/admin/rewards/decision", data=sent)


def test_the_list_has_each_reward_with_its_sum(work):
    page = work.page("/admin/rewards")
    assert set(listed(page)) == {str(work.reward), str(work.held)}
    assert "2 rewards so far" in page
    assert "$14.80 in all" in page
    assert "Held, 6 days" in page
    assert "Pending until Dec 12" in page
    assert "Purchase of Bob Miller, Nov 12" in page
    assert "secret" not in page


def test_a_refund_of_a_part_begins_no_wait_anew(app, work):
    with app.app_context(), write_transaction() as session:
        money.refund(session, "4.00 USD", of="evt_2", at=NOON - DAY)
    assert "Held, 6 days" in work.page("/admin/rewards")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("status=held", {"held"}),
        ("status=pending", {"reward"}),
        ("side=friend", set()),
        ("currency=EUR", set()),
        ("q=miller", {"held", "reward"}),
        ("q=1001", {"reward"}),
        ("since=2026-11-12", {"reward"}),
        ("until=2026-11-10", {"held"}),
        ("since=2026-11-10&until=2026-11-10", {"held"}),
        # What is no filter is left aside.
        ("status=nonsense&side=x&rule=x&since=9999-99-99&person=x&q=", {"held", "reward"}),
    ],
)
def test_the_filters_stand_in_the_address(work, query, found):
    page = work.page(f"/admin/rewards?{query}")
    assert set(listed(page)) == {str(getattr(work, name)) for name in found}


def test_more_rewards_come_as_a_part_of_the_same_page(app, work):
    with app.app_context(), write_transaction() as session:
        money.publish(session, **money.TEN_DOLLARS)
        bob = session.scalars(select(factories.User).where(factories.User.name == "Bob Miller")).one()
        for number in range(35):
            money.buy(session, bob, event_id=f"more_{number}", at=NOON - 20 * DAY, now=NOON - 20 * DAY)
    page = work.page("/admin/rewards?side=referrer")
    (more,) = re.findall(r'hx-get="([^"]+)"', page)
    assert "side=referrer" in more
    rest = work.client.get(more.replace("&amp;", "&"), headers={"HX-Request": "true"}).get_data(as_text=True)
    assert rest.lstrip().startswith("<tr")
    assert not set(listed(page)) & set(listed(rest))
    with app.app_context():
        assert len({*listed(page), *listed(rest)}) == db.session.scalar(select(func.count()).select_from(Reward))
    assert work.page(f"/admin/rewards?before={new_id()}", status=404)


def test_a_reward_tells_its_story_and_what_follows_from_each_decision(work):
    page = work.page(f"/admin/rewards/{work.held}")
    assert "$4.80 for Ada Okafor" in page
    assert "20% of $24.00 is $4.80." in page
    assert "Release $4.80" in page
    assert "Payable on Dec 10, unless the order is refunded" in page
    assert "before its hold is over on Dec 10" in page
    assert page.count("btn-primary") == 1
    assert re.search(r'href="/admin/conversions/[0-9a-f-]{36}"', page)
    assert work.page(f"/admin/rewards/{new_id()}", status=404)


def test_the_page_that_asks_says_what_is_selected_what_follows_and_repeats_the_choice(work):
    page = work.page(f"/admin/rewards/decision?choice=reject&reward={work.held}&reward={work.reward}")
    assert "Reject 2 rewards?" in page
    assert "Reject 2 rewards, $14.80" in page
    assert "Nothing is paid." in page
    assert "It looks as if this order came from you or your own household" in page
    page = work.page(f"/admin/rewards/decision?choice=release&reward={work.held}&reward={work.reward}")
    # What is pending cannot be released.
    assert "Release $4.80" in page
    assert "Left out" in page
    assert 'name="reason"' not in page
    assert work.page(f"/admin/rewards/decision?choice=release&reward={new_id()}", status=404)
    assert work.page("/admin/rewards/decision?choice=release&reward=x", status=404)
    assert "Nothing is selected" in work.page("/admin/rewards/decision?choice=release")


def test_more_than_a_page_takes_is_said_to_be_left(work):
    many = "&".join([f"reward={work.held}"] * 102)
    page = work.page(f"/admin/rewards/decision?choice=reject&{many}")
    assert "Only the first 100 are decided here." in page
    assert "2 more were selected and stay as they are" in page
    assert "Only the first" not in work.page(f"/admin/rewards/decision?choice=reject&reward={work.held}")


def test_a_rejection_with_its_reason_is_kept_and_the_referrer_reads_why(app, work):
    answer = decide(work, "reject", work.held, work.reward, reason="same_person", note="Told me on the phone")
    assert (answer.status_code, answer.location) == (303, "/admin/rewards?status=held")
    page = work.page(answer.location)
    assert "2 rewards are rejected, $14.80." in page
    assert "Nothing to decide" in page
    assert status_of(app, work.held) == status_of(app, work.reward) == "rejected"
    page = work.page(f"/admin/rewards/{work.held}")
    assert "Rejected: The friend is the referrer, or lives with them" in page
    assert "Jo Winter" in page
    assert "Told me on the phone" in page
    with app.app_context():
        acts = db.session.scalars(select(AuditEntry.action).where(AuditEntry.subject == "reward")).all()
        assert acts == ["reward_rejected"] * 2
        assert db.session.scalar(select(func.count()).select_from(RewardNote)) == 2
    hers = browser(app)
    sign_in(hers, "ada@example.com")
    page = hers.get(f"/dashboard/rewards/{work.held}").get_data(as_text=True)
    assert "Not counted" in page
    assert "It looks as if this order came from you or your own household" in page
    assert "a person looks at it again" in page
    assert "Told me" not in page
    as_seen = work.page(f"/admin/rewards/{work.held}/as-seen")
    assert "It looks as if this order came from you or your own household" in as_seen
    assert "Told me" not in as_seen


def test_without_a_reason_nothing_is_rejected_and_the_note_is_still_there(app, work):
    answer = decide(work, "reject", work.held, note="Half a sentence")
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "Choose the reason that the referrer reads." in page
    assert "Half a sentence" in page
    assert status_of(app, work.held) == "held"
    again = decide(work, "reject", page=page, reason="terms")
    assert again.status_code == 303
    assert status_of(app, work.held) == "rejected"


def test_what_changed_meanwhile_is_left_out_and_named(app, work):
    asked = work.page(f"/admin/rewards/decision?choice=approve&reward={work.held}&reward={work.reward}")
    with app.app_context(), write_transaction() as session:
        money.refund(session, of="evt_1", at=NOON)
    page = work.page(decide(work, "approve", page=asked).location)
    assert "1 reward is approved, $4.80." in page
    assert "1 reward was left out, because it had changed since you looked: Ada Okafor, $0.00 (Reversed)." in page
    assert status_of(app, work.held) == "approved"


def test_a_double_click_decides_once(app, work):
    asked = work.page(f"/admin/rewards/decision?choice=approve&reward={work.held}")
    assert decide(work, "approve", page=asked).status_code == 303
    page = work.page(decide(work, "approve", page=asked).location)
    assert "is approved" in page
    assert "was left out" in page
    with app.app_context():
        assert db.session.scalar(select(func.count()).where(AuditEntry.subject == "reward")) == 1


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "/\\evil.example"])
def test_the_way_back_is_one_of_this_site(work, target):
    asked = work.page(f"/admin/rewards/decision?choice=hold&reward={work.reward}&next={target}")
    assert "evil" not in asked
    assert decide(work, "hold", page=asked, next=target).location == "/admin/rewards?status=held"


def test_a_decision_about_nothing_or_of_nothing_known_changes_nothing(work):
    asked = work.page(f"/admin/rewards/decision?choice=hold&reward={work.reward}")
    assert decide(work, "approve", page=asked, reward=[]).status_code == 422
    assert decide(work, "nonsense", page=asked).status_code == 422
    answer = decide(work, "hold", work.reward, reward=[f"{new_id()}:1"])
    assert answer.status_code == 404


@pytest.mark.parametrize(
    ("noun", "typed", "location"),
    [
        ("rewards", " miller ", "/admin/rewards?q=miller"),
        ("conversions", "1001", "/admin/conversions?q=1001"),
        ("referrals", "nobody@example.org", "/admin/referrals?person=nobody"),
        ("rewards", "@", "/admin/rewards?person=nobody"),
        ("rewards", "", "/admin/rewards"),
    ],
)
def test_what_is_looked_for_goes_into_the_address(work, noun, typed, location):
    token = csrf_token(work.page("/admin/rewards"))
    answer = work.client.post("/admin/searches", data={"csrf_token": token, "noun": noun, "q": typed})
    assert (answer.status_code, answer.location) == (303, location)


def test_an_e_mail_becomes_the_person_who_has_it_and_never_part_of_an_address(work):
    token = csrf_token(work.page("/admin/rewards"))
    sent = {"csrf_token": token, "noun": "rewards", "q": "ADA@example.com", "status": "held", "person": "x"}
    answer = work.client.post("/admin/searches", data=sent)
    assert answer.location == f"/admin/rewards?status=held&person={work.ada}"
    page = work.page(answer.location)
    assert "Only Ada Okafor." in page
    assert listed(page) == [str(work.held)]
    assert "Nobody here has this address" in work.page("/admin/rewards?person=nobody")
    misplaced = work.client.post("/admin/searches", data={**sent, "since": "bob.secret@example.org"})
    assert misplaced.location == answer.location
    # Whoever types one into the address by hand does not find it in the links of the page again.
    assert "ada@" not in work.page("/admin/rewards?q=ada@example.com")


@pytest.mark.parametrize("path", ["/admin", "/admin/rewards", "/admin/conversions", "/admin/referrals", "one of each"])
def test_the_number_of_queries_does_not_grow_with_what_there_is(app, work, path):
    paths = [path]
    if path == "one of each":
        paths = [
            f"/admin/rewards/{work.held}",
            f"/admin/conversions/{work.conversion}",
            f"/admin/referrals/{work.referral}",
        ]

    def queries(address):
        seen = []
        with app.app_context():
            engines = list(db.engines.values())

        def note(_conn, _cursor, statement, *_rest):
            if not statement.startswith(("PRAGMA", "BEGIN")):
                seen.append(statement)

        for engine in engines:
            event.listen(engine, "before_cursor_execute", note)
        work.page(address)
        for engine in engines:
            event.remove(engine, "before_cursor_execute", note)
        return seen

    few = {address: queries(address) for address in paths}
    with app.app_context(), write_transaction() as session:
        link = factories.link_of(session, session.get_one(factories.User, work.ada))
        for number in range(40):
            friend, _referral = join(session, CameBy(typed=link), email=f"f{number}@example.net", now=NOON - 9 * DAY)
            money.buy(session, friend, event_id=f"of_{number}", at=NOON - 8 * DAY)
    for address in paths:
        assert len(queries(address)) <= len(few[address]) <= 12, "\n".join(few[address])
