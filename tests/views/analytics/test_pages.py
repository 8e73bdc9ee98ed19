"""Funnel, referrers, links, campaigns, rewards and cohorts: what their tables, charts and files say."""

import re

import pytest
from sqlalchemy import select

from tests import money, rollup_rows
from tests.factories import NOON
from tests.views.analytics.conftest import A_WEEK, DAY, TODAY, charts, figures, sentence, table_rows
from tests.views.analytics.test_frame import bring_links
from webapp.database import write_transaction
from webapp.models import RewardRule

pytestmark = [pytest.mark.usefixtures("history"), pytest.mark.parametrize("databases", ["sqlite"], indirect=True)]


def test_the_funnel_beside_the_period_before_and_by_link(page_of):
    page = page_of("marketer", f"/analytics/funnel{A_WEEK}")
    assert "16% of visitors join" in page
    assert figures(page) == {"visitors": "250", "signups": "40", "buyers": "30", "repeat_buyers": "10"}
    rows = [[row[0].split(" ")[0], *row[1:]] for row in table_rows(page, "Steps beside the period before")]
    assert [row[-3:] for row in rows] == [
        ["250", "100", "—"],
        ["40", "20", "16%"],
        ["30", "4", "12%"],
        ["10", "0", "4%"],
    ]
    assert charts(page)["funnel"]["data"][0]["x"] == [250, 40, 30, 10]
    assert [row[1:] for row in table_rows(page, "Funnel by link")] == [
        ["150", "20", "3", "0", "2%"],
        ["10", "10", "0", "0", "—"],
    ]


def test_referrers_can_be_sorted_and_each_opens_what_they_brought(page_of, history):
    page = page_of("marketer", f"/analytics/referrers{A_WEEK}&sort=visitors")
    assert "2 referrers brought somebody from November 16 to November 22" in page
    assert re.search(r'aria-sort="descending">\s*<a href="[^"]*sort=visitors"', page)
    assert [row[0] for row in table_rows(page, "Table of referrers")] == ["Ada Okafor", "=Cara Diaz"]
    assert f"/analytics{A_WEEK}&referrer={history['cara']}".replace("&", "&amp;") in page


def test_many_referrers_come_page_by_page(app, page_of):
    bring_links(app, 60)
    first = page_of("marketer", f"/analytics/referrers{A_WEEK}&sort=revenue")
    assert "1 to 25 of 62" in first
    later = page_of("marketer", f"/analytics/referrers{A_WEEK}&sort=revenue&page=3")
    assert "51 to 62 of 62" in later
    assert len(table_rows(later, "Table of referrers")) == 12
    second = page_of("marketer", f"/analytics/referrers{A_WEEK}&sort=revenue&page=2")
    names = [row[0] for page in (first, second, later) for row in table_rows(page, "Table of referrers")]
    assert len(set(names)) == 62


def test_a_page_that_is_no_number_is_not_there(marketer):
    for page in ("0", "-1", "x", "٣", "1" * 30):
        assert marketer.get(f"/analytics/referrers?page={page}").status_code == 404


def test_a_file_of_referrers_neutralises_names_and_repeats_no_count(marketer):
    body = marketer.get(f"/analytics/referrers.csv{A_WEEK}").get_data(as_text=True)
    assert body.splitlines()[1:] == [
        "Ada Okafor,250,150,20,30,3,0,USD,1500.00,0.00,1500.00",
        "'=Cara Diaz,50,10,10,10,0,0,USD,1000.00,100.50,899.50",
        "'=Cara Diaz,,,,,,,EUR,99.00,0.00,99.00",
    ]


def test_links_show_what_they_are_called_and_whose_they_are(page_of, marketer):
    page = page_of("marketer", f"/analytics/links{A_WEEK}")
    assert "2 links were used" in page
    rows = table_rows(page, "Table of links")
    assert rows[1][0].startswith("&lt;/script&gt;&lt;script&gt;alert(1)&lt;/script&gt; =Cara Diaz ·")
    assert [row[1:] for row in rows] == [
        ["250", "150", "20", "30", "$1,500.00"],
        ["50", "10", "10", "10", "$899.50 €99.00"],
    ]
    body = marketer.get(f"/analytics/links.csv{A_WEEK}").get_data(as_text=True)
    assert re.search(r"^[0-9A-Z]{10},</script><script>alert\(1\)</script>,'=Cara Diaz,50,", body, re.MULTILINE)


def test_campaigns_are_drawn_when_they_were_told_and_listed_all_the_same(page_of, marketer):
    page = page_of("marketer", f"/analytics/links{A_WEEK}")
    assert table_rows(page, "Table of campaigns") == [
        ["Not told", "—", "—", "400", "300", "33", "40"],
        ["autumn &lt;/script&gt; x · ad", "x", "ad", "9", "8", "7", "0"],
    ]
    signups, purchases = charts(page)["campaigns"]["data"]
    assert (signups["y"], signups["x"], purchases["x"]) == (["autumn &lt;/script&gt;<br>x · ad"], [7], [0])
    assert "autumn &lt;/script&gt; · x · ad” brought the most: 7 signups" in sentence(page, "campaigns")
    body = marketer.get(f"/analytics/campaigns.csv{A_WEEK}").get_data(as_text=True)
    assert body.splitlines()[1:] == [",,,400,300,33,40", "x,ad,autumn </script>,9,8,7,0"]


def test_what_rewards_cost_by_rule(page_of, marketer):
    page = page_of("marketer", f"/analytics/rewards{A_WEEK}")
    assert "Rewards cost $480 + €10.00 from November 16" in page
    assert "That is 20% of what referred friends paid in the same days." in page
    # 480.00 for 50 purchases.
    assert figures(page) == {
        "granted": "50000",
        "withdrawn": "2000",
        "reward_cost": "48000",
        "cost_per_purchase": "960",
    }
    assert [row[1:] for row in table_rows(page, "Table of rules")] == [
        ["40", "$500.00", "$20.00", "$480.00", "100%"],
        ["2", "€10.00", "€0.00", "€10.00", "—"],
    ]
    (rule,) = charts(page)["rewards"]["data"]
    assert (rule["name"], rule["y"]) == ("A fifth &lt;/script&gt;", ["0.00"] * 6 + ["500.00"])
    assert [row[1] for row in table_rows(page, "Table of days")] == list(reversed(rule["customdata"]))
    assert "“A fifth &lt;/script&gt;” granted $500" in sentence(page, "rewards")
    body = marketer.get(f"/analytics/rewards.csv{A_WEEK}").get_data(as_text=True)
    assert body.splitlines()[1] == "twenty-percent,A fifth </script>,40,USD,500.00,20.00,480.00,cash"


def test_rules_behind_the_fifth_are_drawn_together(app, page_of):
    with app.app_context(), write_transaction() as session:
        for number in range(7):
            money.publish(session, now=NOON, key=f"rule-{number}", name=f"Rule {number}")
        keys = session.execute(select(RewardRule.id, RewardRule.key).where(RewardRule.key.like("rule-%")))
        for rule_id, key in keys.all():
            rollup_rows.rule_day(session, rule_id, TODAY - DAY, 100 * (9 - int(key[-1])))
    stacks = charts(page_of("marketer", "/analytics/rewards?days=7"))["rewards"]["data"]
    assert [stack["name"] for stack in stacks[1:]] == ["Rule 0", "Rule 1", "Rule 2", "Rule 3", "Other rules"]
    # 5.00 + 4.00 + 3.00
    assert stacks[-1]["y"][-2] == "12.00"


def test_cohorts_show_shares_of_twenty_and_more_and_numbers_below(app, page_of):
    with app.app_context(), write_transaction() as session:
        rollup_rows.program_day(session, TODAY - 13 * DAY, signups=5)
        rollup_rows.program_day(session, TODAY - 20 * DAY, signups=4)
        rollup_rows.cohort_week(session, TODAY - 20 * DAY, 1, 3)
    page = page_of("marketer", "/analytics/cohorts")
    # The week of 9 November: 5 + 20 friends, 11 of whom bought in it; Sunday the 22nd is not over.
    assert table_rows(page, "Table of cohorts") == [["Nov 2", "4", "1 of 4", "3 of 4"], ["Nov 9", "25", "44%", ""]]
    assert re.findall(r'<td class="num heat-(\d)">', page) == ["2", "5", "4"]
    # 12 of all 29.
    assert "41% of friends buy in the week they join" in page


def test_a_file_of_cohorts_leaves_weeks_empty_that_are_not_over(marketer):
    lines = marketer.get("/analytics/cohorts.csv?weeks=9").get_data(as_text=True).splitlines()
    assert lines[0].endswith("Week of joining,Friends,Same week,'+1,'+2,'+3,'+4,'+5,'+6,'+7,'+8")
    assert lines[1:] == ["2026-11-09,20,11,,,,,,,,"]


def test_pages_of_the_whole_program_say_so_when_a_filter_is_kept(page_of, history):
    for page in ("rewards", "cohorts"):
        shown = page_of("marketer", f"/analytics/{page}?link={history['ada_link']}")
        assert "These figures are counted for the whole program only." in shown
