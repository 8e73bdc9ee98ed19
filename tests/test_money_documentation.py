"""docs/money.md is true: its codes are complete, its rules can be applied, its table of refunds adds up."""

import re
import tomllib

import pytest

from tests.test_readme import links_and_paths_that_lead_nowhere
from webapp.config import ROOT
from webapp.domain import outcomes
from webapp.domain.ledger import ACCOUNTS
from webapp.domain.money import Money
from webapp.domain.refunds import refundable, still_earned
from webapp.domain.rewards import STATUSES
from webapp.domain.rules import read_rule

TEXT = (ROOT / "docs/money.md").read_text()
RULE_FILES = [ROOT / "webapp/domain/rules.py", *sorted((ROOT / "webapp/domain/reward_rules").glob("*.py"))]


def tables():
    return re.findall(r"(?:^\|.*\n)+", TEXT, re.MULTILINE)


def table(heading):
    return next(found for found in tables() if heading in found.splitlines()[0])


def codes(text):
    return set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE))


def test_every_reason_of_a_decision_is_explained():
    used = set(outcomes.REASONS) | {"earned"}
    for file in RULE_FILES:
        used |= set(re.findall(r'Skipped\(\s*"(\w+)"', file.read_text()))
    why = TEXT.partition("## Why, in codes")[2]
    decisions, refunds = re.findall(r"(?:^\|.*\n)+", why, re.MULTILINE)[:2]
    assert codes(decisions) == used
    said = (ROOT / "webapp/views/api/refunds.py").read_text()
    assert codes(refunds) == set(re.findall(r'_told\("(\w+)"', said)) | {"reversal", "clawback"}


def test_every_account_and_every_status_is_explained():
    assert set(re.findall(r"`(\w+)`", table("account"))) == set(ACCOUNTS)
    life = TEXT.partition("## The life of a reward")[2].partition("##")[0]
    assert set(re.findall(r"`(\w+)`", life)) == set(STATUSES)


def test_the_rules_of_the_example_can_be_applied():
    rules = [read_rule(rule) for rule in tomllib.loads((ROOT / "docs/examples/rules.toml").read_text())["rules"]]
    assert {rule.kind for rule in rules} == {"percent_of_purchase", "fixed_amount"}


@pytest.mark.parametrize("line", table("granted").splitlines()[2:])
def test_a_line_of_the_table_of_refunds_adds_up(line):
    granted, purchase, refunds, stays = (cell.strip() for cell in line.strip("|").split("|"))
    granted, _, how = granted.partition(", ")
    amount, reward = Money.parse(purchase), Money.parse(granted)
    refunded = count = 0
    for part in refunds.split(", then "):
        wanted = Money.parse(f"{part} {amount.currency}").minor
        refunded += refundable(amount.minor, refunded, wanted)
        count += 1
    left = still_earned(
        reward.minor,
        proportional=how != "fixed",
        amount_minor=amount.minor,
        refunded_minor=refunded,
        refunds=count,
    )
    assert str(Money(left, reward.currency)) == stays


def test_its_links_lead_somewhere():
    assert links_and_paths_that_lead_nowhere("docs/money.md") == []
