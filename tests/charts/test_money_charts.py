"""Charts of money: exact decimals in text, with the same amounts in words under the pointer."""

from datetime import date, timedelta

from webapp.charts.money_days import MoneyNames, MoneyPoint, money_days_chart
from webapp.charts.rule_days import RuleStack, rule_days_chart
from webapp.domain.money import Money

DAYS = [date(2026, 11, 1) + timedelta(days=n) for n in range(3)]


def test_revenue_is_bars_and_cost_a_line_over_them():
    points = [
        MoneyPoint(day, Money(minor, "USD"), f"${minor}", Money(100, "USD"), "$1")
        for day, minor in zip(DAYS, (1999, 0, -550), strict=True)
    ]
    chart = money_days_chart(points, MoneyNames("Revenue", "Reward cost", prefix="$"))
    revenue, cost = chart.data
    assert [(trace["type"], trace["name"]) for trace in chart.data] == [("bar", "Revenue"), ("scatter", "Reward cost")]
    assert revenue["x"] == cost["x"] == ["2026-11-01", "2026-11-02", "2026-11-03"]
    assert revenue["y"] == ["19.99", "0.00", "-5.50"]
    assert revenue["customdata"] == ["$1999", "$0", "$-550"]
    assert cost["y"] == ["1.00", "1.00", "1.00"]
    assert chart.layout["yaxis"]["type"] == "linear"
    assert chart.layout["yaxis"]["tickprefix"] == "$"


def test_a_cost_that_is_not_known_is_not_drawn():
    (revenue,) = money_days_chart([MoneyPoint(DAYS[0], Money(5, "JPY"), "¥5")], MoneyNames("Revenue", "Cost")).data
    assert revenue["y"] == ["5"]


def test_rules_are_stacked_in_their_order_and_those_behind_the_fifth_are_grey():
    stacks = [RuleStack(f"Rule {number}", [Money(number, "USD")] * 3, [f"${number}"] * 3) for number in range(1, 7)]
    chart = rule_days_chart(DAYS, stacks)
    assert chart.layout["barmode"] == "stack"
    assert [trace["name"] for trace in chart.data] == [f"Rule {number}" for number in range(1, 7)]
    assert chart.data[1]["y"] == ["0.02"] * 3
    assert chart.data[1]["customdata"] == ["$2"] * 3
    colours = [trace["marker"]["color"] for trace in chart.data]
    assert colours == [f"var(--gv-c{number})" for number in (1, 2, 3, 4, 5, 0)]


def test_the_name_of_a_rule_is_text_and_never_markup():
    (trace,) = rule_days_chart(DAYS, [RuleStack("<b>R&D</b>", [Money(1, "USD")] * 3, ["$1"] * 3)]).data
    assert trace["name"] == "&lt;b&gt;R&amp;D&lt;/b&gt;"
