"""How codes are made and how they are read."""

import math
import random
import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.domain.codes import (
    ALPHABET,
    GENERATED_LENGTH,
    LONGEST,
    code_key,
    generated_bits,
    is_offensive,
    new_code,
    problem_with_chosen,
)

SAMPLE = 50_000


def test_a_generated_code_has_ten_characters_of_the_alphabet():
    code = new_code(secrets.choice)
    assert len(code) == GENERATED_LENGTH == 10
    assert set(code) <= set(ALPHABET)


def test_the_alphabet_has_no_doubles_and_no_look_alikes():
    assert len(set(ALPHABET)) == len(ALPHABET)
    assert set(ALPHABET).isdisjoint("OIL")


def test_a_generated_code_carries_50_bits_also_after_offensive_ones_are_left_out():
    numbers = random.Random(20261122)
    codes = ("".join(numbers.choice(ALPHABET) for _ in range(GENERATED_LENGTH)) for _ in range(SAMPLE))
    refused = sum(map(is_offensive, codes)) / SAMPLE
    assert 0 < refused < 0.02
    assert generated_bits() == pytest.approx(math.log2(len(ALPHABET) ** GENERATED_LENGTH))
    assert generated_bits() + math.log2(1 - refused) >= 50


def test_an_offensive_draw_is_made_again():
    draws = iter("FUCK000000" + "BCDFGH2345")
    assert new_code(lambda _alphabet: next(draws)) == "BCDFGH2345"


def test_every_character_is_drawn_from_the_whole_alphabet():
    asked = []
    new_code(lambda alphabet: asked.append(alphabet) or secrets.choice(alphabet))
    assert set(asked) == {ALPHABET}


@given(st.lists(st.sampled_from(ALPHABET), min_size=GENERATED_LENGTH, max_size=GENERATED_LENGTH).map("".join))
def test_a_generated_code_is_its_own_key_in_either_case(code):
    assert code_key(code) == code
    assert code_key(code.lower()) == code


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        pytest.param("abc2345xyz", "ABC2345XYZ", id="lower case"),
        pytest.param("AbC2345xYz", "ABC2345XYZ", id="mixed case"),
        pytest.param("  ABC2345XYZ ", "ABC2345XYZ", id="spaces around it, from a copy"),
        pytest.param("O0o", "000", id="the letter O is the digit 0"),
        pytest.param("IiLl1", "11111", id="the letters I and L are the digit 1"),
        pytest.param("summer-sale", "SUMMER-SA1E", id="hyphens between the parts"),
        pytest.param("a", "A", id="one character"),
        pytest.param("A" * LONGEST, "A" * LONGEST, id="the longest"),
    ],
)
def test_a_code_is_read_as_a_person_means_it(typed, key):
    assert code_key(typed) == key


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("   ", id="only spaces"),
        pytest.param("ABC\x00DEF", id="NUL inside"),
        pytest.param("ABCDEF\x00", id="NUL at the end"),
        pytest.param("ABC\n", id="a line break"),
        pytest.param("\tABC", id="a tab"),
        pytest.param("A" * (LONGEST + 1), id="too long"),
        pytest.param("A" * 1_000_000, id="absurdly long"),
        pytest.param("ABC DEF", id="a space inside"),
        pytest.param("ABC\u00a0DEF", id="a hard space inside"),
        pytest.param("\u0661\u0662\u0663", id="Arabic digits"),
        pytest.param("\uff11\uff12\uff13", id="full-width digits"),
        pytest.param("A²", id="a superscript digit"),
        pytest.param("CАFE", id="a Cyrillic A"),
        pytest.param("\ufb01x", id="a ligature that grows in upper case"),
        pytest.param("ı", id="a dotless i, which is I in upper case"),
        pytest.param("-ABC", id="a hyphen first"),
        pytest.param("ABC-", id="a hyphen last"),
        pytest.param("A--B", id="two hyphens"),
        pytest.param("-", id="a hyphen alone"),
        pytest.param("A_B", id="an underscore"),
        pytest.param("%", id="a wild card"),
        pytest.param("A/B", id="a slash"),
        pytest.param("A.B", id="a dot"),
    ],
)
def test_what_cannot_be_a_code_has_no_key(text):
    assert code_key(text) is None


@given(st.text(max_size=40))
def test_a_key_is_the_key_of_itself_whatever_was_typed(text):
    key = code_key(text)
    assert key is None or (code_key(key) == key and key.isascii() and len(key) <= LONGEST)


@pytest.mark.parametrize(
    "code",
    [
        pytest.param("XXSHITXX23", id="in letters"),
        pytest.param("xxshitxx23", id="in lower case"),
        pytest.param("22BBBBFUCK", id="at the end"),
        pytest.param("2245523456", id="A and S as digits"),
        pytest.param("22P15522BB", id="I and S as digits"),
        pytest.param("22P0RN22BB", id="O as a digit"),
        pytest.param("22H3112222", id="E and both L as digits"),
        pytest.param("22717222BB", id="T and I as digits"),
        pytest.param("22C11T22BB", id="one digit for L and for I in one word"),
        pytest.param("22K11122BB", id="one digit for I and twice for L"),
    ],
)
def test_a_word_nobody_wants_to_send_is_found_also_in_digits(code):
    assert is_offensive(code)


@pytest.mark.parametrize("code", ["BCDFGH2345", "2345678926", "SUMMER-24", "MARTA"])
def test_a_harmless_code_is_left_alone(code):
    assert not is_offensive(code)


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        pytest.param("ada", None, id="three letters"),
        pytest.param("Ada-Bakes-2026", None, id="words with hyphens"),
        pytest.param(" ada-bakes ", None, id="spaces around it"),
        pytest.param("A" * LONGEST, None, id="the longest"),
        pytest.param("administer", None, id="a reserved word is only reserved as a whole"),
        pytest.param("ad", "short", id="two letters"),
        pytest.param("A" * (LONGEST + 1), "long", id="too long"),
        pytest.param("ada bakes", "characters", id="a space inside"),
        pytest.param("ada_bakes", "characters", id="an underscore"),
        pytest.param("adä", "characters", id="a letter of another alphabet"),
        pytest.param("-ada", "characters", id="a hyphen first"),
        pytest.param("Admin", "reserved", id="a reserved word"),
        pytest.param("L0GIN", "reserved", id="a reserved word with look-alikes"),
        pytest.param("sign-up", "reserved", id="a reserved word with a hyphen"),
        pytest.param("ad-min", "reserved", id="a reserved word that is taken apart"),
        pytest.param("ada-fuck", "offensive", id="a word nobody wants to send"),
        pytest.param("f-u-c-k", "offensive", id="the same, taken apart"),
    ],
)
def test_a_chosen_code_is_refused_with_its_reason(code, problem):
    assert problem_with_chosen(code) == problem
