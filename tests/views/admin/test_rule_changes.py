"""Writing a reward rule: its form, the last look, and publishing."""

import json
import re
from html import unescape

import pytest

from tests import factories
from tests.factories import NOON
from tests.money import DAY, TWENTY_PERCENT, publish, rule
from tests.views.admin.rule_forms import AMOUNT, FIXED, PERCENT, PLAN, hidden, id_of, row, said, send, versions
from webapp.database import write_transaction
from webapp.domain.registry import KINDS

pytestmark = [pytest.mark.usefixtures("staff"), pytest.mark.parametrize("databases", ["sqlite"], indirect=True)]


def test_a_new_rule_begins_with_its_kind(admin):
    page = admin.get("/admin/rules/new").get_data(as_text=True)
    for name in KINDS:
        assert f"/admin/rules/new?kind={name}" in page
    assert "20% of what the friend pays, for their first 12 purchases: a purchase of $49.99 earns $10.00." in said(page)
    form = admin.get("/admin/rules/new?kind=fixed_amount").get_data(as_text=True)
    assert 'name="setting_amount"' in form
    assert re.search(r'<option selected value="USD">', form)
    assert "Amount: Please write an amount, as in 20.00." in said(form)


def test_nothing_is_published_before_the_last_look_and_a_note(app, admin):
    page = send(admin, "/admin/rules/new/review", PERCENT)
    assert versions(app) == []
    assert "Publish version 1" in page
    assert "The referrer gets 20% of what the friend pays" in said(page)
    assert 'key = "20-percent-for-friends-friends"' in unescape(page)
    last = {"definition": hidden(page, "definition"), "number": hidden(page, "number")}
    assert "Please write why" in send(admin, "/admin/rules", last | {"note": ""}, 422)
    assert "at most 500 characters" in send(admin, "/admin/rules", last | {"note": "x" * 501}, 422)
    assert "one line" in send(admin, "/admin/rules", last | {"note": "a\nb"}, 422)
    assert versions(app) == []
    location = send(admin, "/admin/rules", last | {"note": "To begin with"}, 303)
    ((number, state, published, note),) = versions(app)
    assert (number, state, note) == (1, "live", "To begin with")
    assert published == rule(key="20-percent-for-friends-friends", name="20% for friends' friends")
    assert "Version 1 is live." in admin.get(location).get_data(as_text=True)


def test_all_that_a_rule_can_say_can_be_said_by_the_form(app, admin):
    with app.app_context(), write_transaction() as session:
        factories.program(session).time_zone = "Europe/Berlin"
    data = {
        **FIXED,
        "key": "gift",
        "trigger": "other",
        "trigger_type": "gift.box",
        "beneficiary": "friend",
        "setting_amount": "1,500",
        "setting_currency": "JPY",
        "hold_days": "0",
        "starts_at": "2027-01-01T00:00",
        "ends_at": "2027-06-30T23:59:30",
        **row(0, **AMOUNT),
        **row(1, field="currency", op="not_in", value="usd, EUR"),
        **row(2, field="nth_purchase", op="=", value="3"),
        **row(5, **PLAN),
        **row(7, field="metadata.", detail="zip", op="=", value='"0123"'),
        **row(8, field="metadata.", detail="boxes", op=">", value="2"),
        **row(9, field="metadata.", detail="gift", op="=", value="True"),
        **row(0, "others", field="type", op="=", value="gift.box"),
        "per_referrer-most": "5",
        "per_referrer-unit": "rewards",
        "per_referrer-period": "year",
        "program-most": "1.234",
        "program-unit": "KWD",
        "program-period": "lifetime",
    }
    page = send(admin, "/admin/rules/new/review", data)
    assert "From Jan 1, 2027 at 12:00" in said(page)
    send(admin, "/admin/rules", {"definition": hidden(page, "definition"), "number": "0", "note": "All"}, 303)
    ((_number, _state, published, _note),) = versions(app)
    assert published.table() == {
        "key": "gift",
        "name": "20% for friends' friends",
        "trigger": "gift.box",
        "beneficiary": "friend",
        "kind": "fixed_amount",
        "settings": {"amount": 1500, "currency": "JPY"},
        "reward": "cash",
        "hold_days": 0,
        "starts_at": published.starts_at,
        "ends_at": published.ends_at,
        "when": {
            "all": [
                {"field": "amount", "op": ">=", "value": 2000, "currency": "USD"},
                {"field": "currency", "op": "not_in", "value": ["USD", "EUR"]},
                {"field": "nth_purchase", "op": "=", "value": 3},
                {"field": "metadata.plan", "op": "in", "value": ["pro", "team"]},
                {"field": "metadata.zip", "op": "=", "value": "0123"},
                {"field": "metadata.boxes", "op": ">", "value": 2},
                {"field": "metadata.gift", "op": "=", "value": True},
            ],
            "any": [{"field": "type", "op": "=", "value": "gift.box"}],
        },
        "limits": {
            "per_referrer": {"count": 5, "period": "year"},
            "program": {"amount": 1234, "currency": "KWD", "period": "lifetime"},
        },
    }
    assert published.starts_at.isoformat() == "2026-12-31T23:00:00+00:00"
    assert published.ends_at.isoformat() == "2027-06-30T21:59:30+00:00"
    # The form that it is opened in says the same again.
    page = admin.get(f"/admin/rules/{id_of(app)}/edit").get_data(as_text=True)
    fields = {}
    for tag in re.findall(r"<input[^>]*>", page):
        name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
        if name:
            fields[name[1]] = unescape(value[1]) if value else ""
    for name, body in re.findall(r'<select[^>]*name="([^"]*)"[^>]*>(.*?)</select>', page, re.DOTALL):
        fields[name] = unescape(re.search(r'<option selected value="([^"]*)"', body)[1])
    assert "Nothing differs from version 1" in send(admin, f"/admin/rules/{id_of(app)}/review", fields)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"name": " "}, "Please write a name."),
        ({"name": "x" * 121}, "at most 120 characters"),
        ({"key": "No Spaces"}, "small letters and digits with hyphens"),
        ({"name": "折扣"}, "none can be made from this name"),
        ({"setting_percent": "101"}, "Please write a percentage above 0 and up to 100"),
        ({"setting_first_purchases": "0"}, "Please write a whole number from 1 to 1000000."),
        ({**FIXED, "setting_amount": "5.005"}, "USD has 2 decimals: please write no more."),
        ({**FIXED, "setting_amount": "5.5", "setting_currency": "JPY"}, "JPY has no decimals"),
        ({**FIXED, "setting_amount": "five"}, "Please write an amount, as in 20.00."),
        ({**FIXED, "setting_amount": "0"}, "Please write an amount above zero."),
        ({**FIXED, "setting_currency": "XXX"}, "Please choose a currency."),
        ({"trigger": "other", "trigger_type": "Two Words"}, "Please write the type as you report it"),
        ({"beneficiary": "nobody"}, "Please choose one."),
        ({"hold_days": "401"}, "Please write a whole number from 0 to 400."),
        ({"starts_at": "tomorrow"}, "Please write a day and a time"),
        ({"starts_at": "2027-01-02T00:00", "ends_at": "2027-01-01T00:00"}, "an end that is later than the start"),
        (row(0, **AMOUNT | {"value": "lots"}), "Please write an amount, as in 20.00."),
        (row(0, **AMOUNT | {"op": "in"}), "this field cannot be compared like that"),
        (row(0, **AMOUNT | {"currency": "AAA"}), "Please choose a currency."),
        (row(0, **PLAN | {"detail": ""}), "Please write the name of the detail"),
        (row(0, **PLAN | {"value": "pro, 5"}), "either only words or only whole numbers"),
        (row(0, **PLAN | {"value": ""}), "Please write 1 to 50 values"),
        (row(0, **PLAN | {"value": '"pro'}), "Please close the quotes"),
        (row(0, **PLAN | {"op": ">="}), "Words have no order"),
        (row(0, field="currency", op="=", value="dollars"), "the three letters of a currency"),
        (row(0, field="nth_purchase", op=">", value="first"), "Please write a whole number from 1"),
        (row(0, field="type", op="=", value="Big Sale"), "Please write a type as you report it"),
        ({"program-most": "1.005", "program-unit": "USD", "program-period": "month"}, "USD has 2 decimals"),
        ({"program-most": "0", "program-unit": "rewards", "program-period": "month"}, "a whole number from 1"),
        ({"program-most": "5", "program-unit": "rewards", "program-period": "fortnight"}, "Please choose a period."),
    ],
    ids=str,
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_is_lost(app, admin, wrong, sentence):
    data = wrong if "kind" in wrong else {**PERCENT, **wrong}
    page = send(admin, "/admin/rules/new/review", data, 422)
    assert sentence in said(page)
    assert versions(app) == []
    selects = ("kind", "currency", "beneficiary", "op", "field", "unit", "period", "trigger", "reward", "mode")
    for name, value in data.items():
        if not name.endswith(selects):
            assert f'value="{value}"' in unescape(page), name
    # The field and its sentence belong together.
    at = re.findall(r'<p class="hint bad"\s+id="([\w-]+)-error"', page)
    assert len(at) == 1, at
    assert f'id="{at[0]}"' in page


def test_a_key_belongs_to_one_rule(app, admin, twenty):
    page = send(admin, "/admin/rules/new/review", PERCENT | {"key": "twenty-percent"}, 422)
    assert "Another rule has this key." in page
    # Taken between the last look and publishing.
    stored = json.dumps({**TWENTY_PERCENT, "name": "Mine"})
    page = send(admin, "/admin/rules", {"definition": stored, "number": "0", "note": "Mine"}, 409)
    assert "Another rule has this key." in page
    assert 'value="Mine"' in page
    assert len(versions(app)) == 1


def test_a_german_reader_writes_a_comma(app, admin, make_app):
    admin.environ_base["HTTP_ACCEPT_LANGUAGE"] = "de"
    app.extensions["babel"].locale_selector = lambda: "de"
    page = send(admin, "/admin/rules/new/review", FIXED | {"setting_amount": "1.234,50"})
    assert json.loads(hidden(page, "definition"))["settings"] == {"amount": 123450, "currency": "USD"}


def test_a_condition_is_added_and_removed_without_publishing_or_a_script(app, admin, twenty):
    page = send(admin, f"{twenty}/edit", PERCENT | {"number": "1", "action": "add:conditions", "setting_percent": "x"})
    assert 'name="conditions-0-field"' in page
    assert 'value="x"' in page
    assert "another look" not in page
    two = PERCENT | row(0, **AMOUNT) | row(1, **PLAN) | {"number": "1"}
    page = send(admin, f"{twenty}/edit", two | {"action": "remove:conditions-0"})
    assert 'name="conditions-0-field"' not in page
    assert re.search(r'name="conditions-1-value"[^>]*value="pro, team"', page)
    assert "Detail “plan”" in said(page)
    assert 'name="others-0-field"' in send(admin, f"{twenty}/edit", two | {"action": "add:others"})
    assert len(versions(app)) == 1


def test_with_a_script_only_the_conditions_are_swapped(admin, twenty):
    part = send(admin, f"{twenty}/edit", PERCENT | {"action": "add:conditions"}, headers={"HX-Request": "true"})
    assert "<html" not in part
    assert 'id="conditions"' in part
    assert 'hx-swap-oob="true"' in part


def test_a_condition_that_becomes_one_on_a_detail_begins_with_equality(admin, twenty):
    changed = row(0, field="metadata.", detail="", op=">=", value="20", currency="USD")
    part = send(admin, f"{twenty}/edit", PERCENT | changed, headers={"HX-Request": "true"})
    assert '<option selected value="=">' in part
    assert '<option selected value="&gt;=">' not in part


def test_another_kind_keeps_what_fits(admin, twenty):
    data = PERCENT | row(0, **AMOUNT) | {"number": "1", "action": "kind:fixed_amount", "name": "Five each"}
    page = send(admin, f"{twenty}/edit", data)
    assert 'name="setting_amount"' in page
    # What was typed for the other kind waits, out of sight, for whoever goes back to it.
    assert re.findall(r'<[^>]*name="setting_percent"[^>]*>', page) == [
        '<input type="hidden" name="setting_percent" value="20">'
    ]
    assert 'value="Five each"' in page
    assert 'name="conditions-0-value"' in page
    assert hidden(page, "kind") == "fixed_amount"


def test_the_last_look_says_what_changes_and_what_stays(app, admin, twenty):
    data = PERCENT | {"number": "1", "name": "20% of each purchase", "setting_percent": "25"} | row(0, **AMOUNT)
    page = send(admin, f"{twenty}/review", data)
    words = said(page)
    assert "2 things change" in words
    assert "No longer: The referrer gets 20% of what the friend pays, for their first 12 purchases" in words
    assert "Now: The referrer gets 25% of what the friend pays, for their first 12 purchases" in words
    assert "Now: The amount is at least $20.00" in words
    assert "Everything else stays: Name · Form of the reward · When · Hold." in words
    assert 'percent = "25"' in unescape(page)
    assert "Publish version 2" in words
    last = {"definition": hidden(page, "definition"), "number": "1", "note": "More"}
    # Back to the form, where everything still stands.
    again = send(admin, f"{twenty}/edit", last)
    assert re.search(r'name="setting_percent"[^>]*value="25"', again)
    send(admin, f"{twenty}/versions", last, 303)
    assert [(number, published.settings.percent.text) for number, _state, published, _note in versions(app)] == [
        (1, "20"),
        (2, "25"),
    ]


def test_a_change_of_nothing_says_so_and_offers_no_publishing(admin, twenty):
    data = PERCENT | {"number": "1", "name": "20% of each purchase"}
    page = send(admin, f"{twenty}/review", data)
    assert "Nothing differs from version 1" in page
    assert "Publish version" not in page


def test_two_who_change_the_same_version_never_undo_each_other_unseen(app, admin, twenty):
    data = PERCENT | {"number": "1", "name": "20% of each purchase", "setting_percent": "25"}
    page = send(admin, f"{twenty}/review", data)
    with app.app_context(), write_transaction() as session:
        publish(session, settings={"percent": "30", "first_purchases": 12}, now=NOON - DAY)
    last = {"definition": hidden(page, "definition"), "number": "1", "note": "More"}
    page = send(admin, f"{twenty}/versions", last, 409)
    assert "Someone published version 2 in the meantime." in said(page)
    assert "No longer: The referrer gets 30%" in said(page)
    assert 'value="More"' in page
    assert len(versions(app)) == 2
    # The form that was opened before is told at the last look already.
    assert "Someone published version 2" in said(send(admin, f"{twenty}/review", data, 409))
    send(admin, f"{twenty}/versions", last | {"number": hidden(page, "number")}, 303)
    assert [number for number, *_rest in versions(app)] == [1, 2, 3]


def test_an_old_version_comes_back_as_a_new_one(app, admin, twenty):
    with app.app_context(), write_transaction() as session:
        publish(session, settings={"percent": "30", "first_purchases": 12}, now=NOON - DAY)
    page = admin.get(f"{twenty}/review?version=1").get_data(as_text=True)
    assert "Bring version 1 back?" in page
    assert "Publish version 3" in page
    last = {"definition": hidden(page, "definition"), "number": hidden(page, "number"), "note": "Back"}
    send(admin, f"{twenty}/versions", last, 303)
    found = versions(app)
    assert found[2][2] == found[0][2]
    assert admin.get(f"{twenty}/review?version=9").status_code == 404


def test_publishing_a_paused_rule_says_that_it_becomes_live(app, admin, twenty):
    send(admin, f"{twenty}/pause", {"number": "1", "note": "Wait"}, 303)
    page = send(admin, f"{twenty}/review", PERCENT | {"number": "2", "name": "20% of each purchase"})
    assert "The rule becomes live again" in page
    assert "No longer: Paused" in said(page)


def test_a_definition_that_no_page_of_ours_sent_is_refused(app, admin, twenty):
    for definition in ("", "[]", "{", "[" * 20_000, json.dumps({**TWENTY_PERCENT, "kind": "nothing"})):
        send(admin, "/admin/rules", {"definition": definition, "number": "0", "note": "x"}, 422)
        send(admin, f"{twenty}/versions", {"definition": definition, "number": "1", "note": "x"}, 422)
    other = json.dumps({**TWENTY_PERCENT, "key": "another"})
    send(admin, f"{twenty}/versions", {"definition": other, "number": "1", "note": "x"}, 422)
    assert len(versions(app)) == 1


@pytest.mark.parametrize("number", ["\N{SUPERSCRIPT TWO}", "9" * 5000], ids=["no digit", "too long"])
def test_a_row_that_no_page_of_ours_numbered_is_none(admin, number):
    send(admin, "/admin/rules/new/review", {**PERCENT, **row(number, **AMOUNT)})


def test_more_conditions_than_there_may_be_are_refused_and_not_drawn(app, admin):
    many = {name: value for number in range(500) for name, value in row(number, **AMOUNT).items()}
    page = send(admin, "/admin/rules/new/review", {**PERCENT, **many}, 422)
    assert page.count('name="conditions-') < 30 * len(AMOUNT)
    assert versions(app) == []
