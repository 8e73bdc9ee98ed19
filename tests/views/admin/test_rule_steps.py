"""Kinds that count friends, and groups of which only one rule pays, written in the form."""

import json
import re
from html import unescape

import pytest

from tests import money
from tests.factories import submit
from tests.views.admin.rule_forms import PERCENT, hidden, id_of, row, said, send, versions
from webapp.database import write_transaction
from webapp.domain.registry import KINDS
from webapp.domain.rules import to_stored

pytestmark = [pytest.mark.usefixtures("staff"), pytest.mark.parametrize("databases", ["sqlite"], indirect=True)]

SWAP = {"HX-Request": "true"}
COMMON = {name: value for name, value in PERCENT.items() if not name.startswith("setting_")}
TRIED = {"example_amount": "50.00", "example_currency": "USD", "example_nth": "1"}


def step(number, friends, paid, pays="percent"):
    return row(number, "setting_steps", friends=friends, **{pays: paid})


TIERED = {**COMMON, "kind": "tiered_percent", "setting_period": "month", **step(0, "1", "10"), **step(1, "10", "12.5")}
MILESTONE = {
    **COMMON,
    "kind": "milestone",
    "setting_currency": "USD",
    "setting_period": "lifetime",
    **step(0, "3", "10", "amount"),
    **step(4, "10", "49.99", "amount"),
}


def controls(page):
    """Return what a form holds as a browser would send it, without what the page needs for itself."""
    page = page.partition('id="rule-form"')[2].partition("</form>")[0]
    found = {}
    for tag in re.findall(r"<input\b[^>]*>", page):
        name, value = (re.search(rf'\b{what}="([^"]*)"', tag) for what in ("name", "value"))
        if name and ('type="checkbox"' not in tag or re.search(r"\bchecked\b", tag)):
            found[name[1]] = unescape(value[1]) if value else ""
    for name, choices in re.findall(r'<select\b[^>]*\bname="([^"]*)"[^>]*>(.*?)</select>', page, re.DOTALL):
        chosen = re.search(r'<option selected value="([^"]*)"', choices) or re.search(r'value="([^"]*)"', choices)
        found[name] = unescape(chosen[1])
    return {name: value for name, value in found.items() if name != "csrf_token"}


def steps_of(page):
    return {name: value for name, value in controls(page).items() if name.startswith("setting_steps-")}


def problems(page):
    """Return the control of each problem that is said at one, and its words."""
    found = re.findall(r'<p class="hint bad"\s+id="([\w-]+)-error">(.*?)</p>', page, re.DOTALL)
    assert all(f'aria-describedby="{name}-error"' in page for name, _words in found)
    return {name: said(words).strip() for name, words in found}


def publish(client, data):
    page = send(client, "/admin/rules/new/review", data)
    send(client, "/admin/rules", {"definition": hidden(page, "definition"), "number": "0", "note": "New"}, 303)
    return said(page)


def example(client, data):
    return said(send(client, "/admin/rules/example", TRIED | data, headers=SWAP))


@pytest.mark.parametrize(
    ("data", "settings", "words"),
    [
        (
            TIERED | {"setting_whole_period": "y"},
            {
                "steps": [{"friends": 1, "percent": "10"}, {"friends": 10, "percent": "12.5"}],
                "period": "month",
                "whole_period": True,
            },
            "10% from one friend on, 12.5% from 10 friends on, counted anew each month, for all of that time",
        ),
        (
            MILESTONE,
            {
                "steps": [{"friends": 3, "amount": 1000}, {"friends": 10, "amount": 4999}],
                "currency": "USD",
                "period": "lifetime",
            },
            "a bonus ($10.00 at 3 friends, $49.99 at 10 friends, counted from the first on)",
        ),
        (
            {**MILESTONE, "setting_currency": "JPY", **step(4, "10", "5,000", "amount")},
            {
                "steps": [{"friends": 3, "amount": 10}, {"friends": 10, "amount": 5000}],
                "currency": "JPY",
                "period": "lifetime",
            },
            "¥5,000 at 10 friends",
        ),
    ],
    ids=["tiered_percent", "milestone", "yen"],
)
def test_steps_are_published_as_they_were_typed(app, admin, data, settings, words):
    assert words in publish(admin, data)
    ((_number, _state, published, _note),) = versions(app)
    assert published.table()["settings"] == settings


ROUND = {
    "coupon_from_pool": {"settings": {"pool": "autumn"}, "reward": "coupon"},
    "percent_of_purchase": {"settings": {"percent": "12.5", "first_purchases": 3}},
    "fixed_amount": {"settings": {"amount": 1999, "currency": "EUR"}},
    "first_purchase": {"settings": {"amount": 1500, "currency": "JPY"}},
    "recurring": {"settings": {"percent": "10", "months": 6}},
    "staggered": {"settings": {"percent": "20", "then_percent": "0.5", "first_months": 12, "months": 24}},
    "tiered_percent": {
        "settings": {
            "steps": [{"friends": 2, "percent": "7.5"}, {"friends": 1000, "percent": "100"}],
            "period": "week",
            "whole_period": True,
        },
        "exclusive": "purchase-bonus",
    },
    "milestone": {
        "settings": {
            "steps": [{"friends": 1, "amount": 5}, {"friends": 4, "amount": 123456}],
            "currency": "KWD",
            "period": "year",
        }
    },
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_form_of_each_kind_says_what_was_published_and_keeps_what_is_typed(app, admin, kind):
    pool = {"name": "Autumn", "key": "autumn", "low_at": "0"}
    assert submit(admin, "/admin/coupon-pools", pool, page="/admin/coupon-pools/new").status_code == 303
    with app.app_context(), write_transaction() as session:
        money.publish(session, kind=kind, **ROUND[kind])
    path = f"/admin/rules/{id_of(app)}"
    typed = controls(admin.get(f"{path}/edit").get_data(as_text=True))
    page = send(admin, f"{path}/review", typed)
    assert "Nothing differs from version 1" in said(page)
    ((_number, _state, published, _note),) = versions(app)
    assert hidden(page, "definition").replace(" ", "") == json_of(published)
    # An error anywhere brings back all that stands in the form, and so does whatever redraws it.
    wrong = typed | {"hold_days": "soon"}
    assert controls(send(admin, f"{path}/review", wrong, 422)) == wrong
    assert controls(send(admin, f"{path}/edit", typed | {"action": "example"})) == typed


def json_of(rule):
    return json.dumps(to_stored(rule)).replace(" ", "")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (step(1, "1", "20"), {"1-friends": "Friends: Another step is at this number already"}),
        (step(0, "12", "20"), {"1-friends": "Friends: Please write more than 12: it rises from step to step."}),
        (step(0, "", "10"), {"0-friends": "Friends: Please write the number of friends."}),
        (step(0, "1.5", "10"), {"0-friends": "Friends: Please write a whole number from 1 to 1000000."}),
        (step(1, "0", "10"), {"1-friends": "Friends: Please write a whole number"}),
        (step(1, "10", "101"), {"1-percent": "Percentage: Please write a percentage above 0 and up to 100"}),
        (
            step(0, "", "") | step(2, "10", "x"),
            {
                "0-friends": "Friends: Please write the number of friends.",
                "0-percent": "Percentage: Please write a percentage",
                "2-friends": "Friends: Another step is at this number already",
                "2-percent": "Percentage: Please write a percentage",
            },
        ),
    ],
    ids=str,
)
def test_what_is_wrong_with_a_step_is_said_at_its_cell(app, admin, changes, expected):
    data = TIERED | changes
    page = send(admin, "/admin/rules/new/review", data, 422)
    found = {name.removeprefix("setting_steps-"): words for name, words in problems(page).items()}
    assert found.keys() == expected.keys()
    assert all(found[name].startswith(words) for name, words in expected.items())
    assert "One field needs another look. Nothing was saved yet." in said(page)
    assert steps_of(page) == {name: value for name, value in data.items() if name.startswith("setting_steps-")}
    assert versions(app) == []
    last = max(expected)
    assert f"Step {int(last[0]) + 1}: {expected[last].partition(': ')[2]}" in example(admin, data)


@pytest.mark.parametrize(
    ("data", "at", "sentence"),
    [
        (MILESTONE | step(4, "10", "5.005", "amount"), "setting_steps-4-amount", "Bonus: USD has 2 decimals"),
        (
            MILESTONE | step(0, "3", "0", "amount"),
            "setting_steps-0-amount",
            "Bonus: Please write an amount above zero.",
        ),
        (MILESTONE | {"setting_period": "decade"}, "setting_period", "Please choose one."),
        (MILESTONE | {"beneficiary": "friend"}, "beneficiary", "please choose the referrer"),
        (TIERED | {"beneficiary": "friend"}, "beneficiary", "please choose the referrer"),
        (PERCENT | {"exclusive": "Purchase bonus"}, "exclusive", "small letters and digits with hyphens"),
        ({**COMMON, "kind": "tiered_percent", "setting_period": "day"}, "setting_steps", "Please add a step"),
        (
            TIERED | {name: value for number in range(21) for name, value in step(number, number + 1, "5").items()},
            "setting_steps",
            "Please remove steps: there can be 20 at most.",
        ),
    ],
    ids=str,
)
def test_what_is_wrong_besides_is_said_at_its_field(app, admin, data, at, sentence):
    page = send(admin, "/admin/rules/new/review", data, 422)
    ((name, words),) = problems(page).items()
    assert (name, sentence in words) == (at, True)
    assert sentence.removeprefix("Bonus: ") in example(admin, data)
    assert versions(app) == []


def test_steps_come_and_go_without_a_script(app, admin):
    page = send(admin, "/admin/rules/new", TIERED | {"action": "add:setting_steps"})
    assert steps_of(page) == {**step(0, "1", "10"), **step(1, "10", "12.5"), **step(2, "", "")}
    assert re.search(r'<input autocomplete="off" autofocus[^>]*id="setting_steps-2-friends"', page) or re.search(
        r'<input[^>]*\bautofocus\b[^>]*id="setting_steps-2-friends"', page
    )
    page = send(admin, "/admin/rules/new", TIERED | {"action": "remove:setting_steps-0"})
    assert steps_of(page) == step(1, "10", "12.5")
    # What is left keeps its name, and so the next button takes out the right one.
    page = send(admin, "/admin/rules/new", controls(page) | {"action": "remove:setting_steps-1"})
    assert steps_of(page) == {}
    assert re.search(r'id="add-setting_steps"\s+autofocus', page)
    assert "Step 1" not in said(page)
    assert versions(app) == []


def test_of_two_conditions_both_can_be_taken_out_one_after_the_other(admin):
    data = PERCENT | row(0, field="product", op="=", value="a") | row(1, field="product", op="=", value="b")
    page = send(admin, "/admin/rules/new", data | {"action": "remove:conditions-0"})
    assert controls(page)["conditions-1-value"] == "b"
    page = send(admin, "/admin/rules/new", controls(page) | {"action": "remove:conditions-1"})
    assert "conditions-1-value" not in controls(page)


def test_with_a_script_only_the_steps_are_swapped_and_there_are_no_more_than_twenty(admin):
    many = {name: value for number in range(19) for name, value in step(number, number + 1, "5").items()}
    part = send(admin, "/admin/rules/new", TIERED | many | {"action": "add:setting_steps"}, headers=SWAP)
    assert "<html" not in part
    assert part.count('role="group"') == 20
    assert "There can be 20 steps at most." in said(part)
    assert "Add a step" not in said(part)


def test_steps_stay_when_the_kind_is_changed_and_changed_back(admin):
    data = TIERED | {"setting_whole_period": "y"}
    page = send(admin, "/admin/rules/new", data | {"action": "kind:milestone"})
    assert 'aria-label="Step 2: bonus"' in page
    sent = controls(page)
    assert sent["setting_steps-1-friends"] == "10"
    assert sent["setting_period"] == "month"
    page = send(admin, "/admin/rules/new", sent | {"action": "kind:fixed_amount"})
    page = send(admin, "/admin/rules/new", controls(page) | {"action": "kind:tiered_percent"})
    assert steps_of(page).items() >= steps_of(send(admin, "/admin/rules/new", data | {"action": "example"})).items()
    assert controls(page)["setting_whole_period"] == "y"
    assert 'aria-label="Step 3' not in page
    # One that was taken out meanwhile is gone.
    page = send(admin, "/admin/rules/new", sent | {"action": "remove:setting_steps-0"})
    page = send(admin, "/admin/rules/new", controls(page) | {"action": "kind:tiered_percent"})
    assert steps_of(page) == step(1, "10", "12.5")
    # Another kind begins with one empty step.
    page = send(admin, "/admin/rules/new", PERCENT | {"action": "kind:milestone"})
    assert steps_of(page) == step(0, "", "", "amount")


def test_an_example_says_what_each_step_pays(admin):
    words = example(admin, TIERED)
    assert "The referrer gets $5.00 One friend counts, so it is 10%: of $50.00 that is $5.00." in words
    assert "With 10 friends who count 10 friends count, so it is 12.5%: of $50.00 that is $6.25. $6.25" in words
    words = example(admin, TIERED | {"example_friends": "12"})
    assert "The referrer gets $6.25 12 friends count" in words
    assert "With one friend who counts" in words
    words = example(admin, MILESTONE)
    assert "The referrer gets $10.00 3 friends: a bonus of $10.00." in words
    assert "With 2 friends who count 2 friends count; the next bonus comes at 3. nothing" in words
    assert "With 10 friends who count 10 friends: a bonus of $49.99. $49.99" in words
    assert "$50.00, purchase 2 It does not bring one more friend who counts. nothing" in words
    assert "The referrer gets nothing It does not bring" in example(admin, MILESTONE | {"example_nth": "2"})
    assert "Friends who count: Please write a whole number" in example(admin, MILESTONE | {"example_friends": "few"})
    assert "Friends who count" not in said(send(admin, "/admin/rules/new", PERCENT | {"action": "example"}))


def test_a_group_is_said_wherever_a_rule_is(app, admin):
    says = "Of the rules in “purchase-bonus” only the one worth most pays"
    with app.app_context(), write_transaction() as session:
        money.publish(session, exclusive="purchase-bonus")
    first = f"/admin/rules/{id_of(app)}"
    words = said(admin.get(first).get_data(as_text=True))
    assert says in words
    assert "No other rule is in it, so this one always pays." in words
    assert says in said(admin.get("/admin/rules").get_data(as_text=True))
    # Whoever writes another one sees which groups there are, and whose.
    page = admin.get("/admin/rules/new?kind=fixed_amount").get_data(as_text=True)
    assert '<option value="purchase-bonus">' in page
    assert "In “purchase-bonus”: 20% of each purchase" in said(page)
    assert says in publish(admin, MILESTONE | {"name": "Milestones", "exclusive": " purchase-bonus "})
    words = said(admin.get(first).get_data(as_text=True))
    assert "For an event only one of them pays, the one worth most. Besides this rule: Milestones Live" in words
    # A change of something else leaves it in, and it can be left.
    typed = controls(admin.get(f"{first}/edit").get_data(as_text=True))
    assert typed["exclusive"] == "purchase-bonus"
    words = said(send(admin, f"{first}/review", typed | {"exclusive": ""}))
    assert f"Group No longer: {says}" in re.sub(r" +", " ", words)


def test_steps_are_read_and_shown_with_the_readers_decimal_mark(app, marta):
    german = {"Accept-Language": "en-DE"}
    data = {**MILESTONE, **step(4, "10", "1.234,50", "amount")}
    page = send(marta, "/admin/rules/new/review", data, headers=german)
    send(marta, "/admin/rules", {"definition": hidden(page, "definition"), "number": "0", "note": "New"}, 303)
    ((_number, _state, published, _note),) = versions(app)
    assert published.table()["settings"]["steps"][1] == {"friends": 10, "amount": 123450}
    page = marta.get(f"/admin/rules/{id_of(app)}/edit", headers=german).get_data(as_text=True)
    assert steps_of(page)["setting_steps-1-amount"] == "1234,50"
    data = {**TIERED, **step(1, "10", "12,50 %")}
    part = send(marta, "/admin/rules/example", {**TRIED, **data, "example_amount": "50,00"}, headers=german | SWAP)
    assert "of 50,00 US$ that is 6,25 US$" in said(part)
