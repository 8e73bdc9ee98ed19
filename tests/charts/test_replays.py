"""The charts of a replay."""

from webapp.charts.replays import MonthBars, SignedBar, replay_months_chart, replay_people_chart, replay_steps_chart
from webapp.domain.money import Money


def bar(name, minor):
    return SignedBar(name, Money(minor, "USD"), f"{minor}")


def test_each_month_has_a_bar_for_either_side():
    months = [
        MonthBars("May", Money(179000, "USD"), "$1,790", Money(170900, "USD"), "$1,709"),
        MonthBars("<Jun>", Money(0, "USD"), "$0", Money(5, "USD"), "$0.05"),
    ]
    paid, draft = replay_months_chart(months, paid="Paid", draft="Draft", prefix="$", suffix="").data
    assert (paid["name"], paid["y"], paid["customdata"]) == ("Paid", ["1790.00", "0.00"], ["$1,790", "$0"])
    assert (draft["name"], draft["y"], draft["x"]) == ("Draft", ["1709.00", "0.05"], ["May", "&lt;Jun&gt;"])


def test_each_step_stands_on_where_the_one_before_it_ended():
    steps = [bar("First purchases", 192000), bar("Later purchases", -360000), bar("Limits", 22200)]
    under, over = replay_steps_chart(bar("Paid", 1583300), steps, bar("Draft", 1437500)).data
    assert under["y"] == ["0", "15833.00", "14153.00", "14153.00", "0"]
    assert over["y"] == ["15833.00", "1920.00", "3600.00", "222.00", "14375.00"]
    assert over["x"][1] == "First<br>purchases"
    colours = over["marker"]["color"]
    assert colours[1] == colours[3] != colours[2]


def test_steps_below_nothing_are_drawn_too():
    under, over = replay_steps_chart(bar("Paid", 100), [bar("Limits", -300), bar("First", 500)], bar("Draft", 300)).data
    assert under["y"] == ["0", "-2.00", "-2.00", "0"]
    assert over["y"] == ["1.00", "3.00", "5.00", "3.00"]


def test_people_stand_in_their_order_and_namesakes_apart():
    people = [bar("Ada Okafor", 218), bar("Ada Okafor", 5), bar("Ben Carter", -312)]
    chart = replay_people_chart(people)
    (bars,) = chart.data
    assert bars["y"] == ["Ada Okafor", "Ada Okafor (2)", "Ben Carter"]
    assert bars["x"] == ["2.18", "0.05", "-3.12"]
    assert bars["marker"]["color"][0] == bars["marker"]["color"][1] != bars["marker"]["color"][2]
    assert chart.layout["yaxis"]["autorange"] == "reversed"
    least, most = map(float, chart.layout["xaxis"]["range"])
    assert least < -3.12
    assert most > 2.18
