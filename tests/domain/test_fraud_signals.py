"""The fraud signals: their examples, their settings, and what findings come to together."""

import importlib
import json
import pkgutil
from dataclasses import fields
from datetime import timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.domain import fraud_signals
from webapp.domain.evidence import Pace, Together, Traffic, evidence, from_stored, likeness, to_stored
from webapp.domain.registry import SettingError
from webapp.domain.screening import SIGNALS, look_at, read_signals, score, verdict, weight_of
from webapp.domain.sentences import plain
from webapp.domain.signal_registry import Finding, Weight

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


@pytest.mark.parametrize("module", MODULES, ids=NAMES.values())
def test_everything_that_a_signal_can_say_is_shown_by_an_example(module):
    kind = SIGNALS[NAMES[module]]
    said = {expected.get("what") for _signal, _known, expected in module.EXAMPLES if expected is not None}
    assert said == ({None} if isinstance(kind.sentence, str) else set(kind.sentence))


@pytest.mark.parametrize(("name", "signal", "known", "expected"), EXAMPLES)
def test_evidence_that_was_kept_is_looked_at_as_it_was(name, signal, known, expected):
    kept = from_stored(json.loads(json.dumps(to_stored(known))))
    assert kept == known
    assert signal.look(kept) == expected


def test_evidence_of_a_newer_grapevine_is_read_as_far_as_it_is_known():
    assert from_stored({**to_stored(evidence()), "brain_waves": 7}) == evidence()


@pytest.mark.parametrize("module", MODULES, ids=NAMES.values())
def test_what_is_kept_of_a_finding_holds_nothing_of_a_person(module):
    assert not any("@" in json.dumps(to_stored(known)) for _signal, known, _expected in module.EXAMPLES)
    assert not any("@" in str(expected) for *_about, expected in module.EXAMPLES)


def test_nothing_known_is_nothing_found():
    assert look_at(evidence(), read_signals({})) == []


@pytest.mark.parametrize("name", SIGNALS)
def test_every_setting_has_a_default_and_a_label(name):
    settings = fields(SIGNALS[name].signal)
    assert settings[0].name == "weight"
    assert all("label" in field.metadata for field in settings)
    assert isinstance(SIGNALS[name].signal().weight, Weight)


NEAR = {"apart": timedelta(hours=1), "address": True, "network": True}


@pytest.mark.parametrize(
    ("signal", "settings", "known", "weight"),
    [
        ("shared_network", {}, evidence(together=Together(**NEAR, browser=True)), 40),
        ("shared_network", {}, evidence(together=Together(**NEAR, browser=False)), 15),
        ("shared_network", {"alone": 25}, evidence(together=Together(**NEAR, browser=False)), 25),
        ("shared_network", {"weight": 0}, evidence(together=Together(**NEAR, browser=False)), 15),
        ("shared_network", {"alone": 0}, evidence(together=Together(**NEAR, browser=False)), None),
        ("same_person", {"weight": 0}, evidence(same_mailbox=True), 0),
    ],
)
def test_a_finding_weighs_by_what_was_seen(signal, settings, known, weight):
    signals = read_signals({signal: settings})
    found = look_at(known, signals)
    assert [(one.signal, one.weight) for one in found] == ([] if weight is None else [(signal, weight)])
    # What is kept of it is enough to weigh it anew.
    assert [weight_of(signals[signal], one.saw) for one in found] == [one.weight for one in found]


def test_a_signal_that_cannot_weigh_what_it_saw_holds():
    class Broken:
        weight = Weight(10)

        def look(self, evidence):
            return {"what": "nonsense"}

        def weigh(self, saw):
            raise KeyError

    (finding,) = look_at(evidence(), {"shared_network": Broken()})
    assert (finding.signal, finding.saw) == ("check_failed", {"signal": "shared_network"})


def test_only_proofs_deny():
    assert {kind.name for kind in SIGNALS.values() if kind.denies} == {
        *("same_person", "existing_customer", "already_referred")
    }
    # However little they are said to weigh.
    proof = look_at(evidence(same_mailbox=True), read_signals({"same_person": {"weight": 0}}))
    assert verdict(proof, held_from=100) == "deny"


@pytest.mark.parametrize(
    "known",
    [
        pytest.param(
            {
                "together": Together(timedelta(0), address=True, network=True, browser=True),
                **likeness("tom.miller@gmx.de", "ann.miller@gmail.com"),
                "from_origin": 1,
            },
            id="a household with one make of phone",
        ),
        pytest.param(
            {
                "together": Together(timedelta(hours=2), address=True, network=True, browser=False),
                **likeness("tom@firm.example", "ann@firm.example"),
                "from_origin": 2,
            },
            id="colleagues in an office with its own domain",
        ),
        pytest.param(
            {
                "together": Together(timedelta(hours=2), address=True, network=True, browser=False),
                **likeness("s12345@uni.edu", "j.smith@uni.edu"),
                "from_origin": 30,
            },
            id="students of one campus",
        ),
        pytest.param(likeness("tom@millers.example", "ann@millers.example"), id="a family's domain"),
        pytest.param(
            {"clicked": 90, "pace": Pace(80, 300, usual_day=900), "traffic": Traffic(300_000, 200, in_a_minute=4)},
            id="an influencer whose friends mostly only look",
        ),
    ],
)
def test_honest_people_who_look_alike_are_not_held(known):
    assert verdict(look_at(evidence(**known), read_signals({}))) == "clear"


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
        ({"shared_network": {"alone": 101}}, "shared_network.alone must be a whole number between 0 and 100"),
        ({"banned_source": {"hosts": "coupons.example"}}, "banned_source.hosts must be a list of host names"),
        ({"banned_source": {"hosts": ["coupons.example", 7]}}, "banned_source.hosts must be a list of host names"),
        ({"banned_source": {"hosts": ["*.example"]}}, "sub-domains are included"),
        ({"banned_source": {"hosts": ["https://coupons.example/"]}}, r'as in \["coupons.example"\]'),
        # Whatever somebody has written into the database by hand.
        ({"velocity": 5}, "velocity must be a table of settings"),
        ({"velocity": ["weight"]}, "velocity must be a table of settings"),
        (["velocity"], "signals must be a table of settings"),
        (None, "signals must be a table of settings"),
    ],
)
def test_a_wrong_setting_is_named(raw, problem):
    with pytest.raises(SettingError, match=problem):
        read_signals(raw)


def test_lists_are_read_in_the_spelling_in_which_they_are_compared():
    signals = read_signals(
        {
            "banned_source": {"hosts": [" Bücher.example. ", "deals.example"]},
            "too_fast": {"seconds": 9, "weight": 20},
        }
    )
    assert signals["banned_source"].hosts == ("xn--bcher-kva.example", "deals.example")
    assert (signals["too_fast"].seconds, signals["too_fast"].weight) == (9, 20)


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
