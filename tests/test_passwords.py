"""Which passwords may be chosen: long enough, not the first that anyone would try, and in any alphabet."""

import pytest

from webapp.passwords import hash_password, problem_with, verify_password

ADA = ("Ada Okafor", "ada.okafor@example.com")


@pytest.mark.parametrize(
    ("password", "problem"),
    [
        ("sieben7", "short"),
        ("x" * 250 + "1234567", "long"),
        ("password", "common"),
        ("LetMeIn1", "common"),
        ("qwertyui", "common"),
        pytest.param("        ", "common", id="one character, often"),
        ("AdaOkafor", "own"),
        ("okafor-1990", "own"),
        ("ada.okafor@example.com", "own"),
        ("Example 2026!", "own"),
        ("demo demo demo", None),
        ("ada likes tea", None),
        ("brombeere", None),
        ("密码很长的一句话", None),
        ("🍇" * 4 + "🍉" * 4, None),
        pytest.param("83910275", None, id="digits that are nobody's"),
    ],
)
def test_a_password_is_refused_only_for_a_reason(password, problem):
    assert problem_with(password, own=ADA) == problem


def test_a_name_of_two_letters_and_an_address_of_digits_refuse_no_more_than_themselves():
    assert problem_with("bo and the others", own=("Bo", "12@example.com")) is None
    assert problem_with("55512345", own=("Bo", "55512345@example.com")) == "own"


@pytest.mark.usefixtures("in_app")
@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_what_looks_the_same_is_the_same_password():
    composed, in_two = "caf\u00e9 au lait", "cafe\u0301 au lait"
    assert verify_password(hash_password(composed), in_two)
    assert not verify_password(hash_password(composed), "cafe au lait")
