"""A program's lists of whom it trusts and whom it does not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.domain.screening_lists import KINDS, Entry, EntryError, Referrer, listed, read_entry


@pytest.mark.parametrize(
    ("kind", "typed", "value"),
    [
        ("email", " Bob.Miller+shop@GoogleMail.com ", "bobmiller@gmail.com"),
        ("email", "*@Mailinator.example", "*@mailinator.example"),
        ("email", "*@*.example", "*@*.example"),
        ("email", "bob*@example.org", "bob*@example.org"),
        ("email", "bob@*.example.org", "bob@*.example.org"),
        ("email", "＊＠mailinator.example", "*@mailinator.example"),
        ("email", "bob@bücher.example", "bob@xn--bcher-kva.example"),
        ("domain", "Mailinator.Example.", "mailinator.example"),
        ("domain", "*.example", "*.example"),
        ("domain", "*.bücher.example", "*.xn--bcher-kva.example"),
        ("network", "192.0.2.0/24", "192.0.2.0/24"),
        ("network", "192.0.2.0/255.255.255.0", "192.0.2.0/24"),
        ("network", "192.0.2.7", "192.0.2.7/32"),
        ("network", "2001:DB8:0::/32", "2001:db8::/32"),
        ("network", "::ffff:192.0.2.0/120", "192.0.2.0/24"),
        ("network", "::ffff:192.0.2.7", "192.0.2.7/32"),
        ("referrer", " customer-7 ", "customer-7"),
        ("referrer", "Ada+x@Example.org", "ada@example.org"),
        ("referrer", "ada@", "ada@"),
    ],
)
def test_an_entry_is_kept_in_the_spelling_in_which_it_is_compared(kind, typed, value):
    entry = read_entry("block", kind, typed)
    assert entry == Entry("block", kind, value)
    assert read_entry("block", kind, value) == entry


@pytest.mark.parametrize(
    ("kind", "typed", "words"),
    [
        ("email", "", "Write an e-mail address as in bob@example.org"),
        ("email", "mailinator.example", r"or \*@mailinator.example for all at a domain"),
        ("email", "@example.org", "Write an e-mail address"),
        ("email", "bob@", "Write an e-mail address"),
        ("email", "bob@localhost", "Write an e-mail address"),
        ("email", "*@*", "Write an e-mail address"),
        ("email", "*@*.*", "Write an e-mail address"),
        ("email", "*@mail*.example", "Write an e-mail address"),
        ("email", "*b*@example.org", "Write an e-mail address"),
        ("email", "bob miller@example.org", "Write an e-mail address"),
        # Each of these would be everyone at a provider.
        ("email", "*+shop@gmail.com", r"\*\+shop@gmail.com is \*@gmail.com"),
        ("email", "*.*@gmail.com", "Write an e-mail address"),
        ("email", ".*@gmail.com", r"is \*@gmail.com"),
        ("email", "*@googlemail.com", r"is \*@gmail.com. Write that if you mean it"),
        ("email", "*@*.fastmail.com", r"is \*@fastmail.com"),
        ("email", "b.ob*@gmail.com", r"is bob\*@gmail.com"),
        ("domain", "", "Write a domain as in mailinator.example"),
        ("domain", "example", "Write a domain"),
        ("domain", "*", r"or \*.mailinator.example for all below it"),
        ("domain", "*.", "Write a domain"),
        ("domain", "a.*.example", "Write a domain"),
        ("domain", "*@mailinator.example", "Write a domain"),
        ("domain", "https://mailinator.example", "Write a domain"),
        ("domain", "192.0.2.1", "Write a domain"),
        ("domain", "googlemail.com", "compared as ones at gmail.com"),
        ("domain", "bob.fastmail.com", "compared as ones at fastmail.com"),
        ("network", "", "as in 192.0.2.0/24 or 2001:db8::/32"),
        ("network", "192.0.2.*", "as in 192.0.2.0/24"),
        ("network", "192.0.2.0/33", "as in 192.0.2.0/24"),
        ("network", "192.0.2.0-192.0.2.9", "as in 192.0.2.0/24"),
        ("network", "010.0.0.0/8", "as in 192.0.2.0/24"),
        ("network", "192.0.2.7/24", "Write 192.0.2.0/24 for all of it"),
        ("network", "2001:db8::1/32", "Write 2001:db8::/32 for all of it"),
        ("network", "0.0.0.0/0", "every address there is"),
        ("network", "::/0", "every address there is"),
        ("referrer", "", "what you call the referrer"),
        ("referrer", "ada@＊", r"without \*"),
        ("referrer", "customer-*", r"without \*"),
        ("referrer", "customer\x007", "what you call the referrer"),
        ("referrer", "x" * 321, "320 characters at most"),
    ],
)
def test_nonsense_is_refused_with_what_would_be_right(kind, typed, words):
    with pytest.raises(EntryError, match=words):
        read_entry("block", kind, typed)


@pytest.mark.parametrize(
    ("kind", "typed", "asked", "is_listed"),
    [
        ("email", "bob@gmail.com", {"e_mail": "B.o.b+x@GoogleMail.com"}, True),
        ("email", "bob@gmail.com", {"e_mail": "bobby@gmail.com"}, False),
        ("email", "bob*@example.org", {"e_mail": "Bobby+x@example.org"}, True),
        ("email", "bob*@example.org", {"e_mail": "bob@example.org"}, True),
        ("email", "bob*ob@example.org", {"e_mail": "bob@example.org"}, False),
        ("email", "*@mailinator.example", {"e_mail": "x@mailinator.example"}, True),
        ("email", "*@mailinator.example", {"e_mail": "x@a.mailinator.example"}, False),
        ("email", "bob*@example.org", {"e_mail": "bob@x@example.org"}, True),
        ("email", "*@*.example", {"e_mail": "x@mailinator.example"}, True),
        ("email", "*@*.example", {"e_mail": "x@example.org"}, False),
        ("domain", "mailinator.example", {"e_mail": "x@Mailinator.Example"}, True),
        ("domain", "mailinator.example", {"e_mail": "x@a.mailinator.example"}, False),
        ("domain", "mailinator.example", {"e_mail": "mailinator.example@example.org"}, False),
        ("domain", "*.example", {"e_mail": "x@a.b.example"}, True),
        ("domain", "*.mailinator.example", {"e_mail": "x@mailinator.example"}, False),
        ("domain", "*.mailinator.example", {"e_mail": "x@notmailinator.example"}, False),
        ("domain", "gmail.com", {"e_mail": "x@googlemail.com"}, True),
        ("network", "192.0.2.0/24", {"address": "192.0.2.255"}, True),
        ("network", "192.0.2.0/24", {"address": "192.0.3.0"}, False),
        ("network", "192.0.2.0/24", {"address": "::ffff:192.0.2.1"}, True),
        ("network", "2001:db8::/64", {"address": "2001:db8::1:2:3:4"}, True),
        ("network", "2001:db8::/64", {"address": "2001:db8:0:1::1"}, False),
        ("network", "2001:db8::/64", {"address": "192.0.2.1"}, False),
        ("referrer", "customer-7", {"referrer": Referrer("customer-7", "ada@example.org")}, True),
        ("referrer", "ada@gmail.com", {"referrer": Referrer("customer-7", "A.da@gmail.com")}, True),
        ("referrer", "Ada@example.org", {"referrer": Referrer("ada@example.org")}, True),
        ("referrer", "customer-7", {"referrer": Referrer("customer-70")}, False),
        ("referrer", "ada@example.org", {"e_mail": "ada@example.org"}, False),
        ("email", "ada@example.org", {"referrer": Referrer(None, "ada@example.org")}, False),
        # What is nothing of the kind is on no list.
        ("email", "*@mailinator.example", {"e_mail": "mailinator.example"}, False),
        ("network", "192.0.2.0/24", {"address": "unknown"}, False),
        *((kind, typed, {}, False) for kind, typed in (("email", "*@*.example"), ("domain", "*.example"))),
        *((kind, typed, {}, False) for kind, typed in (("network", "192.0.2.0/24"), ("referrer", "customer-7"))),
    ],
)
def test_who_is_listed(kind, typed, asked, is_listed):
    entry = read_entry("block", kind, typed)
    assert listed([entry], **asked) == (entry if is_listed else None)


# All of these say something of the friend below, and nothing else does.
ABOUT_HIM = [
    *(("email", "bob@mailinator.example"), ("email", "*@mailinator.example"), ("email", "b*@*.example")),
    *(("domain", "mailinator.example"), ("domain", "*.example"), ("network", "192.0.2.0/24"), ("network", "192.0.2.1")),
    *(("referrer", "customer-7"), ("referrer", "ada@example.org")),
]
ABOUT_OTHERS = [
    ("email", "eve@example.org"),
    ("domain", "example.org"),
    ("network", "2001:db8::/32"),
    ("referrer", "x"),
]
HIM = {
    "e_mail": "bob@mailinator.example",
    "address": "192.0.2.1",
    "referrer": Referrer("customer-7", "ada@example.org"),
}
ENTRIES = st.builds(
    lambda on, about: read_entry(on, *about), st.sampled_from(["allow", "block"]), st.sampled_from(ABOUT_HIM)
)
OTHERS = st.builds(
    lambda on, about: read_entry(on, *about), st.sampled_from(["allow", "block"]), st.sampled_from(ABOUT_OTHERS)
)


@given(st.data(), st.lists(ENTRIES, min_size=1, max_size=6), st.lists(OTHERS, max_size=4))
def test_one_that_allows_wins_whatever_the_order_and_whoever_else_is_listed(data, about_him, about_others):
    entries = about_him + about_others
    decides = listed(entries, **HIM)
    assert decides in about_him
    assert decides.on == ("allow" if any(entry.on == "allow" for entry in about_him) else "block")
    assert listed(data.draw(st.permutations(entries)), **HIM) == decides
    assert listed(about_others, **HIM) is None


@given(st.sampled_from(KINDS), st.text(st.sampled_from("ab.*@+-/:0129＊ß")) | st.text(max_size=20))
def test_whatever_is_typed_is_refused_in_words_or_kept_in_a_spelling_that_stays(kind, typed):
    try:
        entry = read_entry("allow", kind, typed)
    except EntryError:
        return
    assert read_entry("allow", kind, entry.value) == entry
    assert listed([entry], **HIM) in (entry, None)
