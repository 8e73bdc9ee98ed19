"""What a rule would pay, said beside its form; and a kind that is dropped in."""

import re
from dataclasses import dataclass, field
from typing import ClassVar

import pytest

from tests.views.admin.rule_forms import AMOUNT, PERCENT, PLAN, hidden, id_of, row, said, send, versions
from webapp.domain.facts import Earned
from webapp.domain.money import Money
from webapp.domain.registry import KINDS, MinorUnits, Setting, reward_rule
from webapp.domain.sentences import Sentence
from webapp.forms.rule_settings import control_of

pytestmark = [pytest.mark.usefixtures("staff"), pytest.mark.parametrize("databases", ["sqlite"], indirect=True)]


def example(client, data, path="/admin/rules/example"):
    return said(send(client, path, data, headers={"HX-Request": "true"}))


def test_the_example_says_in_money_what_the_rule_would_pay(app, admin, twenty):
    data = PERCENT | row(0, **AMOUNT) | row(1, **PLAN) | {"setting_percent": "25", "hold_days": "7", "name": ""}
    tried = {"example_amount": "42.00", "example_currency": "USD", "example_nth": "1", "example_detail.plan": "pro"}
    words = example(admin, data | tried, f"/admin/rules/example?rule={id_of(app)}")
    assert "The referrer gets $10.50 25% of $42.00 is $10.50." in words
    assert "Version 1 pays $8.40. Ready 7 days later." in words
    assert "$42.00, purchase 2 $10.50" in words
    assert "$42.00, purchase 13 Only the first 12 purchases count. nothing" in words
    assert "$19.99, purchase 1 The amount must be at least $20.00, and was $19.99. nothing" in words
    assert "“plan” is something else, or not reported" in words
    assert "The referrer gets nothing" in example(admin, data | tried | {"example_detail.plan": "basic"})
    assert len(versions(app)) == 1


def test_an_example_of_a_form_that_is_not_finished_says_what_is_missing(admin):
    tried = {"example_amount": "42", "example_currency": "USD", "example_nth": "1"}
    words = example(admin, PERCENT | tried | {"setting_percent": "", "hold_days": "x"})
    assert "Percentage: Please write a percentage" in words
    assert "Hold: Please write a whole number" in words
    assert "Amount: Please write an amount" in example(admin, PERCENT | tried | {"example_amount": "?"})


def test_an_example_before_the_start_is_of_the_day_it_starts(admin):
    tried = {"example_amount": "42", "example_currency": "USD", "example_nth": "1", "starts_at": "2030-01-01T00:00"}
    assert "The referrer gets $8.40" in example(admin, PERCENT | tried)


@pytest.fixture
def dropped_in():
    """A kind that nobody has seen before, with a sentence for some of its settings only."""

    @reward_rule("by_weight", label="By weight", sentence="%(per_kilo)s for each kilo")
    @dataclass(frozen=True, slots=True)
    class ByWeight:
        per_kilo: MinorUnits
        most_kilos: int = field(default=10, metadata={"label": "Most kilos", "hint": "Heavier ones count as this."})
        proportional: ClassVar[bool] = False

        def reward(self, facts):
            return Earned(Money(self.per_kilo * self.most_kilos, "USD"), (Sentence("As dropped in."),))

    yield
    del KINDS["by_weight"]


@pytest.mark.usefixtures("dropped_in")
def test_a_kind_that_is_dropped_in_has_its_form_at_once(app, admin):
    assert "By weight" in admin.get("/admin/rules/new").get_data(as_text=True)
    page = admin.get("/admin/rules/new?kind=by_weight").get_data(as_text=True)
    assert "for each kilo" in page
    assert 'aria-label="Per kilo"' in page
    assert re.search(r'<label class="form-label" for="setting_most_kilos">Most kilos</label>', page)
    assert "Heavier ones count as this." in page
    data = {name: value for name, value in PERCENT.items() if not name.startswith("setting_")}
    data |= {"kind": "by_weight", "setting_per_kilo": "1.50", "setting_most_kilos": "nine"}
    assert "Please write a whole number" in send(admin, "/admin/rules/new/review", data, 422)
    data |= {"setting_most_kilos": "9"}
    tried = {"example_amount": "42", "example_currency": "USD", "example_nth": "1"}
    assert "The referrer gets $13.50 As dropped in." in example(admin, data | tried)
    page = send(admin, "/admin/rules/new/review", data)
    assert "By weight (Per kilo: 150, Most kilos: 9)" in said(page)
    send(admin, "/admin/rules", {"definition": hidden(page, "definition"), "number": "0", "note": "New"}, 303)
    assert versions(app)[0][2].table()["settings"] == {"per_kilo": 150, "most_kilos": 9}
    assert "By weight (Per kilo: 150, Most kilos: 9)" in said(admin.get("/admin/rules").get_data(as_text=True))


def test_a_setting_of_a_type_without_a_control_is_typed_as_in_a_rules_file():
    control = control_of(Setting("steps", "Steps", "", list))
    steps = [{"friends": 5, "amount": 1000}, {"friends": 15, "amount": 2500}]
    assert control.read(" ".join(control.show(steps, "USD").split()), "USD") == steps
