"""`rules replay`: what a draft would have paid, beside what was paid."""

import json
from datetime import timedelta

import pytest

from tests import money
from tests.factories import NOON
from webapp.database import write_transaction

DRAFT = """
[[rules]]
key = "twenty-percent"
name = "30% of the first purchase"
trigger = "purchase"
beneficiary = "referrer"
kind = "percent_of_purchase"
settings = { percent = "30", first_purchases = 1 }
"""
FROM_NOON = ("--since", "2026-11-22", "--until", "2026-11-30")


@pytest.fixture
def bought(app):
    with app.app_context(), write_transaction() as session:
        money.publish(session)
        ada, bob = money.ada_and_bob(session)
        money.buy(session, bob, "50.00 USD", at=NOON)
        money.buy(session, bob, "20.00 USD", event_id="evt_2", at=NOON + timedelta(days=1))
        return str(ada.id)


@pytest.mark.usefixtures("bought")
def test_it_says_what_would_have_been_paid(rules):
    result = rules("replay", DRAFT, *FROM_NOON)
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0] == "Draft: twenty-percent. All other rules as they were."
    assert "2 conversions of friends, 2 of them purchases" in lines[1]
    assert ["USD", "14.00", "15.00", "+1.00", "+7.1%"] in [line.split() for line in lines]
    assert ["First", "purchases", "USD", "+5.00"] in [line.split() for line in lines]
    assert ["Later", "purchases", "USD", "-4.00"] in [line.split() for line in lines]
    assert "Referrers, in USD: 1 would have earned more, 0 less, 0 the same." in lines
    assert lines[-1] == "Nothing was written."


def test_programs_are_told_in_minor_units(bought, rules):
    told = json.loads(rules("replay", DRAFT, *FROM_NOON, "--json").stdout)
    pair = {"currency": "USD", "paid": 1400, "draft": 1500, "difference": 100}
    assert (told["since"], told["until"], told["conversions"], told["changed"]) == ("2026-11-22", "2026-11-30", 2, 2)
    assert told["totals"] == [pair]
    assert told["months"] == [{"month": "2026-11", **pair}]
    assert told["referrers"] == [{"referrer_id": bought, **pair}]
    assert told["steps"] == [
        {"step": "first_purchases", "currency": "USD", "amount": 500},
        {"step": "later_purchases", "currency": "USD", "amount": -400},
    ]
    assert [(one["event_id"], one["difference"]) for one in told["most_changed"]] == [("evt_1", 500), ("evt_2", -400)]


@pytest.mark.usefixtures("bought")
def test_days_without_anything_are_told_as_such(rules):
    result = rules("replay", DRAFT, "--since", "2026-01-01", "--until", "2026-01-31")
    assert "Nothing happened in these days" in result.stdout


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("text", "options", "said"),
    [
        (DRAFT.replace('"30"', "30"), FROM_NOON, "rule “twenty-percent”: settings.percent must be a percentage"),
        ("[[rules", FROM_NOON, "it is not TOML"),
        (DRAFT, ("--since", "yesterday"), "must be a day, as in 2026-05-01"),
        (DRAFT, ("--since", "2026-11-30", "--until", "2026-11-22"), "must not be later than --until"),
        (DRAFT, (*FROM_NOON, "--program", "none"), "must be the slug of a program"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_tried(app, rules, text, options, said):
    result = rules("replay", text, *options)
    assert result.exit_code != 0
    assert said in result.output
