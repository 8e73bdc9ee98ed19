"""What the random stories of money choose from: events, amounts, and rules with conditions and limits."""

from datetime import timedelta

from hypothesis import strategies as st

from tests.factories import NOON

DAY = timedelta(days=1)

types = st.sampled_from(["purchase"] * 6 + ["renewal", "signup"])
amounts = st.sampled_from([(4999, "USD"), (10_000, "USD"), (9_995, "KWD"), (501, "JPY"), (1, "USD"), (0, "USD"), None])
days_back = st.sampled_from([0, 0, 0, 0, 1, 2, 15, 30])
# Which name something gets: one of its own, one that is taken, or one that a refund waits for.
newness = st.sampled_from(["new"] * 5 + ["taken", "awaited"])
# Of things at the same moment the lower id comes first, capitals before the others.
letters = st.sampled_from("Xbm")
A_RULE = {"name": "A rule", "trigger": "purchase"}
kinds = [
    {"kind": "percent_of_purchase", "settings": {"percent": "20", "first_purchases": 1}},
    {"kind": "percent_of_purchase", "settings": {"percent": "12.5", "first_purchases": 2}},
    {"kind": "percent_of_purchase", "settings": {"percent": "100", "first_purchases": 3}},
    {"kind": "percent_of_purchase", "settings": {"percent": "10", "first_purchases": 99}},
    {"kind": "percent_of_purchase", "settings": {"percent": "0.01", "first_purchases": 99}},
    {"kind": "fixed_amount", "settings": {"amount": 1000, "currency": "USD"}},
    {"kind": "fixed_amount", "settings": {"amount": 75, "currency": "JPY"}},
    {"kind": "first_purchase", "settings": {"percent": "12.5"}},
    {"kind": "first_purchase", "settings": {"amount": 1000, "currency": "USD"}},
    {"kind": "recurring", "settings": {"percent": "20", "payments": 2}},
    {"kind": "recurring", "settings": {"percent": "10", "payments": 3, "months": 1}},
    {"kind": "staggered", "settings": {"percent": "20", "then_percent": "10", "first_months": 1}},
    {"kind": "staggered", "settings": {"percent": "1", "then_percent": "100", "first_months": 1, "months": 2}},
]
terms = [
    *({}, {"hold_days": 0}, {"hold_days": 0}, {"hold_days": 10}, {"hold_days": 10}),
    {"hold_days": 10, "starts_at": NOON + 3 * DAY},
    {"hold_days": 0, "ends_at": NOON + 9 * DAY},
    {"hold_days": 0, "starts_at": NOON - DAY, "ends_at": NOON + 20 * DAY},
]
# Most rules have none.
second = {"field": "nth_purchase", "op": "=", "value": 2}
fifty = {"field": "amount", "op": ">=", "value": 5000, "currency": "USD"}
pro = {"field": "metadata.plan", "op": "=", "value": "pro"}
two_days = {"field": "account_age_days", "op": ">=", "value": 2}
once = {"count": 1, "period": "lifetime"}
twice_a_day = {"count": 2, "period": "day"}
fifteen_dollars = {"amount": 1500, "currency": "USD", "period": "month"}
parts = [
    *[{}] * 6,
    {"when": {"all": [second]}},
    {"when": {"all": [fifty]}},
    {"when": {"any": [pro, {**second, "value": 1}, {**second, "value": 3}]}},
    {"when": {"all": [pro], "any": [fifty, {**second, "op": ">="}]}},
    {"when": {"all": [{**pro, "field": "plan"}, two_days]}},
    {"when": {"any": [two_days, second]}, "limits": {"per_referrer": twice_a_day}},
    {"limits": {"per_referrer": once}},
    {"limits": {"program": fifteen_dollars}},
    {"limits": {"per_referrer": twice_a_day, "program": {**fifteen_dollars, "period": "lifetime"}}},
    {"when": {"all": [{**second, "op": ">="}]}, "limits": {"per_referrer": fifteen_dollars}},
]
tables = st.builds(
    lambda number, trigger, side, kind, term, part: {
        **A_RULE,
        "key": f"rule-{number}",
        "trigger": trigger,
        "beneficiary": side,
        **kind,
        **term,
        **part,
    },
    st.integers(1, 4),
    st.sampled_from(["purchase"] * 4 + ["renewal", "signup"]),
    st.sampled_from(["referrer", "friend"]),
    st.sampled_from(kinds),
    st.sampled_from(terms),
    st.sampled_from(parts),
)
rule_sets = st.lists(tables, max_size=3, unique_by=lambda table: table["key"])
# Only one purchase counts for the first, so that a late one ends its reward; what the second gives can be paid at once.
# A late purchase also begins rewards of the third, and the last one soon pays nothing any more.
AT_FIRST = [
    {**A_RULE, "key": "first-purchase", "beneficiary": "referrer", "hold_days": 10, **kinds[0]},
    {**A_RULE, "key": "every-purchase", "beneficiary": "friend", "hold_days": 0, **kinds[3]},
    {**A_RULE, "key": "second-purchase", "beneficiary": "referrer", **kinds[5], "when": {"all": [second]}},
    {**A_RULE, "key": "in-stages", "beneficiary": "friend", **kinds[-1]},
    {**A_RULE, "key": "at-most", "beneficiary": "referrer", **kinds[2], "limits": {"per_referrer": fifteen_dollars}},
]
