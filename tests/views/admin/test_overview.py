"""An admin's first page."""

import json
import re
from datetime import timedelta

import pytest

from tests import factories, money
from tests.factories import NOON
from webapp.database import write_transaction
from webapp.models import ProgramRevenueDay, RewardRule, RuleDay

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)


def test_an_empty_program_says_so_calmly(page_of):
    page = page_of("admin", "/admin")
    assert "Good afternoon, Jo" in page
    assert "Nothing waits for you" in page
    assert "Nothing to decide" in page
    assert "Nothing becomes payable in the next six weeks" in page
    assert "Nothing yet." in page
    # Without a picture there is no script for pictures to wait for.
    assert "plotly" not in page


def test_what_waits_stands_first_with_its_sum_its_age_and_one_filled_button(work):
    page = work.page("/admin")
    assert "One thing waits for you. Nothing is paid or released until you decide." in page
    assert "One case to decide" in page
    assert "Oldest: Is all well with what Bob bought?" in page
    (task,) = re.findall(r'<div class="task">.*?</a>', page, re.DOTALL)
    assert "$4.80" in task
    assert "6 days" in task
    assert f'href="/admin/fraud/{work.ada}/orders?by=age"' in task
    assert page.count("btn-primary") == 1
    assert re.search(r'class="count"><span class="visually-hidden">waiting: </span>1</span>', page)
    assert "secret" not in page


def test_what_becomes_payable_is_drawn_by_week_of_whole_cents(work):
    page = work.page("/admin")
    # 10.00 dollars on 12 December; the other one is held.
    assert "$10.00 becomes payable in the next six weeks, most of it in the week of Dec 7." in page
    figure = re.search(
        r'<figure class="chart" id="chart-owed">.*?<script type="application/json">(.*?)</script>', page, re.DOTALL
    )
    (bars,) = json.loads(figure.group(1))["data"]
    assert bars["y"] == [0, 0, 0, 1000, 0, 0] or bars["y"][bars["x"].index("Dec 7")] == 1000
    assert re.search(r"Dec 7</time>|Dec 7</th>", page)
    assert "plotly-basic" in page


def test_the_last_30_days_stand_beside_the_30_before(app, work):
    with app.app_context(), write_transaction() as session:
        program_id, rule_id = factories.program(session).id, session.query(RewardRule.id).scalar()
        about = {"program_id": program_id, "currency": "USD"}
        session.query(ProgramRevenueDay).delete()
        session.query(RuleDay).delete()
        for days_ago, revenue in ((1, 12_345), (40, 10_000)):
            day = (NOON - timedelta(days=days_ago)).date()
            session.add(ProgramRevenueDay(day=day, revenue_minor=revenue, refunded_minor=0, **about))
        day = NOON.date()
        cost = {"rewards": 30, "granted_minor": 2_000, "withdrawn_minor": 200}
        session.add(RuleDay(rule_id=rule_id, day=day, **cost, **about))
    page = work.page("/admin")
    assert re.search(r'data-metric="recent-revenue"\s+data-value="12345"', page)
    assert "from $100.00" in page
    assert re.search(r'data-metric="recent-cost"\s+data-value="1800"', page)
    # A tenth of what was granted was withdrawn.
    assert "about 10% of it is usually taken back before" in page


def test_what_was_done_lately_is_one_line_for_what_was_done_together(app, work):
    with app.app_context(), write_transaction() as session:
        for number in range(3):
            money.publish(session, key=f"rule-{number}")
    page = work.page("/admin")
    assert "Published a rule, 4 times" in page
    assert "The command line" in page


@pytest.mark.usefixtures("a_friend")
def test_without_any_act_the_newest_signups_stand_there(page_of):
    page = page_of("admin", "/admin")
    assert "Bob Miller joined" in page
    assert "Last link opened in the last 60 days" in page
    assert "Cy Young joined" in page
    assert "Came without a link" in page
    assert "secret" not in page
