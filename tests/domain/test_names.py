"""What a referrer may see of a friend's name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.domain.names import first_name, initials, masked_name


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
