"""What referrers see of money: figures, friends' orders, every reward with its story."""

import re
from datetime import timedelta

import pytest

from tests import money
from tests.factories import NOON
from webapp.database import write_transaction
from webapp.ids import new_id
from webapp.models import User

# What is read from a request and shown on a page is no matter of the database.
pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)

DAY = timedelta(days=1)


def bob_does(app, house, *actions):
    """Let Bob do things in one transaction; answers with what the last one gave."""
    with app.app_context(), write_transaction() as session:
        bob = session.get_one(User, house["bob"])
        return [action(session, bob) for action in actions][-1]


def buys(amount="49.99 USD", **how):
    return lambda session, bob: money.buy(session, bob, amount, **how)


def sends_back(amount=None, **how):
    return lambda session, _bob: money.refund(session, amount, **how)


def gets(*statuses):
    """The reward of Bob's first order goes through these statuses."""

    def go(session, bob):
        recorded = money.buy(session, bob)
        money.send(session, recorded.rewards[0].id, *statuses)
        return recorded

    return go


def figures(page, metric):
    """Return currency (None for the program's), bare number and text of each element of a figure."""
    found = re.findall(
        rf'data-metric="{metric}"\s+data-value="(-?\d+)"(?:\s+data-currency="(\w+)")?\s*>\s*([^<]*?)\s*<', page
    )
    return [(currency or None, int(value), text) for value, currency, text in found]


def words(page):
    """Return what a page says, without its markup."""
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def test_an_order_is_pending_until_its_day_and_says_why(app, house, page_of):
    bob_does(app, house, buys("49.99 USD"))
    page = page_of("ada", "/dashboard")
    assert figures(page, "purchases") == [(None, 1, "1")]
    assert figures(page, "pending") == [(None, 1000, "$10.00")]
    assert figures(page, "approved") == [(None, 0, "$0.00")]
    assert figures(page, "paid") == [(None, 0, "$0.00")]
    said = words(page)
    assert "Ready on December 22" in said
    assert "20% of $49.99 is $10.00. It waits 30 days, in case the order is sent back." in said
    assert "Ready from Dec 22 on , 1 reward $10.00" in said


def test_each_currency_has_a_figure_of_its_own_the_programs_first(app, house, page_of):
    bob_does(
        app,
        house,
        buys("10 KWD", event_id="evt_1"),
        buys("1000 JPY", event_id="evt_2"),
        buys("0.50 USD", event_id="evt_3"),
    )
    pending = figures(page_of("ada", "/dashboard"), "pending")
    assert [(currency, value) for currency, value, _text in pending] == [(None, 10), ("JPY", 200), ("KWD", 2000)]
    assert [text for _currency, _value, text in pending] == ["$0.10", "¥200", "KWD\N{NO-BREAK SPACE}2.000"]


@pytest.mark.parametrize(
    ("statuses", "label", "title"),
    [
        pytest.param((), "Waiting", "Ready on December 22", id="pending"),
        pytest.param(("held",), "We’re checking", "We are checking this order", id="held"),
        pytest.param(("approved",), "Ready", "Ready to be paid", id="approved"),
        pytest.param(("approved", "in_payout"), "On its way", "On its way", id="in a payout"),
        pytest.param(("approved", "in_payout", "paid"), "Paid", "Paid on November 22", id="paid"),
        pytest.param(("held", "rejected"), "Not counted", "Not counted", id="rejected"),
    ],
)
def test_every_status_has_its_word_and_its_sentence(app, house, page_of, statuses, label, title):
    reward_id = bob_does(app, house, gets(*statuses)).rewards[0].id
    for path in ("/dashboard", "/dashboard/referrals", f"/dashboard/rewards/{reward_id}"):
        said = words(page_of("ada", path))
        assert title in said
        assert label in said
    assert label in words(page_of("ada", "/dashboard/rewards"))


def test_an_order_that_was_sent_back_whole_takes_its_reward_along(app, house, page_of):
    bob_does(app, house, buys(), sends_back())
    page = page_of("ada", "/dashboard")
    assert figures(page, "pending") == [(None, 0, "$0.00")]
    said = words(page)
    assert "Sent back" in said
    assert "The order was sent back" in said
    assert "The $10.00 were taken off again before they were paid." in said
    assert "You keep $0.00" in said


def test_a_part_that_was_sent_back_makes_the_reward_smaller(app, house, page_of):
    # 40.00 of 49.99 are left: 10.00 × 4000 / 4999 is 8.0016, so 8.00 stay and 2.00 go.
    bob_does(app, house, buys(), sends_back("9.99 USD"))
    page = page_of("ada", "/dashboard")
    assert figures(page, "pending") == [(None, 800, "$8.00")]
    said = words(page)
    assert "Part of the order was sent back, so $2.00 of $10.00 were taken off." in said
    assert "The order $49.99 Sent back -$9.99 Earned by it $10.00 Taken off -$2.00 You keep $8.00" in said


def test_what_was_sent_back_after_the_payment_is_owed(app, house, page_of):
    bob_does(app, house, gets("approved", "in_payout", "paid"), sends_back())
    page = page_of("ada", "/dashboard")
    assert figures(page, "paid") == [(None, 1000, "$10.00")]
    said = words(page)
    assert "$10.00 of what was paid was taken back later. It comes off what you earn next." in said
    assert "so $10.00 come off what you earn next" in said
    assert "Paid on November 22" in said, "not on the 23rd, when it was sent back"


def disputes(amount=None, **how):
    return lambda session, _bob: money.dispute(session, amount, **how)


def test_a_dispute_is_told_in_plain_words_and_so_is_how_it_ended(app, house, page_of):
    recorded = bob_does(app, house, gets("approved"))
    path = f"/dashboard/rewards/{recorded.rewards[0].id}"
    bob_does(app, house, disputes())
    page = words(page_of("ada", path))
    assert "A bank took the payment back" in page
    assert "If that turns out to be wrong, the reward comes back." in page
    assert "$10.00 taken off, because a bank took the payment back" in page
    bob_does(app, house, lambda session, _bob: money.decide(session))
    page = words(page_of("ada", path))
    assert "Ready to be paid" in page
    assert "$10.00 given back, because the payment came back" in page
    assert "dsp_1" not in page
    assert figures(page_of("ada", "/dashboard"), "approved") == [(None, 1000, "$10.00")]


def test_what_came_back_after_a_payment_is_said_to_be_added_and_not_owed(app, house, page_of):
    recorded = bob_does(app, house, gets())
    reward_id = recorded.rewards[0].id
    bob_does(app, house, disputes("20.00 USD"))
    bob_does(app, house, lambda session, _bob: money.send(session, reward_id, "approved", "in_payout", "paid"))
    bob_does(app, house, lambda session, _bob: money.decide(session))
    assert "$4.00 came back to you after a payment. It is added to what you earn next." in words(
        page_of("ada", "/dashboard")
    )
    page = words(page_of("ada", f"/dashboard/rewards/{reward_id}"))
    assert "$4.00 came back after the payment began, so they are added to what you earn next." in page


def test_an_order_that_earned_nothing_says_why(app, house, page_of):
    with app.app_context(), write_transaction() as session:
        money.publish(session, now=NOON - 10 * DAY, hold_days=30, settings={"percent": "20", "first_purchases": 1})
    bob_does(app, house, buys(event_id="evt_1", at=NOON - DAY), buys(event_id="evt_2"))
    said = words(page_of("ada", "/dashboard"))
    assert "The order of Nov 22 earned nothing" in said
    assert "Only the first purchase counts." in said
    assert "No reward" in said


def test_a_referrer_learns_neither_what_a_friend_told_nor_what_others_earned(app, house, page_of):
    plan = {"field": "metadata.plan", "op": "=", "value": "pro"}
    limit = {"amount": 1234, "currency": "USD", "period": "month"}
    with app.app_context(), write_transaction() as session:
        terms = {"hold_days": 30, "when": {"all": [plan]}, "limits": {"program": limit}}
        money.publish(session, now=NOON - 10 * DAY, **terms)
    bob_does(
        app,
        house,
        buys(event_id="evt_1", at=NOON - DAY, details={"plan": "free"}),
        buys(event_id="evt_2", at=NOON - DAY / 2, details={"plan": "pro"}),
        buys(event_id="evt_3", at=NOON - DAY / 3, details={"plan": "pro"}),
        buys(event_id="evt_4", details={"plan": "pro"}),
    )
    page = page_of("ada", "/dashboard")
    said = words(page)
    assert "It does not meet the conditions of the rule." in said
    assert "With a part of it the most that this rule pays is reached." in said
    assert "The most that this rule pays was reached before." in said
    for path in re.findall(r'href="(/dashboard/rewards/[0-9a-f-]+)"', page):
        said += words(page_of("ada", path))
    assert [secret for secret in ("metadata", "whole program", "used before") if secret in said] == []


def test_a_reward_has_its_whole_story(app, house, page_of):
    recorded = bob_does(app, house, buys(), sends_back("9.99 USD"))
    page = page_of("ada", "/dashboard/rewards")
    (path,) = re.findall(r'href="(/dashboard/rewards/[0-9a-f-]+)"', page)
    assert recorded.taken_back[0].reward_id.hex == path.rpartition("/")[2].replace("-", "")
    said = words(page_of("ada", path))
    assert "$10.00 for Bob’s order" in said
    assert "How we got to $10.00 20% of $49.99 is $10.00." in said
    assert "The program’s rule at that moment: 20% of each purchase" in said
    assert "Earned" in said
    assert "$2.00 taken off, because the order was sent back" in said


def test_the_friend_sees_what_they_got_themselves(house, page_of):
    page = page_of("bob", "/dashboard")
    assert figures(page, "approved") == [(None, 500, "$5.00")]
    listed = page_of("bob", "/dashboard/rewards")
    assert "Joining" in words(listed)
    (path,) = re.findall(r'href="(/dashboard/rewards/[0-9a-f-]+)"', listed)
    said = words(page_of("bob", path))
    assert "$5.00 for joining" in said
    assert "A fixed amount of $5.00." in said
    assert "This reward does not wait." in said


def test_a_friends_own_reward_is_not_shown_to_whoever_brought_them(house, page_of):
    page = page_of("ada", "/dashboard")
    assert figures(page, "approved") == [(None, 0, "$0.00")]
    assert "5.00" not in words(page)
    assert "No rewards yet" in words(page_of("ada", "/dashboard/rewards"))


def test_nobody_sees_somebody_elses_reward(app, house, page_of):
    reward_id = bob_does(app, house, buys()).rewards[0].id
    page_of("ada", f"/dashboard/rewards/{reward_id}")
    for name in ("bob", "cara"):
        page_of(name, f"/dashboard/rewards/{reward_id}", status=404)
    page_of("ada", f"/dashboard/rewards/{new_id()}", status=404)


def test_a_friends_surname_and_address_are_on_no_page(app, house, page_of):
    reward_id = bob_does(app, house, buys()).rewards[0].id
    for path in ("/dashboard", "/dashboard/referrals", "/dashboard/rewards", f"/dashboard/rewards/{reward_id}"):
        page = page_of("ada", path)
        assert "Bob" in page
        assert "Miller" not in page
        assert "example.org" not in page


def test_rewards_come_in_pages_that_htmx_can_fetch_in_parts(app, house, page_of):
    bob_does(
        app, house, *(buys("1 USD", event_id=f"evt_{n:03}", at=NOON - (130 - n) * DAY / 2) for n in range(12)), buys()
    )
    with app.app_context(), write_transaction() as session:
        money.publish(session, now=NOON - 90 * DAY, hold_days=30, settings={"percent": "20", "first_purchases": 900})
    bob_does(
        app, house, *(buys("1 USD", event_id=f"more_{n:03}", at=NOON + n * timedelta(minutes=1)) for n in range(48))
    )
    path, seen = "/dashboard/rewards", []
    while path:
        page, part = page_of("ada", path), page_of("ada", path, **{"HX-Request": "true"})
        assert "<html" in page
        assert "<html" not in part
        links = re.findall(r'href="(/dashboard/rewards/[0-9a-f-]+)"', page)
        assert re.findall(r'href="(/dashboard/rewards/[0-9a-f-]+)"', part) == links
        seen += links
        more = re.search(r'href="(/dashboard/rewards\?before=[^"]+)"', page)
        path = more.group(1) if more else None
    assert len(seen) == len(set(seen)) == 60
    assert "60 rewards so far" in words(page_of("ada", "/dashboard/rewards"))


@pytest.mark.parametrize("before", ["x", "", "%00", "00000000-0000-0000-0000-000000000000"])
def test_a_hostile_cursor_is_not_there(page_of, before):
    page_of("ada", f"/dashboard/rewards?before={before}", status=404)


def test_what_is_not_ready_says_what_it_waits_for(app, house, page_of):
    held = bob_does(app, house, buys("49.99 USD"), buys("20.00 USD", event_id="evt_2"))
    with app.app_context(), write_transaction() as session:
        money.send(session, held.rewards[0].id, "held")
    said = words(page_of("ada", "/dashboard"))
    assert "$14.00 is not ready yet. See why" in said
    assert "Bob’s order Waits until Dec 22, in case the order is sent back. $10.00" in said
    assert "Bob’s order A person looks at it; nothing is lost meanwhile. $4.00" in said


def test_figures_of_money_have_a_line_of_the_last_days(app, house, page_of):
    bob_does(app, house, gets("approved", "in_payout", "paid"))
    page = page_of("ada", "/dashboard")
    assert figures(page, "paid") == [(None, 1000, "$10.00")]
    paid = page[page.index('data-metric="paid"') :]
    assert "$10.00 in 30 days" in paid
    points = re.search(r'<polyline points="([^"]*)"', paid).group(1).split()
    assert (len(points), points[0], points[-1]) == (30, "0.0,26.0", "100.0,2.0")


@pytest.mark.parametrize(("days", "said"), [(29, "$10.00 in 30 days"), (30, "in all")])
def test_paid_in_30_days_counts_all_of_the_first_of_them(app, house, page_of, time_machine, days, said):
    bob_does(app, house, gets("approved", "in_payout", "paid"))
    time_machine.move_to(NOON + days * DAY, tick=False)
    page = page_of("ada", "/dashboard")
    paid = page[page.index('data-metric="paid"') :]
    assert said in paid[:2000]


@pytest.fixture
def several(app, house):
    """Rewards of two months, three states and two currencies."""
    bob_does(
        app,
        house,
        buys("10.00 USD", event_id="evt_1", at=NOON - 30 * DAY),
        buys("20.00 USD", event_id="evt_2"),
        buys("1000 JPY", event_id="evt_3"),
        buys("40.00 USD", event_id="evt_4"),
        sends_back(of="evt_4"),
        buys("60.00 USD", event_id="evt_5"),
        sends_back("30.00 USD", of="evt_5", event_id="ref_2"),
    )


@pytest.mark.parametrize(
    ("query", "amounts"),
    [
        ("", ["$6.00", "$0.00", "¥200", "$4.00", "$2.00"]),
        ("?status=reversed", ["$0.00"]),
        ("?status=pending&currency=USD", ["$6.00", "$4.00", "$2.00"]),
        ("?currency=JPY", ["¥200"]),
        ("?month=2026-10", ["$2.00"]),
        ("?month=2026-11&status=pending&currency=JPY", ["¥200"]),
        # What nobody could choose is not asked for.
        ("?status=odd&currency=XXX&month=1900-01", ["$6.00", "$0.00", "¥200", "$4.00", "$2.00"]),
    ],
)
def test_rewards_are_narrowed_down_in_the_address(several, page_of, query, amounts):
    page = page_of("ada", f"/dashboard/rewards{query}")
    assert sorted(re.findall(r'<span class="money">([^<]*)</span>', page)) == sorted(amounts)
    part = page_of("ada", f"/dashboard/rewards{query}", **{"HX-Request": "true"})
    assert part.lstrip().startswith('<section class="card" id="rewards"')
    assert re.findall(r'<span class="money">([^<]*)</span>', part) == re.findall(
        r'<span class="money">([^<]*)</span>', page
    )


def test_the_choices_are_those_that_there_are(several, page_of):
    page = words(page_of("ada", "/dashboard/rewards"))
    assert "Every state Waiting (4) Sent back (1) Any month November 2026 October 2026 Every currency USD JPY" in page
    assert "No rewards like that" in words(page_of("ada", "/dashboard/rewards?month=2026-10&currency=JPY"))


def test_a_statement_adds_up_by_state_and_in_all(several, page_of):
    said = words(page_of("ada", "/dashboard/rewards/statement/2026-11"))
    assert "$10.00 + ¥200 for November 2026" in said
    assert "The month is not over yet." in said
    assert "Waiting × 2 $10.00 Waiting × 1 ¥200 Sent back × 1 $0.00 You keep $10.00 + ¥200" in said
    assert "Nov 22 Bob’s order Nov 22 Waiting $12.00 $6.00" in said
    said = words(page_of("ada", "/dashboard/rewards/statement/2026-10"))
    assert "$2.00 for October 2026" in said
    assert "not over yet" not in said
    assert "No rewards in this month" in words(page_of("ada", "/dashboard/rewards/statement/2026-09"))


@pytest.mark.parametrize("month", ["2026-12", "2026-13", "x", "2026-1", "9999-99"])
def test_there_is_no_statement_of_a_month_that_is_none_or_has_not_begun(house, page_of, month):
    page_of("ada", f"/dashboard/rewards/statement/{month}", status=404)


def test_a_statement_is_nobody_elses(several, page_of):
    assert "Bob" not in page_of("cara", "/dashboard/rewards/statement/2026-11")


def test_a_statement_says_what_moved_and_its_file_says_the_same(several, page_of):
    said = words(page_of("ada", "/dashboard/rewards/statement/2026-11"))
    assert "Not paid before November 2026" in said
    assert "Not paid yet, as of now" in said
    lines = page_of("ada", "/dashboard/rewards/statement/2026-11.csv").splitlines()
    first, last = (
        next(line for line in lines if name in line and ",USD," in line) for name in ("Not paid before", "as of now")
    )
    moved = [line for line in lines[1:] if line.startswith("20") and ",USD," in line]
    begun, *balances = (line.rsplit(",", 1)[1] for line in (first, *moved, last))
    assert balances[-1] == balances[-2]
    assert f"${begun} " in said
    assert f"${balances[-1]}" in said
    assert page_of("cara", "/dashboard/rewards/statement/2026-11.csv").count("\n") == 1


def test_a_file_of_a_month_that_has_not_begun_is_none(house, page_of):
    page_of("ada", "/dashboard/rewards/statement/2026-12.csv", status=404)
