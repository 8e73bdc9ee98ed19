"""The fraud signals: their examples, their settings, and what findings come to together."""

import importlib
import pkgutil
from dataclasses import fields
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.domain import fraud_signals
from webapp.domain.evidence import evidence
from webapp.domain.registry import SettingError
from webapp.domain.sentences import plain
from webapp.domain.signal_registry import (
    SIGNALS,
    Finding,
    Weight,
    look_at,
    read_signals,
    score,
    verdict,
)

MODULES = [
    importlib.import_module(f"{fraud_signals.__name__}.{module.name}")
    for module in pkgutil.iter_modules(fraud_signals.__path__)
]
NAMES = {module: module.__name__.rpartition(".")[2] for module in MODULES}
EXAMPLES = [
    pytest.param(NAMES[module], *example, id=f"{NAMES[module]}-{number}")
    for module in MODULES
    for number, example in enumerate(module.EXAMPLES, 1)
]


@pytest.mark.parametrize(("name", "signal", "known", "expected"), EXAMPLES)
def test_each_example_comes_out(name, signal, known, expected):
    assert SIGNALS[name].signal is type(signal)
    assert signal.look(known) == expected
    if expected is not None:
        assert plain(SIGNALS[name].in_words(expected))


@pytest.mark.parametrize("module", MODULES, ids=NAMES.values())
def test_each_file_shows_a_firing_one_that_nearly_does_and_one_where_what_it_asks_for_is_unknown(module):
    found = [signal.look(known) is not None for signal, known, _expected in module.EXAMPLES]
    assert {True, False} == set(found)
    assert any(known == evidence() for _signal, known, _expected in module.EXAMPLES)
    assert len(module.EXAMPLES) >= 3


def test_nothing_known_is_nothing_found():
    assert look_at(evidence(), read_signals({})) == []


@pytest.mark.parametrize("name", SIGNALS)
def test_every_setting_has_a_default_and_a_label(name):
    settings = fields(SIGNALS[name].signal)
    assert settings[0].name == "weight"
    assert all("label" in field.metadata for field in settings)
    assert isinstance(SIGNALS[name].signal().weight, Weight)


def test_a_signal_that_breaks_holds():
    class Broken:
        weight = Weight(10)

        def look(self, evidence):
            raise ZeroDivisionError

    (finding,) = look_at(evidence(), {"too_fast": Broken()})
    assert (finding.signal, finding.saw) == ("check_failed", {"signal": "too_fast"})
    assert verdict([finding]) == "hold"


def test_a_signal_without_weight_is_off():
    signals = read_signals({"too_fast": {"weight": 0}})
    assert look_at(evidence(clicked=1), signals) == []


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        ({"nonsense": {}}, "nonsense is no fraud signal"),
        ({"too_fast": {"minutes": 1}}, "too_fast.minutes is not a setting of too_fast, which takes weight, seconds"),
        ({"too_fast": {"weight": 101}}, "too_fast.weight must be a whole number between 0 and 100"),
        ({"too_fast": {"weight": True}}, "too_fast.weight must be a whole number between 0 and 100"),
        ({"too_fast": {"seconds": -1}}, "too_fast.seconds must be a whole number from 0 on"),
        ({"too_fast": {"seconds": "3"}}, "too_fast.seconds must be a whole number from 0 on"),
    ],
)
def test_a_wrong_setting_is_named(raw, problem):
    with pytest.raises(SettingError, match=problem):
        read_signals(raw)


def found(*weights, denies=False):
    return [Finding("too_fast", Weight(weight), {}, denies) for weight in weights]


@pytest.mark.parametrize(
    ("findings", "total", "what"),
    [
        ([], Fraction(0), "clear"),
        (found(40), Fraction(2, 5), "clear"),
        # Two doubts that say little by themselves.
        (found(40, 30), Fraction(58, 100), "hold"),
        (found(30, 28), Fraction(496, 1000), "clear"),
        (found(50), Fraction(1, 2), "hold"),
        (found(100, 100), Fraction(1), "hold"),
        (found(0, denies=True), Fraction(0), "deny"),
    ],
)
def test_weights_add_up_and_only_a_proof_denies(findings, total, what):
    assert score(findings) == total
    assert verdict(findings) == what


@given(st.lists(st.integers(0, 100), max_size=6), st.integers(0, 100))
def test_one_more_finding_never_lowers_the_score(weights, more):
    assert score(found(*weights)) <= score(found(*weights, more)) <= 1
