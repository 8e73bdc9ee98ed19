"""What the random stories of counted rules choose from: rules, their new versions, amounts and days."""

from hypothesis import strategies as st

from tests.factories import NOON
from tests.money import DAY

BEGAN = NOON - 120 * DAY
DEAR = {"field": "amount", "op": ">=", "value": 5000, "currency": "USD"}
FIRST = {"field": "nth_purchase", "op": "=", "value": 1}
SECOND = {**FIRST, "value": 2}
ONE_TWO_FOUR = [{"friends": 1, "percent": "10"}, {"friends": 2, "percent": "12.5"}, {"friends": 4, "percent": "30"}]
FROM_TWO = [{"friends": 2, "percent": "5"}, {"friends": 3, "percent": "33.3"}]
BONUSES = [{"friends": 1, "amount": 100}, {"friends": 2, "amount": 700}, {"friends": 4, "amount": 3000}]
OTHER_BONUSES = [{"friends": 2, "amount": 900}, {"friends": 3, "amount": 50}]


def table(key, kind, given, **more):
    about = {"key": key, "name": key, "trigger": "purchase", "beneficiary": "referrer", "hold_days": 10}
    return {**about, "kind": kind, "settings": given, **more}


def tiers(key, steps, *, period="lifetime", whole=False, **more):
    return table(key, "tiered_percent", {"steps": steps, "period": period, "whole_period": whole}, **more)


def bonus(key, *, steps=BONUSES, period="lifetime", currency="USD", **more):
    return table(key, "milestone", {"steps": steps, "currency": currency, "period": period}, **more)


# Older ones first. All of them, or some, hold in a story.
RULES = [
    tiers("until", ONE_TWO_FOUR),
    tiers("whole", ONE_TWO_FOUR, whole=True, exclusive="best", hold_days=0),
    tiers("whole-month", FROM_TWO, period="month", whole=True, exclusive="best"),
    table("share", "percent_of_purchase", {"percent": "11", "first_purchases": 99}, exclusive="best"),
    table("twenty", "fixed_amount", {"amount": 2000, "currency": "USD"}, exclusive="best", hold_days=0),
    table("yen", "fixed_amount", {"amount": 900, "currency": "JPY"}, exclusive="best"),
    bonus("bonus"),
    bonus("bonus-month", period="month", when={"all": [DEAR]}, hold_days=0),
    bonus("bonus-signup", currency="EUR", trigger="signup", hold_days=0),
    bonus("bonus-second", when={"all": [SECOND]}),
    tiers("only-first", ONE_TWO_FOUR, when={"all": [FIRST]}),
    tiers("until-month", FROM_TWO, period="month", when={"all": [DEAR]}),
    table("first", "first_purchase", {"percent": "25"}, exclusive="other"),
    table("twice", "recurring", {"percent": "15", "payments": 2}, exclusive="other", hold_days=0),
    tiers("other-whole", FROM_TWO, whole=True, exclusive="other", when={"all": [DEAR]}),
    bonus("bonus-group", exclusive="best", hold_days=0),
    bonus("bonus-other", steps=OTHER_BONUSES, period="month", exclusive="other", when={"all": [DEAR]}),
    tiers("credit", ONE_TWO_FOUR, whole=True, reward="credit", hold_days=0),
    bonus("bonus-credit", exclusive="best", reward="credit", hold_days=0),
    tiers("other-second", ONE_TWO_FOUR, exclusive="other", when={"all": [SECOND]}),
    table("stages", "staggered", {"percent": "3", "then_percent": "3", "first_months": 1}, exclusive="other"),
    table("dear", "fixed_amount", {"amount": 650, "currency": "USD"}, exclusive="other", when={"all": [DEAR]}),
]
# What a new version may say.
CHANGES = [
    tiers("until", FROM_TWO),
    tiers("until", FROM_TWO, period="month", whole=True),
    tiers("until", ONE_TWO_FOUR, when={"all": [DEAR]}),
    tiers("whole", FROM_TWO, whole=True, exclusive="best"),
    tiers("whole", ONE_TWO_FOUR, exclusive="other"),
    tiers("other-whole", ONE_TWO_FOUR, whole=True),
    bonus("bonus", hold_days=0, name="another name"),
    bonus("bonus", steps=OTHER_BONUSES),
    bonus("bonus", steps=OTHER_BONUSES, period="month", currency="EUR"),
    bonus("bonus-month", steps=OTHER_BONUSES, period="month"),
    bonus("bonus", steps=OTHER_BONUSES, exclusive="best"),
    bonus("bonus-group", steps=OTHER_BONUSES, exclusive="best"),
    bonus("bonus-group", period="month"),
    bonus("until"),
    bonus("whole", exclusive="best"),
    tiers("credit", FROM_TWO, period="month", whole=True, reward="credit"),
    tiers("credit", ONE_TWO_FOUR, whole=True, hold_days=0),
    bonus("bonus-credit", steps=OTHER_BONUSES, reward="credit", hold_days=0),
    tiers("whole", ONE_TWO_FOUR, whole=True, exclusive="best", reward="credit", hold_days=0),
    tiers("bonus", ONE_TWO_FOUR, whole=True),
    tiers("bonus-other", FROM_TWO, exclusive="other"),
    tiers("share", ONE_TWO_FOUR, whole=True, exclusive="best"),
    table("until", "fixed_amount", {"amount": 450, "currency": "USD"}),
    table("share", "percent_of_purchase", {"percent": "40", "first_purchases": 99}, exclusive="best"),
    table("twenty", "fixed_amount", {"amount": 300, "currency": "USD"}),
]

amounts = st.sampled_from(
    [(10_000, "USD"), (10_000, "USD"), (4999, "USD"), (7333, "USD"), (8000, "EUR"), (1, "USD"), (0, "USD"), None]
)
parts = st.sampled_from([None, None, 0, 1, 2500, 4000, 9_999_999])
days_back = st.sampled_from([0, 0, 0, 1, 5, 20, 45])
# Of one of this so much of that: in text, as it is told.
quotes = st.sampled_from(
    [("EUR", "USD", "1.0842"), ("EUR", "USD", "0.5"), ("USD", "JPY", "155.5"), ("USD", "EUR", "1.3")]
)
# Which rules hold in a story: any of them, or those that are alike.
chosen_rules = st.one_of(
    st.sets(st.integers(0, len(RULES) - 1), min_size=4, max_size=8),
    *(
        st.sets(st.sampled_from([n for n, one in enumerate(RULES) if one.get(what) == wanted]), min_size=3, max_size=6)
        for what, wanted in (("exclusive", "best"), ("exclusive", "other"), ("kind", "milestone"))
    ),
)
