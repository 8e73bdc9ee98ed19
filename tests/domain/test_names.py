"""What can be a name, and what a referrer may see of a friend's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.domain.names import first_name, initials, masked_name, problem_with, tidy_name


@pytest.mark.parametrize(
    ("name", "first", "masked", "letters"),
    [
        pytest.param("Bob Miller", "Bob", "Bob M.", "BM", id="two words"),
        pytest.param("Bob", "Bob", "Bob", "B", id="one word"),
        pytest.param("Anna Maria van der Berg", "Anna", "Anna B.", "AB", id="many words"),
        pytest.param("  Bob \t Miller ", "Bob", "Bob M.", "BM", id="spaces"),
        pytest.param("élodie öztürk", "élodie", "élodie ö.", "ÉÖ", id="accents"),
        pytest.param("李 小龙", "李", "李 小.", "李小", id="Chinese"),
        pytest.param("", "", "", "?", id="nothing"),
        pytest.param("   ", "", "", "?", id="only spaces"),
        pytest.param("bob@example.org", "", "", "?", id="an address"),
        pytest.param("Bob bob@example.org", "", "", "?", id="an address behind a name"),
        pytest.param("www.evil.example", "", "", "?", id="a site"),
        pytest.param("Bob evil.com", "", "", "?", id="a site behind a name"),
        pytest.param("J.R. Smith", "J.R.", "J.R. S.", "JS", id="initials"),
    ],
)
def test_a_name_as_others_see_it(name, first, masked, letters):
    assert (first_name(name), masked_name(name), initials(name)) == (first, masked, letters)


@given(st.text(max_size=40))
def test_an_address_and_a_whole_last_name_never_show(name):
    shown = masked_name(name)
    assert "@" not in shown + first_name(name) + initials(name)
    assert shown == "" or shown.split()[0] == name.split()[0]
    assert len(shown.split()) <= 2
    assert len(shown.split()) < 2 or len(shown.split()[1]) == 2


@pytest.mark.parametrize(
    "name",
    [
        "J.R. Smith",
        "J.R.R. Tolkien",
        "St.John Rivers",
        "Ann St.John",
        "Dr.Li Wei",
        "Dr. Ed Stone",
        "K.O Adu",
        "J.Li",
        "Mary-Ann O'Neil",
        "Anne.Marie Duval",
        "Bob Miller Jr.",
        "Bob Miller M.Sc.",
        "Bob Miller Ph.D",
        "Sammy Davis,Jr.",
        "Prince",
        "李 小龙",
        "Иван Петров",
        "X Æ A-12",
        "Com",
        "Net Worth",
    ],
)
def test_a_name_is_taken(name):
    assert problem_with(tidy_name(name)) is None


@pytest.mark.parametrize(
    "name",
    [
        "www.evil.com",
        "WWW.Evil.Com",
        "www.anything",
        "evil.com",
        "Evil.Com",
        "Bob evil.com",
        "evil.com Bob",
        "evil.com!",
        "(evil.com)",
        "evil.com,now",
        "evil.com/free",
        "evil.com:8080",
        "x.com",
        "bit.ly",
        "shop.evil.co.uk",
        "evil.shop",
        "evil.рф",
        "пример.рф",
        "evil.中国",
        "evil。com",
        "ｅｖｉｌ．ｃｏｍ",
        "evil.xn--p1ai",
        "http:evil.com",
        "192.0.2.1",
        "bob@example.org",
        "https://evil.test",
    ],
)
def test_what_a_reader_could_take_for_an_address_is_no_name(name):
    assert problem_with(tidy_name(name)) == "address"


@pytest.mark.parametrize(
    "name", ["\u3164", "\uffa0\uffa0", "Dear\u2800friend,\u2800call\u2800us", "Bob\u200b", "Bob\u202e"]
)
def test_what_nobody_sees_is_no_name(name):
    assert problem_with(tidy_name(name)) == "invisible"


@pytest.mark.parametrize("name", ["한글", "김민준"])
def test_the_letters_beside_them_are(name):
    assert problem_with(tidy_name(name)) is None
