"""Kinds with settings that may be left out, and conditions on how the friend came, written in the form."""

import re
from html import unescape

import pytest

from tests.views.admin.rule_forms import AMOUNT, PERCENT, hidden, id_of, row, said, send, versions

pytestmark = [pytest.mark.usefixtures("staff"), pytest.mark.parametrize("databases", ["sqlite"], indirect=True)]

COMMON = {name: value for name, value in PERCENT.items() if not name.startswith("setting_")}
TRIED = {"example_amount": "50.00", "example_currency": "USD", "example_nth": "1"}


def form(kind, **settings):
    return {**COMMON, "kind": kind, **{f"setting_{name}": value for name, value in settings.items()}}


FIRST = form("first_purchase", percent="", amount="", currency="USD")
RECURRING = form("recurring", percent="10", payments="", months="")
STAGGERED = form("staggered", percent="20", then_percent="10", first_months="12", months="")


def example(client, data):
    return said(send(client, "/admin/rules/example", data | TRIED, headers={"HX-Request": "true"}))


def publish(client, data):
    page = send(client, "/admin/rules/new/review", data)
    last = {"definition": hidden(page, "definition"), "number": "0", "note": "New"}
    send(client, "/admin/rules", last, 303)
    return said(page)


@pytest.mark.parametrize(
    ("data", "settings", "words"),
    [
        (FIRST | {"setting_percent": "20"}, {"percent": "20"}, "20% of the friend’s first purchase"),
        (
            FIRST | {"setting_amount": "1500", "setting_currency": "JPY"},
            {"amount": 1500, "currency": "JPY"},
            "¥1,500 for the friend’s first purchase",
        ),
        (
            RECURRING | {"setting_payments": "3", "setting_months": "6"},
            {"percent": "10", "payments": 3, "months": 6},
            "first 6 months after the friend signs up (3 payments at most)",
        ),
        (RECURRING | {"setting_months": "1"}, {"percent": "10", "months": 1}, "in the first month after the friend"),
        (
            STAGGERED,
            {"percent": "20", "then_percent": "10", "first_months": 12},
            "in the first 12 months after they sign up, then 10%",
        ),
        (
            STAGGERED | {"setting_months": "24"},
            {"percent": "20", "then_percent": "10", "first_months": 12, "months": 24},
            "then 10%, for 24 months in all",
        ),
    ],
    ids=str,
)
def test_what_is_left_empty_is_left_out(app, admin, data, settings, words):
    assert words in publish(admin, data)
    ((_number, _state, published, _note),) = versions(app)
    assert published.table()["settings"] == settings
    # The form that it is opened in says the same again, and nothing where nothing is.
    page = unescape(admin.get(f"/admin/rules/{id_of(app)}/edit").get_data(as_text=True))
    for name, value in data.items():
        if name.startswith("setting_") and name != "setting_currency":
            assert re.search(rf'<input[^>]*name="{name}"[^>]*value="{value}"', page), name


@pytest.mark.parametrize(
    ("data", "at", "sentence"),
    [
        (FIRST, "setting_percent", "Please write a percentage, or else an amount."),
        (
            FIRST | {"setting_percent": "20", "setting_amount": "5"},
            "setting_amount",
            "Please write either a percentage or an amount, not both.",
        ),
        (FIRST | {"setting_percent": "0"}, "setting_percent", "Please write a percentage above 0"),
        (FIRST | {"setting_amount": "5.005"}, "setting_amount", "USD has 2 decimals"),
        (FIRST | {"setting_amount": "5", "setting_currency": "XXX"}, "setting_currency", "Please choose a currency."),
        (RECURRING, "setting_payments", "Please write for how many payments, for how many months, or both."),
        (RECURRING | {"setting_payments": "many"}, "setting_payments", "a whole number from 1 to 1000000."),
        (RECURRING | {"setting_months": "0"}, "setting_months", "a whole number from 1 to 1200."),
        (RECURRING | {"setting_percent": "", "setting_months": "3"}, "setting_percent", "Please write a percentage"),
        (STAGGERED | {"setting_then_percent": ""}, "setting_then_percent", "Please write a percentage"),
        (STAGGERED | {"setting_first_months": ""}, "setting_first_months", "a whole number from 1 to 1200."),
        (STAGGERED | {"setting_months": "12"}, "setting_months", "Please write more months than there are at first"),
        (PERCENT | row(0, field="country", op="=", value="Germany"), "value", "the two letters of a country"),
        (PERCENT | row(0, field="country", op="in", value="DE, UK"), "value", "the two letters of a country"),
        (PERCENT | row(0, field="link", op="=", value="https://x.example/r/A"), "value", "Please write the code of a"),
        (PERCENT | row(0, field="account_age_days", op="<", value="-1"), "value", "a whole number from 0"),
        (PERCENT | row(0, field="plan", op="=", value=""), "value", "Please write a value of at most 200"),
        (PERCENT | row(0, field="utm_source", op=">=", value="x"), "op", "this field cannot be compared like that"),
    ],
    ids=str,
)
def test_what_is_wrong_is_said_at_its_field(app, admin, data, at, sentence):
    page = send(admin, "/admin/rules/new/review", data, 422)
    found = re.findall(r'<p class="hint bad"\s+id="([\w-]+)-error">(.*?)</p>', page, re.DOTALL)
    assert [(name.removeprefix("conditions-0-"), sentence in said(words)) for name, words in found] == [(at, True)]
    assert f'aria-describedby="{found[0][0]}-error"' in page
    assert versions(app) == []
    # Together with what is wrong elsewhere.
    words = said(send(admin, "/admin/rules/new/review", data | {"name": ""}, 422))
    assert "Please write a name." in words
    assert sentence in words


def test_conditions_on_how_the_friend_came_come_back_as_they_were_written(app, admin):
    data = {
        **PERCENT,
        **row(0, field="product", op="=", value="5"),
        **row(1, field="plan", op="in", value='pro, "a, b"'),
        **row(2, field="account_age_days", op="<=", value="0"),
        **row(3, field="country", op="not_in", value="de, at"),
        **row(4, field="link", op="in", value="ada-10, B0B"),
        **row(5, field="utm_source", op="!=", value="News"),
    }
    words = publish(admin, data)
    assert "The plan is one of “pro”, “a, b”" in words
    assert "Days since the signup is at most 0" in words
    assert "The click’s country is none of DE, AT" in words
    ((_number, _state, published, _note),) = versions(app)
    assert published.table()["when"]["all"] == [
        {"field": "product", "op": "=", "value": "5"},
        {"field": "plan", "op": "in", "value": ["pro", "a, b"]},
        {"field": "account_age_days", "op": "<=", "value": 0},
        {"field": "country", "op": "not_in", "value": ["DE", "AT"]},
        {"field": "link", "op": "in", "value": ["ada-10", "B0B"]},
        {"field": "utm_source", "op": "!=", "value": "News"},
    ]
    page = unescape(admin.get(f"/admin/rules/{id_of(app)}/edit").get_data(as_text=True))
    for value in ("5", 'pro, "a, b"', "DE, AT", "ada-10, B0B", "News"):
        assert f'value="{value}"' in page


def test_an_example_knows_how_the_friend_came(admin):
    asked = {
        **PERCENT,
        **row(0, field="country", op="=", value="DE"),
        **row(1, field="plan", op="=", value="5"),
        **row(2, field="account_age_days", op="<", value="30"),
    }
    words = example(admin, asked)
    # What is not written is what fits.
    assert "The referrer gets $10.00" in words
    assert "The click’s country is something else, or not known" in words
    assert "“plan” is something else, or not reported" in words
    assert "$50.00, purchase 1, 30 days after the signup Days since the signup must be less than 30" in words
    assert "$10.00" in example(admin, asked | {"example_origin.country": "de", "example_detail.plan": "5"})
    words = example(admin, asked | {"example_origin.country": "FR"})
    assert "The referrer gets nothing The click’s country must be DE, and was something else." in words
    words = example(admin, asked | {"example_age": "30"})
    assert "The referrer gets nothing Days since the signup must be less than 30, and was 30." in words
    assert "Days since the signup: Please write a whole number" in example(admin, asked | {"example_age": "x"})
    page = send(admin, "/admin/rules/new", asked | {"action": "example"})
    assert 'name="example_origin.country"' in page
    assert "Days since the signup" in said(page)
    assert "Days since the signup" not in said(send(admin, "/admin/rules/new", PERCENT | {"action": "example"}))


def test_an_example_of_a_kind_that_counts_months_says_what_changes_when(admin):
    assert "Days since the signup" in said(admin.get("/admin/rules/new?kind=staggered").get_data(as_text=True))
    words = example(admin, STAGGERED | {"setting_months": "24"} | row(0, **AMOUNT))
    assert "The referrer gets $10.00 20% of $50.00 is $10.00. It is within the first 12 months" in words
    assert "$50.00, purchase 1, 12 months after the signup $5.00" in words
    assert "$50.00, purchase 1, 24 months after the signup Only the first 24 months" in words
    words = example(admin, RECURRING | {"setting_payments": "3", "example_age": "3650"})
    assert "The referrer gets $5.00" in words
    assert "$50.00, purchase 4 Only the first 3 purchases count. nothing" in words
    words = example(admin, RECURRING | {"setting_months": "3", "example_age": "3650"})
    assert "The referrer gets nothing Only the first 3 months" in words


def test_each_kind_says_in_the_list_what_it_is_like(admin):
    words = said(admin.get("/admin/rules/new").get_data(as_text=True))
    assert "20% of the friend’s first purchase: a purchase of $49.99 earns $10.00." in words
    assert "10% of each of the friend’s first 3 payments: a purchase of $49.99 earns $5.00." in words
    assert "after they sign up, then 10%: a purchase of $49.99 earns $10.00." in words
