"""The kinds of reward rule: their examples, their settings, and that a file is all that a new one takes."""

import math
import pkgutil
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass, fields
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.domain import reward_rules
from webapp.domain.facts import Earned, Skipped, facts
from webapp.domain.money import LARGEST, Money, Percent
from webapp.domain.registry import (
    KINDS,
    CurrencyCode,
    MinorUnits,
    SettingError,
    plain_settings,
    read_settings,
    reward_rule,
)
from webapp.domain.reward_rules.fixed_amount import FixedAmount
from webapp.domain.reward_rules.percent_of_purchase import PercentOfPurchase
from webapp.domain.sentences import from_stored, plain, to_stored

MODULES = {f"{reward_rules.__name__}.{module.name}" for module in pkgutil.iter_modules(reward_rules.__path__)}
AMOUNTS = st.builds(Money, st.integers(0, LARGEST), st.sampled_from(["JPY", "USD", "EUR", "KWD"]))
MILLIONTHS = st.integers(1, 100_000_000)

NEW_KIND = '''
"""A bonus that was dropped in."""
from dataclasses import dataclass
from typing import ClassVar

from webapp.domain.facts import Earned
from webapp.domain.money import Money
from webapp.domain.registry import reward_rule
from webapp.domain.sentences import Sentence


@reward_rule("yen_each_time", label="Yen each time")
@dataclass(frozen=True)
class YenEachTime:
    yen: int
    proportional: ClassVar[bool] = False

    def reward(self, facts):
        return Earned(Money(self.yen, "JPY"), (Sentence("Dropped in."),))
'''
USE_OF_NEW_KIND = """
from webapp.domain.facts import facts
from webapp.domain.rules import read_rule
rule = read_rule({"key": "yen", "name": "Yen", "trigger": "signup", "beneficiary": "friend",
                  "kind": "yen_each_time", "settings": {"yen": 300}})
print(rule.price(facts(type="signup")).amount)
"""


def examples_of(kind):
    return getattr(sys.modules[kind.settings.__module__], "EXAMPLES", [])


def percentage(millionths):
    """Return so many millionths of a percent."""
    return Percent(f"{millionths // 1_000_000}.{millionths % 1_000_000:06d}")


def settings_of(kind, toml):
    return read_settings(KINDS[kind], tomllib.loads(toml))


def test_every_kind_pays_and_skips_as_its_examples_say():
    assert {kind.settings.__module__ for kind in KINDS.values()} == MODULES, "a file that makes no kind known"
    for kind in KINDS.values():
        paid = 0
        for rule, about, expected in examples_of(kind):
            answer = rule.reward(about)
            sentences = answer.because if isinstance(answer, Earned) else (answer.because,)
            assert (str(answer.amount) if isinstance(answer, Earned) else answer.code) == expected, (rule, about)
            paid += isinstance(answer, Earned)

            # What is paid is above zero and says why, and a rule is stored and read back as the same one.
            # A coupon has no amount.
            has_amount = isinstance(answer, Earned) and (answer.amount.minor > 0 or kind.name == "coupon_from_pool")
            assert isinstance(answer, Skipped) or (has_amount and sentences)
            assert all(plain(from_stored(to_stored(sentence))).endswith(".") for sentence in sentences)
            assert read_settings(kind, plain_settings(rule)) == rule
        assert paid, f"{kind.name} has no example that pays"


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_kind_says_what_it_is(kind):
    assert kind.label.strip()
    assert kind.settings.__doc__.strip()
    assert {rule.proportional for rule, _about, _expected in examples_of(kind)} <= {True, False}


@pytest.mark.parametrize(
    ("kind", "toml", "proportional"),
    [
        ("fixed_amount", 'amount = 1000\ncurrency = "USD"', False),
        ("percent_of_purchase", 'percent = "20"', True),
        ("first_purchase", 'percent = "20"', True),
        ("first_purchase", 'amount = 1000\ncurrency = "USD"', False),
        ("recurring", 'percent = "20"\npayments = 3', True),
        ("staggered", 'percent = "20"\nthen_percent = "10"', True),
    ],
)
def test_whether_a_part_of_a_refund_takes_a_part_of_the_reward(kind, toml, proportional):
    assert settings_of(kind, toml).proportional is proportional


def test_dropping_a_file_in_is_all_it_takes(tmp_path):
    domain = Path(reward_rules.__file__).parent.parent
    shutil.copytree(domain, tmp_path / "webapp/domain", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "webapp/__init__.py").touch()
    (tmp_path / "webapp/domain/reward_rules/yen_each_time.py").write_text(NEW_KIND)
    command = [sys.executable, "-c", USE_OF_NEW_KIND]
    paid = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (paid.stdout, paid.stderr) == ("300 JPY\n", "")


def test_two_kinds_never_share_a_name():
    before = dict(KINDS)
    with pytest.raises(ValueError, match="two kinds of rule are called fixed_amount"):
        reward_rule("fixed_amount", label="Another")(dataclass(type("Another", (), {})))
    assert before == KINDS


@pytest.mark.parametrize(
    ("kind", "toml", "rule"),
    [
        pytest.param("fixed_amount", 'amount = 1\ncurrency = "USD"', (1, "USD"), id="a cent"),
        pytest.param("fixed_amount", 'amount = 1_000\ncurrency = "JPY"', (1000, "JPY"), id="yen"),
        pytest.param(
            "fixed_amount", 'amount = 999_999_999_999\ncurrency = "KWD"', (999_999_999_999, "KWD"), id="the largest"
        ),
        pytest.param("percent_of_purchase", 'percent = "20"', (Percent("20"), 12), id="twelve purchases"),
        pytest.param(
            "percent_of_purchase", 'percent = "0.000001"\nfirst_purchases = 1', (Percent("0.000001"), 1), id="the least"
        ),
        pytest.param(
            "percent_of_purchase",
            'percent = "100.000000"\nfirst_purchases = 1000000',
            (Percent("100.000000"), 1_000_000),
            id="the most",
        ),
    ],
)
def test_settings_are_read_and_written(kind, toml, rule):
    read = settings_of(kind, toml)
    assert tuple(getattr(read, field.name) for field in fields(read)) == rule
    assert read_settings(KINDS[kind], plain_settings(read)) == read


@pytest.mark.parametrize(
    ("rule", "settings"),
    [
        (FixedAmount(MinorUnits(500), CurrencyCode("JPY")), {"amount": 500, "currency": "JPY"}),
        (PercentOfPurchase(Percent("12.50")), {"percent": "12.50", "first_purchases": 12}),
    ],
)
def test_written_settings_are_what_toml_and_json_know(rule, settings):
    written = plain_settings(rule)
    assert written == settings
    assert {type(value) for value in written.values()} == {int, str}


COUNT = "must be a whole number from 1 to 1000000"
MINOR = "must be an amount in minor units, a whole number from 1 to 999999999999"
CURRENCY = 'must be the three capital letters of a currency that is legal tender today, as in "USD"'
PERCENT = 'must be a percentage as text, above 0 and up to 100, as in "20" or "12.5"'


@pytest.mark.parametrize(
    ("kind", "toml", "field", "problem"),
    [
        *(
            pytest.param("percent_of_purchase", f"percent = {value}", "percent", PERCENT, id=f"percent = {value}")
            for value in ("20", "20.0", "true", "nan", '""', '"0"', '"100.000001"', '"20%"', '"٢٠"', '["20"]', "{}")
        ),
        *(
            pytest.param(
                "percent_of_purchase",
                f'percent = "20"\nfirst_purchases = {value}',
                "first_purchases",
                COUNT,
                id=f"first_purchases = {value}",
            )
            for value in ("0", "-1", "1000001", "12.0", "true", '"12"', "inf", "[]", "2026-01-01")
        ),
        *(
            pytest.param("fixed_amount", f'amount = {value}\ncurrency = "USD"', "amount", MINOR, id=f"amount = {value}")
            for value in ("0", "-1", "1_000_000_000_000", "10.0", "1e3", "true", '"1000"', "nan", "{}", "2026-01-01")
        ),
        *(
            pytest.param(
                "fixed_amount", f"amount = 1000\ncurrency = {value}", "currency", CURRENCY, id=f"currency = {value}"
            )
            for value in (
                '"usd"',
                '"XXX"',
                '"XTS"',
                '"XAU"',
                '"CHE"',
                '"BGN"',
                '""',
                '"USD "',
                "840",
                "true",
                '["USD"]',
            )
        ),
        pytest.param(
            "percent_of_purchase",
            "",
            "percent",
            "is missing; percent_of_purchase takes percent, first_purchases",
            id="no percent",
        ),
        pytest.param(
            "fixed_amount",
            "amount = 1000",
            "currency",
            "is missing; fixed_amount takes amount, currency",
            id="an amount without its currency",
        ),
        pytest.param(
            "percent_of_purchase",
            'percent = "20"\namount = 5',
            "amount",
            "is not a setting of percent_of_purchase, which takes percent, first_purchases",
            id="a setting of another kind",
        ),
        pytest.param(
            "percent_of_purchase",
            'Percent = "20"',
            "Percent",
            "is not a setting of percent_of_purchase, which takes percent, first_purchases",
            id="a capital letter",
        ),
        pytest.param(
            "percent_of_purchase",
            'percent = "20"\nproportional = false',
            "proportional",
            "is not a setting of percent_of_purchase, which takes percent, first_purchases",
            id="what belongs to the kind is no setting",
        ),
    ],
)
def test_a_wrong_setting_is_named(kind, toml, field, problem):
    with pytest.raises(SettingError) as caught:
        settings_of(kind, toml)
    assert (caught.value.field, caught.value.problem) == (f"settings.{field}", problem)
    assert str(caught.value) == f"settings.{field} {problem}"


@pytest.mark.parametrize("raw", [None, [], "percent", 20, [("percent", "20")]])
def test_settings_are_a_table(raw):
    with pytest.raises(SettingError) as caught:
        read_settings(KINDS["percent_of_purchase"], raw)
    assert (caught.value.field, caught.value.problem) == ("settings", 'must be a table, as in { percent = "20" }')


@pytest.mark.parametrize(
    ("rule", "about", "words"),
    [
        pytest.param(
            FixedAmount(MinorUnits(500), CurrencyCode("JPY")),
            facts(amount="49.99 EUR"),
            "A fixed amount of 500 JPY.",
            id="a fixed amount",
        ),
        pytest.param(
            PercentOfPurchase(Percent("12.5")),
            facts(amount="1.235 KWD"),
            "12.5% of 1.235 KWD is 0.154 KWD.",
            id="a percentage",
        ),
        pytest.param(
            PercentOfPurchase(Percent("1")),
            facts(amount="49 JPY"),
            "1% of 49 JPY rounds to nothing.",
            id="rounds to nothing",
        ),
        pytest.param(
            PercentOfPurchase(Percent("20")),
            facts(),
            "A percentage needs an amount, and none was reported.",
            id="no amount",
        ),
        pytest.param(
            PercentOfPurchase(Percent("20"), first_purchases=1),
            facts(amount="5 USD", nth_purchase=2),
            "Only the first purchase counts.",
            id="one purchase",
        ),
        pytest.param(
            PercentOfPurchase(Percent("20"), first_purchases=3),
            facts(amount="5 USD", nth_purchase=4),
            "Only the first 3 purchases count.",
            id="three purchases",
        ),
    ],
)
def test_a_rule_says_why_it_pays_and_why_not(rule, about, words):
    answer = rule.reward(about)
    sentences = answer.because if isinstance(answer, Earned) else (answer.because,)
    assert [plain(sentence) for sentence in sentences] == [words]


@given(AMOUNTS, MILLIONTHS)
def test_a_percentage_of_a_purchase_is_the_exact_one_rounded_half_up(amount, millionths):
    answer = PercentOfPurchase(percentage(millionths)).reward(facts(amount=str(amount)))
    cents = math.floor(Fraction(amount.minor * millionths, 100_000_000) + Fraction(1, 2))
    if cents:
        assert answer.amount == Money(cents, amount.currency)
        assert cents <= amount.minor
    else:
        assert answer.code == "rounds_to_zero"


@given(AMOUNTS, st.integers(0, LARGEST), MILLIONTHS, MILLIONTHS)
def test_a_larger_purchase_or_percentage_never_earns_less(amount, more, one, other):
    lower, higher = sorted((one, other))
    larger = Money(amount.minor + more, amount.currency)
    before = PercentOfPurchase(percentage(lower)).reward(facts(amount=str(amount)))
    after = PercentOfPurchase(percentage(higher)).reward(facts(amount=str(larger)))
    assert isinstance(before, Skipped) or after.amount.minor >= before.amount.minor


@given(st.integers(1, 10**6), st.integers(1, 10**6 + 1))
def test_only_the_first_purchases_earn_a_percentage(first_purchases, nth):
    rule = PercentOfPurchase(Percent("20"), first_purchases=first_purchases)
    assert isinstance(rule.reward(facts(amount="5 USD", nth_purchase=nth)), Earned) == (nth <= first_purchases)


@given(st.integers(1, LARGEST), st.sampled_from(["JPY", "USD", "EUR", "KWD"]), st.none() | AMOUNTS)
def test_a_fixed_amount_is_the_same_whatever_was_paid(minor, currency, paid):
    rule = FixedAmount(MinorUnits(minor), CurrencyCode(currency))
    assert rule.reward(facts(amount=paid and str(paid))).amount == Money(minor, currency)
