"""How alike two words are, by values that Winkler published."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.domain.similarity import jaro, jaro_winkler

# W. E. Winkler, "Overview of Record Linkage and Current Research Directions" (2006), table 6.
PUBLISHED = [
    ("SHACKLEFORD", "SHACKELFORD", "0.970", "0.982"),
    ("NICHLESON", "NICHULSON", "0.926", "0.956"),
    ("JONES", "JOHNSON", "0.790", "0.832"),
    ("MASSEY", "MASSIE", "0.889", "0.933"),
    ("ABROMS", "ABRAMS", "0.889", "0.922"),
    ("JERALDINE", "GERALDINE", "0.926", "0.926"),
    ("MARHTA", "MARTHA", "0.944", "0.961"),
    ("MICHELLE", "MICHAEL", "0.869", "0.921"),
    ("JULIES", "JULIUS", "0.889", "0.933"),
    ("TANYA", "TONYA", "0.867", "0.880"),
    ("DWAYNE", "DUANE", "0.822", "0.840"),
    ("SEAN", "SUSAN", "0.783", "0.805"),
    ("JON", "JOHN", "0.917", "0.933"),
    ("JON", "JAN", "0.778", "0.800"),
    ("DIXON", "DICKSONX", "0.767", "0.813"),
]
WORDS = st.text("abc.é", max_size=8)


@pytest.mark.parametrize(("one", "other", "without_beginning", "with_beginning"), PUBLISHED)
def test_words_are_as_alike_as_was_published(one, other, without_beginning, with_beginning):
    assert f"{float(jaro(one, other)):.3f}" == without_beginning
    assert f"{float(jaro_winkler(one, other)):.3f}" == with_beginning


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("", "", 1),
        ("", "bob", 0),
        ("a", "b", 0),
        ("a", "a", 1),
        ("ab", "ba", 0),
        ("bob", "BOB", 0),
        # All seven letters in their order, three of them at the beginning: exactly a threshold.
        ("annmill", "annamiller", Fraction(93, 100)),
    ],
)
def test_the_ends_of_the_scale_and_an_exact_value(one, other, alike):
    assert jaro_winkler(one, other) == alike


@given(WORDS, WORDS)
def test_the_order_of_two_words_makes_no_difference_and_only_equal_ones_are_fully_alike(one, other):
    alike = jaro_winkler(one, other)
    assert alike == jaro_winkler(other, one)
    assert 0 <= jaro(one, other) <= alike <= 1
    assert (alike == 1) is (one == other)
