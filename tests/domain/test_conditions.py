"""The conditions of a rule: read, refused, and how each comes out for a conversion."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.money import rule
from webapp.domain.condition_fields import FIELDS, METADATA, OPS, field_named
from webapp.domain.conditions import Condition, Conditions, read_conditions
from webapp.domain.countries import COUNTRIES
from webapp.domain.facts import ORIGIN, facts, from_stored, to_stored
from webapp.domain.money import EXPONENTS, LARGEST
from webapp.domain.registry import SettingError
from webapp.domain.sentences import plain


def where(field, op, value, **more):
    return {"field": field, "op": op, "value": value, **more}


FIFTY = where("amount", ">=", 5000, currency="USD")
PRO = where("metadata.plan", "in", ["pro", "team"])
MISSING = facts(details={})
PRO_PLAN = facts(
    amount="49.99 USD",
    nth_purchase=2,
    details={"plan": "pro", "product": 7, "seats": 5, "trial": False, "rate": 2.5},
    origin={"country": "DE", "link": "ADA-10", "utm_source": "news", "utm_campaign": "Spring"},
    at="2026-01-31 11:59:59",
    signed_up="2026-01-01 12:00",
)

# A condition, and how it comes out for a second purchase of 49.99 USD with what is told above; None: it holds.
EXAMPLES = [
    (where("amount", ">=", 4999, currency="USD"), None),
    (where("amount", ">", 4999, currency="USD"), "condition_false"),
    (where("amount", ">=", 5000, currency="USD"), "condition_false"),
    (where("amount", "<=", 4999, currency="USD"), None),
    (where("amount", "<", 4999, currency="USD"), "condition_false"),
    (where("amount", "=", 4999, currency="USD"), None),
    (where("amount", "!=", 4999, currency="USD"), "condition_false"),
    (where("amount", ">", 0, currency="USD"), None),
    (where("amount", ">=", 1, currency="EUR"), "currency_differs"),
    (where("amount", "!=", 1, currency="EUR"), "currency_differs"),
    (where("currency", "=", "USD"), None),
    (where("currency", "!=", "USD"), "condition_false"),
    (where("currency", "in", ["EUR", "USD"]), None),
    (where("currency", "not_in", ["EUR", "GBP"]), None),
    (where("currency", "not_in", ["EUR", "USD"]), "condition_false"),
    (where("type", "=", "purchase"), None),
    (where("type", "in", ["renewal"]), "condition_false"),
    (where("nth_purchase", "=", 2), None),
    (where("nth_purchase", ">=", 3), "condition_false"),
    (where("nth_purchase", "in", [1, 3]), "condition_false"),
    (where("metadata.plan", "=", "pro"), None),
    (where("metadata.plan", "=", "Pro"), "condition_false"),
    (where("metadata.plan", "!=", "team"), None),
    (where("metadata.plan", "in", ["pro", "team"]), None),
    (where("metadata.plan", "not_in", ["free"]), None),
    (where("metadata.seats", ">=", 5), None),
    (where("metadata.seats", "<", 5), "condition_false"),
    (where("metadata.seats", "in", [4, 6]), "condition_false"),
    (where("metadata.rate", ">", 2), None),
    (where("metadata.rate", "=", 2), "condition_false"),
    (where("metadata.trial", "=", False), None),
    (where("metadata.trial", "!=", True), None),
    # What is of another kind equals nothing, and comes neither before nor after.
    (where("metadata.trial", "=", 0), "condition_false"),
    (where("metadata.trial", "!=", 0), None),
    (where("metadata.seats", "=", "5"), "condition_false"),
    (where("metadata.plan", "<", 5), "condition_false"),
    (where("metadata.coupon", "=", "x"), "value_missing"),
    (where("metadata.coupon", "!=", "x"), "value_missing"),
    (where("metadata.coupon", "not_in", ["x"]), "value_missing"),
    # The business's own metadata of these names.
    (where("plan", "=", "pro"), None),
    (where("plan", "in", ["team", "solo"]), "condition_false"),
    (where("plan", "!=", "team"), None),
    # A number is no text.
    (where("product", "=", "7"), "condition_false"),
    (where("product", "not_in", ["7"]), None),
    # Whole days: a second is missing to the thirtieth.
    (where("account_age_days", "=", 29), None),
    (where("account_age_days", "<", 30), None),
    (where("account_age_days", ">=", 30), "condition_false"),
    (where("account_age_days", "in", [0, 29]), None),
    (where("country", "=", "DE"), None),
    (where("country", "not_in", ["AT", "DE"]), "condition_false"),
    (where("country", "!=", "AT"), None),
    # As people type codes: in either case, and O for 0.
    (where("link", "=", "ada-lo"), None),
    (where("link", "in", ["ADA", "ada-10"]), None),
    (where("link", "!=", "Ada-10"), "condition_false"),
    (where("link", "=", "ADA-11"), "condition_false"),
    (where("utm_source", "in", ["news", "blog"]), None),
    (where("utm_campaign", "=", "spring"), "condition_false"),
    (where("utm_campaign", "!=", "spring"), None),
    (where("utm_medium", "!=", "mail"), "value_missing"),
]


def check(table, about=PRO_PLAN):
    (one,) = read_conditions({"all": [table]}).check(about).all_of
    return one


@pytest.mark.parametrize(("table", "code"), EXAMPLES, ids=lambda value: str(value))
def test_how_a_condition_comes_out(table, code):
    found = check(table)
    assert (found.code, found.holds) == (code, code is None)
    # And the same once it was decided, of what is kept then.
    kept = from_stored(json.loads(json.dumps(to_stored(rule(when={"any": [table]}).looked_at(PRO_PLAN)))))
    assert check(table, kept).code == code
    asked_for = table["field"]
    assert set(kept.origin) == {asked_for} & set(PRO_PLAN.origin)
    assert (kept.signed_up_at is not None) == (asked_for == "account_age_days")
    assert set(kept.details) == {asked_for.removeprefix("metadata.")} & set(PRO_PLAN.details)


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (FIFTY, "The amount must be at least 50.00 USD, and was 49.99 USD."),
        (where("amount", "<", 5000, currency="EUR"), "The amount must be less than 50.00 EUR, and was 49.99 USD."),
        (where("currency", "not_in", ["USD", "EUR"]), "The currency must be none of USD, EUR, and was USD."),
        (where("nth_purchase", ">", 2), "The number of the purchase must be more than 2, and was 2."),
        (where("type", "!=", "purchase"), "The type of the event must not be purchase, and was purchase."),
        (PRO, "metadata.plan must be one of pro, team, and was pro."),
        (where("metadata.plan", "=", "team"), "metadata.plan must be team, and was something else."),
        (where("metadata.trial", "=", True), "metadata.trial must be true, and was false."),
        (where("metadata.seats", "<=", 4), "metadata.seats must be at most 4, and was 5."),
        (where("metadata.50% off", "=", "x"), "metadata.50% off must be x, and was not reported."),
        (where("plan", "in", ["solo", "team"]), "The plan must be one of solo, team, and was something else."),
        (where("country", "=", "AT"), "The click’s country must be AT, and was something else."),
        (where("link", "!=", "ada-10"), "The link must not be ada-10, and was ADA-10."),
        (where("account_age_days", "<=", 7), "Days since the signup must be at most 7, and was 29."),
        (
            where("utm_medium", "=", "mail"),
            "Campaign medium (utm_medium) must be mail, and was not known.",
        ),
    ],
)
def test_what_a_condition_says(table, words):
    assert plain(check(table).because) == words


def test_without_an_amount_neither_it_nor_its_currency_is_there():
    assert check(FIFTY, MISSING).code == "value_missing"
    assert check(where("currency", "!=", "USD"), MISSING).code == "value_missing"
    assert check(where("metadata.plan", "!=", "x"), facts(details={"plan": None})).code == "value_missing"


@pytest.mark.parametrize("field", [*ORIGIN, "product", "plan", "account_age_days"])
def test_what_is_not_known_meets_no_condition(field):
    value = {"country": "DE", "account_age_days": 0}.get(field, "x")
    assert [check(where(field, op, value), MISSING).code for op in ("=", "!=")] == ["value_missing"] * 2


@pytest.mark.parametrize(
    ("at", "days"),
    [
        ("2026-01-01 12:00", 0),
        ("2026-01-02 11:59:59.999999", 0),
        ("2026-01-02 12:00", 1),
        ("2027-01-01 12:00", 365),
        # Clocks differ.
        ("2026-01-01 11:59", 0),
        ("2025-01-01 12:00", 0),
    ],
)
def test_an_account_is_so_many_whole_days_old(at, days):
    assert facts(at=at, signed_up="2026-01-01 12:00").account_age_days == days


YES, NO = where("nth_purchase", "=", 2), where("nth_purchase", "=", 9)
EUROS, COUPON = where("amount", ">", 1, currency="EUR"), where("metadata.coupon", "=", "x")


@pytest.mark.parametrize(
    ("when", "code"),
    [
        pytest.param({"all": [YES, YES]}, None, id="every one"),
        pytest.param({"all": [YES, COUPON, NO]}, "value_missing", id="the first that fails is named"),
        pytest.param({"any": [NO, YES]}, None, id="one is enough"),
        pytest.param({"any": [NO]}, "condition_false", id="only one, and it fails"),
        pytest.param({"any": [EUROS, EUROS]}, "currency_differs", id="all lack the same"),
        pytest.param({"any": [EUROS, COUPON]}, "condition_false", id="each lacks something else"),
        pytest.param({"all": [YES], "any": [YES, NO]}, None, id="both lists"),
        pytest.param({"all": [YES], "any": [NO, NO]}, "condition_false", id="the second list fails"),
        pytest.param({"all": [EUROS], "any": [YES]}, "currency_differs", id="the first list fails"),
    ],
)
def test_all_and_any(when, code):
    checks = read_conditions(when).check(PRO_PLAN)
    assert (len(checks.all_of), len(checks.any_of)) == (len(when.get("all", [])), len(when.get("any", [])))
    assert (checks.unmet.code if checks.unmet else None) == code


def test_several_that_fail_are_said_together():
    unmet = read_conditions({"any": [NO, COUPON]}).check(PRO_PLAN).unmet
    assert plain(unmet.because) == "One of several conditions must hold, and none of them does."
    unmet = read_conditions({"any": [NO]}).check(PRO_PLAN).unmet
    assert plain(unmet.because) == "The number of the purchase must be 9, and was 2."


def test_of_details_only_what_a_rule_looks_at_is_kept_and_of_texts_only_its_own_words():
    conditions = read_conditions(
        {"all": [PRO, where("metadata.seats", ">", 1)], "any": [where("metadata.plan", "=", "solo"), COUPON]}
    )
    told = {"plan": "pro", "seats": 3, "coupon": "bob@example.org", "note": "Bob", "address": None}
    assert conditions.looked_at(told) == {"plan": "pro", "seats": 3, "coupon": ""}
    assert conditions.looked_at({"plan": "solo", "coupon": None}) == {"plan": "solo"}
    came = read_conditions({"all": [where("country", "!=", "DE"), where("link", "in", ["ada", "b0b"])]})
    assert came.looked_at(told) == {}
    origin = {"country": "AT", "link": "BOB", "utm_source": "bob@example.org"}
    assert came.looked_at_of_origin(origin) == {"country": "", "link": "BOB"}
    assert came.looked_at_of_origin({"country": "DE", "link": "BOBBY"}) == {"country": "DE", "link": ""}
    both = read_conditions({"any": [where("plan", "=", "team"), where("metadata.plan", "=", "pro")]})
    assert both.looked_at({"plan": "pro", "product": "Bob's"}) == {"plan": "pro"}


def problem_with(when):
    with pytest.raises(SettingError) as caught:
        read_conditions(when)
    return caught.value.field, caught.value.problem


@pytest.mark.parametrize(
    ("when", "field", "problem"),
    [
        ([], "when", "must be a table with all or any"),
        ({}, "when", "must be a table with all or any"),
        ({"none": [FIFTY]}, "when.none", "is not known; conditions stand in all or in any"),
        ({"all": []}, "when.all", "must be a list of 1 to 20 conditions"),
        ({"all": [FIFTY], "any": []}, "when.any", "must be a list of 1 to 20 conditions"),
        ({"any": [FIFTY] * 21}, "when.any", "must be a list of 1 to 20 conditions"),
        ({"all": FIFTY}, "when.all", "must be a list of 1 to 20 conditions"),
        ({"all": [FIFTY, "x"]}, "when.all[2]", "must be a table"),
        ({"all": [{"op": "=", "value": 1}]}, "when.all[1].field", "is missing"),
        ({"all": [{"field": "type", "value": "x"}]}, "when.all[1].op", "is missing"),
        ({"all": [{"field": "type", "op": "="}]}, "when.all[1].value", "is missing"),
        ({"any": [{**FIFTY, "unit": 1}]}, "when.any[1].unit", "is not part of a condition, which has field, op,"),
    ],
)
def test_what_is_no_list_of_conditions_is_refused(when, field, problem):
    found, said = problem_with(when)
    assert found == field
    assert said.startswith(problem)


NAMES = (
    "must be one of amount, currency, type, nth_purchase, product, plan, account_age_days, country, link, utm_source, "
    "utm_medium, utm_campaign or metadata. with a name, not {!r}"
)
TEXT = "must be a text of 1 to 200 characters, a whole number, true or false"
CURRENCY = 'must be the three capital letters of a currency that is legal tender today, as in "USD"'


@pytest.mark.parametrize(
    ("table", "part", "problem"),
    [
        *((where(name, "=", 1), "field", NAMES.format(name)) for name in ("city", "", "Amount", "metadata", 5, None)),
        *((where(f"metadata.{name}", "=", 1), "field", NAMES.format(f"metadata.{name}")) for name in ("", "a\n")),
        (where("currency", ">=", "USD"), "op", "must be one of =, !=, in, not_in for currency, not '>='"),
        (where("amount", "in", [1], currency="USD"), "op", "must be one of =, !=, >=, >, <=, < for amount, not 'in'"),
        (where("type", "==", "x"), "op", "must be one of =, !=, in, not_in for type, not '=='"),
        (where("nth_purchase", ["="], 1), "op", "must be one of =, !=, >=, >, <=, <, in, not_in for nth_purchase, not"),
        (where("metadata.a", ">", "x"), "op", "must be one of =, !=, in, not_in for metadata.a with text, not '>'"),
        (where("metadata.a", "<", True), "op", "must be one of =, != for metadata.a with true or false, not '<'"),
        (where("metadata.a", "in", [True]), "op", "must be one of =, != for metadata.a with true or false, not 'in'"),
        *(
            (where("amount", "=", value, currency="USD"), "value", "must be an amount in minor units, a whole number")
            for value in (-1, LARGEST + 1, 1.0, "5000", True, None, [1])
        ),
        *(
            (where("nth_purchase", "=", value), "value", "must be a whole number from 1")
            for value in (0, "1", True, 2.0)
        ),
        *((where("currency", "=", value), "value", CURRENCY) for value in ("usd", "XXX", 1, ["USD"])),
        (where("currency", "in", ["USD", "XXX"]), "value", CURRENCY),
        (where("type", "=", "Big Purchase"), "value", "must be signup, purchase, renewal or a type of your own"),
        *((where("metadata.a", "=", value), "value", TEXT) for value in ("", "x" * 201, "a\nb", 1.5, 2**53, None)),
        *(
            (where("metadata.a", "in", value), "value", "must be a list of 1 to 50 values for in")
            for value in ([], "x", 1, ["x"] * 51)
        ),
        *(
            (where("plan", "=", value), "value", "must be a text of 1 to 200 characters")
            for value in (5, True, "", "a\n", None)
        ),
        (where("plan", "in", ["pro", 5]), "value", "must be a text of 1 to 200 characters"),
        (where("plan", ">=", "pro"), "op", "must be one of =, !=, in, not_in for plan, not '>='"),
        *((where("utm_source", "=", value), "value", "must be a text of 1 to 200 characters") for value in (5, "")),
        *(
            (where("country", "=", value), "value", 'must be the two capital letters of a country, as in "DE"')
            for value in ("de", "UK", "", "DEU", 49, None)
        ),
        *(
            (where("link", "in", [value]), "value", "must be the code of a link: letters, digits and hyphens")
            for value in ("", "a b", " ada", "https://example.org/r/ada", "é", 5, "x" * 41)
        ),
        *(
            (where("account_age_days", "<=", value), "value", "must be a whole number of days from 0")
            for value in (-1, "1", True, 2.0)
        ),
        (where("metadata.a", "in", ["x", 1]), "value", "must hold either only text or only whole numbers"),
        (where("metadata.a", "in", [1, True]), "value", "must hold either only text or only whole numbers"),
        (where("amount", "=", 1), "currency", "is missing; an amount never stands without its currency"),
        (where("amount", "=", 1, currency="usd"), "currency", CURRENCY),
        (where("nth_purchase", "=", 1, currency="USD"), "currency", "goes with an amount only"),
    ],
    ids=lambda value: str(value)[:70],
)
def test_a_wrong_part_of_a_condition_is_named(table, part, problem):
    field, said = problem_with({"all": [FIFTY, table]})
    assert field == f"when.all[2].{part}"
    assert said.startswith(problem)


def test_a_number_is_not_the_truth():
    assert Condition("metadata.a", "=", True) != Condition("metadata.a", "=", 1)
    assert Condition("metadata.a", "=", 1) == Condition("metadata.a", "=", 1)


def test_every_field_tells_a_form_what_it_takes():
    known = ["amount", "currency", "type", "nth_purchase", "product", "plan", "account_age_days", *ORIGIN, METADATA]
    assert list(FIELDS) == known
    assert field_named("metadata.plan") is FIELDS[METADATA]
    for known in FIELDS.values():
        assert set(known.ops) <= set(OPS)
        assert known.label


TEXTS = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=20)
NUMBERS = st.integers(-(2**53 - 1), 2**53 - 1)
COUNTRY_LISTS = st.lists(st.sampled_from(sorted(COUNTRIES)), min_size=1, max_size=5)
CODES = st.text("ab01OI", min_size=1, max_size=4)
TABLES = st.one_of(
    st.builds(
        lambda op, value, currency: where("amount", op, value, currency=currency),
        st.sampled_from(FIELDS["amount"].ops),
        st.integers(0, LARGEST),
        st.sampled_from(sorted(EXPONENTS)),
    ),
    st.builds(lambda value: where("currency", "in", value), st.lists(st.sampled_from(["USD", "EUR"]), min_size=1)),
    st.builds(lambda name, value: where(f"metadata.{name}", "=", value), TEXTS, TEXTS | NUMBERS | st.booleans()),
    st.builds(lambda value: where("metadata.a", "not_in", value), st.lists(NUMBERS, min_size=1, max_size=5)),
    st.builds(lambda op, days: where("account_age_days", op, days), st.sampled_from([">=", "<"]), st.integers(0, 9)),
    st.builds(lambda op, value: where("plan", op, value), st.sampled_from(["=", "!="]), TEXTS),
    st.builds(lambda op, value: where("country", op, value), st.sampled_from(["in", "not_in"]), COUNTRY_LISTS),
    st.builds(lambda op, value: where("link", op, value), st.sampled_from(["=", "!="]), CODES),
    st.builds(lambda name, value: where(name, "!=", value), st.sampled_from(ORIGIN[2:]), TEXTS),
)
LISTS = st.lists(TABLES, min_size=1, max_size=3)


@given(st.fixed_dictionaries({"all": LISTS}, optional={"any": LISTS}))
def test_conditions_come_back_as_they_were_written(when):
    conditions = read_conditions(when)
    assert isinstance(conditions, Conditions)
    assert conditions.table() == when
    assert read_conditions(json.loads(json.dumps(conditions.table()))) == conditions


@given(
    LISTS,
    st.dictionaries(st.sampled_from(["a", "b", "plan"]), TEXTS | NUMBERS | st.booleans() | st.none() | st.floats(0, 9)),
    st.dictionaries(st.sampled_from(ORIGIN), st.sampled_from(sorted(COUNTRIES)) | CODES | TEXTS),
    st.none() | st.integers(-9, 20),
)
def test_what_is_kept_comes_out_the_same(tables, details, origin, age):
    asking = rule(when={"any": tables})
    about = replace(facts(amount="5 USD", details=details, origin=origin), signed_up_at=None)
    if age is not None:
        about = replace(about, signed_up_at=about.occurred_at - timedelta(hours=12 * age))
    kept = from_stored(json.loads(json.dumps(to_stored(asking.looked_at(about)))))
    before, after = (asking.when.check(told) for told in (about, kept))
    assert [check.code for check in before.any_of] == [check.code for check in after.any_of]
    # What is kept is what the rule itself names, or nothing that tells anything.
    texts = [text for text in (*kept.origin.values(), *kept.details.values()) if isinstance(text, str) and text]
    assert all(any(condition.names(text) for condition in asking.when.any_of) for text in texts)
