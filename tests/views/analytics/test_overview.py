"""A marketer's first page."""

import re

import pytest

from tests.views.analytics.conftest import A_WEEK, charts, figures, sentence, table_rows

# What is read from either database is tested with the queries.
pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)


def test_an_empty_program_says_so(page_of):
    page = page_of("marketer", "/analytics")
    assert figures(page)["clicks"] == "0"
    assert "No clicks in 30 days" in page
    assert "Nothing to show yet" in page
    assert "<figure" not in page


@pytest.mark.usefixtures("history")
def test_an_empty_period_says_so_and_offers_a_wider_one(page_of):
    page = page_of("marketer", "/analytics?from=2026-11-01&to=2026-11-07")
    assert "No clicks, signups or purchases from November 1 to November 7" in page
    assert re.search(r'href="/analytics\?days=30"[^>]*>Look at 30 days', page)


@pytest.mark.usefixtures("history")
@pytest.mark.parametrize("role", ["marketer", "admin"])
def test_the_answer_the_figures_and_how_they_changed(page_of, role):
    page = page_of(role, f"/analytics{A_WEEK}")
    # $2,500.00 less $100.50 sent back; the euros stand for themselves.
    assert "Referred friends brought $2,400 + €99.00 from November 16 to November 22" in page
    # 2,399.50 is 19.975% more than 2,000.00; cost 480.00 is 20.004% of 2,399.50.
    assert "20% more than in the 7 days before. Rewards cost 20% of it." in page
    expected = {"clicks": "400", "visitors": "250", "signups": "40", "purchases": "50"}
    assert figures(page) == {**expected, "revenue": "239950", "reward_cost": "48000"}
    assert re.search(r'data-value="9900"\s+data-currency="EUR">€99.00<', page)
    changes = re.findall(r'class="change (\w+)">.*?</svg>(.*?)</span>\s*<span>(.*?)</span>', page, re.DOTALL)
    assert changes == [
        ("good", "100%", "from 200"),
        ("good", "150%", "from 100"),
        ("good", "100%", "from 20"),
        ("good", "150%", "from 20"),
        ("good", "20%", "from $2,000"),
        ("muted", "$480 more", "from $0.00"),
    ]


@pytest.mark.usefixtures("history")
def test_few_things_have_no_percentage(page_of):
    page = page_of("marketer", "/analytics?from=2026-11-20&to=2026-11-21")
    assert re.search(r"10 more</span>\s*<span>from 0", page)
    assert not re.search(r"\d%</span>\s*<span>from", page)


@pytest.mark.usefixtures("history")
def test_the_charts_are_drawn_from_the_rows_of_their_tables(page_of):
    page = page_of("marketer", f"/analytics{A_WEEK}")
    drawn = charts(page)
    rows = list(reversed(table_rows(page, "Table of days")))
    assert [row[0] for row in rows] == [f"Nov {day}" for day in range(16, 23)]
    before, purchases, signups = drawn["signups-and-purchases"]["data"]
    assert [str(count) for count in signups["y"]] == [row[3] for row in rows]
    assert [str(count) for count in purchases["y"]] == [row[4] for row in rows]
    assert before["y"] == [0, 0, 0, 0, 0, 0, 20]
    revenue, cost = drawn["revenue"]["data"]
    assert cost["customdata"] == [row[6].split(" + ")[0] for row in rows]
    assert revenue["customdata"] == [row[5].split(" + ")[0] for row in rows]
    assert (revenue["y"][-1], rows[-1][5]) == ("2399.50", "$2,399.50 + €99.00")
    assert drawn["visits"]["data"][1]["y"] == [0, 0, 0, 0, 100, 0, 300]
    assert [[step, count] for step, count, _ in table_rows(page, "Table of steps")] == [
        [step, str(count)]
        for step, count in zip(drawn["funnel"]["data"][0]["y"], drawn["funnel"]["data"][0]["x"], strict=True)
    ]
    assert {trace["type"] for chart in drawn.values() for trace in chart["data"]} == {"scatter", "bar"}


@pytest.mark.usefixtures("history")
def test_a_sentence_says_what_a_chart_shows(page_of):
    page = page_of("marketer", f"/analytics{A_WEEK}")
    assert sentence(page, "signups-and-purchases") == (
        "40 friends joined from November 16 to November 22, 100% more than in the 7 days before. 50 purchases in all."
        " The most on one day: 30, on November 22."
    )
    assert sentence(page, "funnel") == (
        "250 visitors came from November 16 to November 22 and 40 joined (16%). Of those who joined, 30 bought (75%)"
        " and 10 came back for more (33%)."
    )
    assert page.count(f'aria-label="{sentence(page, "funnel")}"') == 1


@pytest.mark.usefixtures("history")
def test_a_rule_that_was_published_is_marked_and_nothing_breaks_out_of_the_data(page_of):
    page = page_of("marketer", f"/analytics{A_WEEK}")
    (mark,) = charts(page)["signups-and-purchases"]["layout"]["annotations"]
    assert (mark["x"], mark["text"]) == ("2026-11-19", "A fifth &lt;/script&gt;, v1")
    assert "fifth </script>" not in page


@pytest.mark.usefixtures("history")
def test_those_who_brought_the_most_by_name_and_never_by_mail(page_of):
    page = page_of("marketer", f"/analytics{A_WEEK}")
    assert [row[:5] for row in table_rows(page, "Table of referrers")] == [
        ["Ada Okafor", "20", "30", "2%", "$1,500.00"],
        ["=Cara Diaz", "10", "10", "—", "$899.50 €99.00"],
    ]
    assert "The first 2 bring 100% of the revenue." in page
    assert "secret" not in page
    assert "@" not in page.partition("<main")[2]


def test_a_link_alone(page_of, history):
    page = page_of("marketer", f"/analytics{A_WEEK}&link={history['cara_link']}")
    assert "Referred friends brought $900 + €99.00 from" in page
    # What rules cost is not known by link.
    expected = {"clicks": "50", "visitors": "10", "signups": "10", "purchases": "10", "revenue": "89950"}
    assert figures(page) == expected
    assert "Only the link &lt;/script&gt;&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "Reward cost" not in page
    assert "Table of referrers" not in page


def test_a_file_of_days_has_exact_amounts_and_counts_once_a_day(marketer, history):
    response = marketer.get(f"/analytics/days.csv{A_WEEK}")
    assert response.headers["Content-Disposition"] == 'attachment; filename="days-2026-11-16-2026-11-22.csv"'
    lines = response.get_data(as_text=True).splitlines()
    assert lines[0].removeprefix("\ufeff") == (
        "Day,Clicks,Visitors,Signups,Purchases,Currency,Paid,Refunded,Revenue,Granted,Withdrawn,Reward cost"
    )
    assert len(lines) == 1 + 7 + 2
    assert lines[-2:] == [
        "2026-11-22,300,200,30,40,USD,2500.00,100.50,2399.50,500.00,20.00,480.00",
        "2026-11-22,,,,,EUR,99.00,0.00,99.00,0.00,0.00,0.00",
    ]
    narrowed = marketer.get(f"/analytics/days.csv{A_WEEK}&referrer={history['ada']}").get_data(as_text=True)
    assert narrowed.splitlines()[-1] == "2026-11-22,250,150,20,30,USD,1500.00,0.00,1500.00"
