"""`rules`: reward rules as a file."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select

from tests import factories, money
from webapp.clock import utc_now
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.models import RewardRuleVersion
from webapp.queries.rules import find_rule_id
from webapp.services.rules import change_rule_state

TWENTY = """
[[rules]]
key = "referrer-20-percent"
name = "20% of each purchase for a year"
trigger = "purchase"
beneficiary = "referrer"
kind = "percent_of_purchase"
settings = { percent = "20", first_purchases = 12 }
reward = "cash"
hold_days = 30
starts_at = 2026-01-01T00:00:00Z
ends_at = 2027-01-01T00:00:00Z
"""
FIVE = """
[[rules]]
key = "friend-five"
name = "5 dollars for the friend"
trigger = "signup"
beneficiary = "friend"
kind = "fixed_amount"
settings = { amount = 500, currency = "USD" }
"""
# Of the rule before it.
WHEN_AND_LIMITS = """
[rules.when]
all = [
    {field = "amount", op = ">=", value = 5000, currency = "USD"},
    {field = "metadata.plan", op = "in", value = ["pro", "team"]},
]
any = [{field = "metadata.trial", op = "=", value = false}]

[rules.limits]
per_referrer = {count = 5, period = "month"}
program = {amount = 1000000, currency = "USD", period = "lifetime"}
"""


def versions(app):
    """Return key, number and state of every version, in the order in which they were published."""
    with app.app_context():
        rows = db.session.scalars(select(RewardRuleVersion).order_by(RewardRuleVersion.published_at))
        return [(row.definition["key"], row.number, row.state) for row in rows]


def test_new_rules_are_published_and_say_so(app, rules):
    result = rules("apply", TWENTY + FIVE)
    assert result.exit_code == 0, result.output
    assert result.stdout == "referrer-20-percent: new, version 1\nfriend-five: new, version 1\n"
    assert versions(app) == [("referrer-20-percent", 1, "live"), ("friend-five", 1, "live")]
    with app.app_context():
        notes = db.session.scalars(select(RewardRuleVersion.note)).all()
    assert set(notes) == {"Applied from rules.toml"}


def test_what_is_live_already_is_published_no_second_time(app, rules):
    rules("apply", TWENTY)
    assert rules("apply", TWENTY).stdout == "Nothing differs from what is live.\n"
    assert len(versions(app)) == 1


def test_a_change_is_a_new_version_and_says_what_differs(app, rules):
    rules("apply", TWENTY + FIVE)
    changed = TWENTY.replace('"20"', '"25"').replace("ends_at = 2027-01-01T00:00:00Z\n", "") + FIVE
    result = rules("apply", changed, "--note", "More for Christmas")
    assert result.stdout.splitlines() == [
        "referrer-20-percent: changed, version 2",
        '  settings.percent: "20" → "25"',
        "  ends_at: 2027-01-01T00:00:00Z → none",
        "1 rule stays as it is.",
    ]
    with app.app_context():
        newest = db.session.scalars(select(RewardRuleVersion).where(RewardRuleVersion.number == 2)).one()
        assert (newest.note, newest.published_by) == ("More for Christmas", None)


def test_a_dry_run_says_the_same_and_changes_nothing(app, rules):
    result = rules("apply", TWENTY, "--dry-run")
    assert result.exit_code == 0
    assert "referrer-20-percent: new, version 1\n" in result.stdout
    assert "Nothing was published: this was a dry run." in result.stdout
    assert versions(app) == []


def test_rules_that_are_not_in_the_file_stay_unless_they_are_pruned(app, rules):
    rules("apply", TWENTY + FIVE)
    assert "friend-five" not in rules("apply", TWENTY).stdout
    assert rules("apply", TWENTY, "--prune").stdout.splitlines()[0] == "friend-five: ended, version 2"
    assert versions(app)[-1] == ("friend-five", 2, "ended")
    assert "friend-five" not in rules("export").stdout


def test_a_rule_that_was_paused_is_not_among_the_live_ones_and_a_file_lets_it_go_on(app, rules):
    rules("apply", FIVE)
    with app.app_context(), write_transaction() as session:
        program = factories.program(session)
        rule_id = find_rule_id(session, program.id, "friend-five")
        change_rule_state(session, program, rule_id, "paused", after=1, note="", by=None, now=utc_now())
    assert "friend-five" not in rules("export").stdout
    assert rules("apply", FIVE).stdout.splitlines() == ["friend-five: changed, version 3", "  live again"]
    assert [state for _key, _number, state in versions(app)] == ["live", "paused", "live"]


def test_a_rule_that_ended_can_be_live_again(app, rules):
    rules("apply", FIVE)
    rules("apply", "", "--prune")
    result = rules("apply", FIVE.replace("500", "600"))
    assert result.stdout.splitlines() == [
        "friend-five: changed, version 3",
        "  live again",
        "  settings.amount: 500 → 600",
    ]
    assert versions(app)[-1] == ("friend-five", 3, "live")


def test_what_is_exported_can_be_applied_again(app, rules):
    rules("apply", TWENTY + FIVE)
    exported = rules("export").stdout
    assert exported.count("[[rules]]") == 2
    assert rules("apply", exported).stdout == "Nothing differs from what is live.\n"
    assert rules("apply", exported, "--prune").stdout == "Nothing differs from what is live.\n"
    assert len(versions(app)) == 2


def test_conditions_and_limits_are_exported_as_they_were_written(app, rules):
    assert rules("apply", TWENTY + WHEN_AND_LIMITS + FIVE).exit_code == 0
    exported = rules("export").stdout
    assert WHEN_AND_LIMITS in exported
    assert rules("apply", exported, "--prune").stdout == "Nothing differs from what is live.\n"
    assert len(versions(app)) == 2


def test_a_changed_condition_or_limit_says_what_differs(rules):
    rules("apply", TWENTY + WHEN_AND_LIMITS)
    changed = WHEN_AND_LIMITS.replace("false", "0").replace("count = 5", "count = 6")
    assert rules("apply", TWENTY + changed).stdout.splitlines() == [
        "referrer-20-percent: changed, version 2",
        '  when.any: [{field = "metadata.trial", op = "=", value = false}]'
        ' → [{field = "metadata.trial", op = "=", value = 0}]',
        '  limits.per_referrer: {count = 5, period = "month"} → {count = 6, period = "month"}',
    ]
    assert "  limits.program: {" in rules("apply", TWENTY).stdout


def test_an_applied_rule_pays(app, rules):
    rules("apply", TWENTY.replace("hold_days = 30", "hold_days = 0"))
    with app.app_context(), write_transaction() as session:
        _ada, bob = money.ada_and_bob(session)
        now = max(datetime.now(UTC), factories.NOON)
        assert [row.amount_minor for row in money.buy(session, bob, "49.99 USD", at=now).rewards] == [1000]


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        pytest.param("{ first_purchases = 12 }", "settings.percent is missing", id="a setting is missing"),
        pytest.param('{ percent = "120" }', "settings.percent must be a percentage as text", id="over 100"),
        pytest.param("{ percent = 20 }", "settings.percent must be a percentage as text", id="a number"),
        pytest.param('{ percent = "20", first = 1 }', "settings.first is not a setting of", id="unknown setting"),
        pytest.param("[]", "settings must be a table", id="no table"),
    ],
)
def test_a_wrong_setting_names_file_rule_and_field_and_publishes_nothing(app, rules, settings, sentence):
    result = rules("apply", FIVE + TWENTY.replace('{ percent = "20", first_purchases = 12 }', settings))
    assert result.exit_code == 1
    assert f"rules.toml: rule “referrer-20-percent”: {sentence}" in result.stderr
    assert "Nothing was published." in result.stderr
    assert versions(app) == []


def test_what_is_not_toml_names_its_line_and_publishes_nothing(app, rules):
    result = rules("apply", FIVE + TWENTY.replace('"20"', '"20'))
    assert result.exit_code == 1
    assert "rules.toml: it is not TOML: " in result.stderr
    assert "line" in result.stderr
    assert versions(app) == []


@pytest.mark.parametrize(
    ("line", "wrong", "sentence"),
    [
        ('trigger = "purchase"', "", "trigger is missing"),
        ('trigger = "purchase"', 'trigger = "Big Purchase"', "trigger must be signup, purchase, renewal"),
        ('beneficiary = "referrer"', 'beneficiary = "both"', "beneficiary must be friend or referrer, not 'both'"),
        ('kind = "percent_of_purchase"', 'kind = "magic"', "kind must be coupon_from_pool or "),
        ('reward = "cash"', 'reward = "gold"', "reward must be cash"),
        ("hold_days = 30", "hold_days = -1", "hold_days must be a whole number of days from 0 to 400"),
        ("ends_at = 2027-01-01T00:00:00Z", "ends_at = 2025-01-01T00:00:00Z", "ends_at must be later than starts_at"),
        ("starts_at = 2026-01-01T00:00:00Z", "starts_at = 2026-01-01", "starts_at must be a moment with its offset"),
        ('reward = "cash"', 'colour = "red"', "colour is not a field of a rule"),
        (
            'reward = "cash"',
            'when = { all = [{ field = "sum", op = "=", value = 1 }] }',
            "when.all[1].field must be one",
        ),
        ('reward = "cash"', "limits = { program = { count = 5 } }", "limits.program.period is missing"),
        (
            'reward = "cash"',
            'exclusive = "Bonus!"',
            "exclusive must be lower-case words with hyphens that name a group of rules",
        ),
    ],
)
def test_a_wrong_field_names_itself(app, rules, line, wrong, sentence):
    result = rules("apply", TWENTY.replace(line, wrong))
    assert result.exit_code == 1
    assert f"rule “referrer-20-percent”: {sentence}" in result.stderr
    assert versions(app) == []


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('[rules]\nkey = "x"\n', "each rule must stand below a line [[rules]]"),
        ("rules = 1\n", "each rule must stand below a line [[rules]]"),
        ('[[rule]]\nkey = "x"\n', "rule is not known; rules stand below [[rules]]"),
        ("[[rules]]\nname = 'x'\n", "rule number 1: kind is missing"),
        (TWENTY + TWENTY, "rule “referrer-20-percent”: key is used by two rules of this file"),
    ],
)
def test_a_file_of_another_form_is_refused(app, rules, text, sentence):
    result = rules("apply", text)
    assert result.exit_code == 1
    assert sentence in result.stderr
    assert versions(app) == []


def test_a_file_or_a_program_that_is_not_there_is_refused(app, rules, tmp_path):
    missing = app.test_cli_runner().invoke(args=["rules", "apply", str(tmp_path / "nothing.toml")])
    assert missing.exit_code == 2
    assert "nothing.toml" in missing.stderr
    assert "there is none called “other”" in rules("apply", TWENTY, "--program", "other").stderr
    assert rules("export", None, "--program", "other").exit_code == 1
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(RewardRuleVersion)) == 0


def test_each_program_has_rules_of_its_own(app, rules):
    with app.app_context(), write_transaction() as session:
        money.another_program(session)
    rules("apply", TWENTY, "--program", "other")
    assert rules("export").stdout == ""
    assert "referrer-20-percent" in rules("export", None, "--program", "other").stdout
