"""Which e-mail addresses reach the same mailbox."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from webapp.domain.mailbox import address_key, is_sandbox_address, mailbox_key

SAME_MAILBOX = [
    pytest.param("Bob.Miller@Gmail.com", "bobmiller@gmail.com", id="gmail ignores dots and case"),
    pytest.param("b.o.b.miller+shop@gmail.com", "bobmiller@gmail.com", id="gmail tag and dots"),
    pytest.param("bob.miller@googlemail.com", "bobmiller@gmail.com", id="googlemail is gmail"),
    pytest.param("bob+news@example.org", "bob@example.org", id="a tag, at any provider"),
    pytest.param("bob+a+b@example.org", "bob@example.org", id="a tag in a tag"),
    pytest.param("bob+@example.org", "bob@example.org", id="an empty tag"),
    pytest.param("bob+a@outlook.com", "bob@outlook.com", id="a tag at Outlook"),
    pytest.param("bob-shop@yahoo.com", "bob@yahoo.com", id="yahoo's tag is a hyphen"),
    pytest.param("bob-shop@yahoo.co.uk", "bob@yahoo.co.uk", id="yahoo's tag in another country"),
    pytest.param("bob-shop@ymail.com", "bob@ymail.com", id="yahoo's tag under another name"),
    pytest.param("bob+x@yahoo.com", "bob@yahoo.com", id="yahoo knows the plus as well"),
    pytest.param("b.o.b@protonmail.com", "bob@proton.me", id="proton ignores dots"),
    pytest.param("bob@pm.me", "bob@proton.me", id="proton's short name"),
    pytest.param("bob@me.com", "bob@icloud.com", id="apple's older name"),
    pytest.param("bob@mac.com", "bob@icloud.com", id="apple's oldest name"),
    pytest.param("bob@ya.ru", "bob@yandex.com", id="yandex under two names"),
    pytest.param("bob@narod.ru", "bob@yandex.ua", id="yandex under two more"),
    pytest.param("bob-m.iller@yandex.ru", "bob.m-iller@ya.ru", id="yandex takes a hyphen for a dot"),
    pytest.param("bob@protonmail.ch", "bob@proton.me", id="proton's oldest name"),
    pytest.param("shop@bob.fastmail.com", "bob@fastmail.com", id="fastmail's mailbox is the sub-domain"),
    pytest.param("anything.at.all@bob.fastmail.fm", "bob@fastmail.fm", id="fastmail's other domain"),
    pytest.param("bob+shop@fastmail.com", "bob@fastmail.com", id="fastmail knows the plus as well"),
    pytest.param("bob-shop@yahoo.com.mx", "bob@yahoo.com.mx", id="Yahoo in every country"),
    pytest.param("bob-shop@yahoo.se", "bob@yahoo.se", id="Yahoo in one more country"),
    pytest.param("shop@bob.fastmail.net", "bob@fastmail.net", id="a sub-domain at Fastmail"),
    pytest.param("bo_b-m@proton.me", "bobm@pm.me", id="Proton overlooks dots, hyphens and underscores"),
    pytest.param("BOB@EXAMPLE.ORG", "bob@example.org", id="case of both parts"),
    pytest.param("STRASSE@example.org", "straße@example.org", id="ß is ss in the part before the @"),
    pytest.param(" bob@example.org ", "bob@example.org", id="spaces around it"),
    pytest.param("bob@example.org.", "bob@example.org", id="the dot at the end of a full domain name"),
    pytest.param("bob@example.org。", "bob@example.org", id="the same dot in Japanese"),
    pytest.param("ｂｏｂ＠ｅｘａｍｐｌｅ．ｏｒｇ", "bob@example.org", id="full-width letters, NFKC"),
    pytest.param("jose\u0301@example.org", "jos\u00e9@example.org", id="an accent apart or in one piece"),
    pytest.param("bob@bücher.example", "bob@xn--bcher-kva.example", id="IDN in both spellings"),
    pytest.param("bob@BÜCHER.example", "bob@XN--BCHER-KVA.example", id="IDN in both spellings, upper case"),
    pytest.param("bob@straße.example", "bob@xn--strae-oqa.example", id="IDN with ß in both spellings"),
    pytest.param("bob@βόλος.example", "bob@xn--nxasmm1c.example", id="IDN with a final sigma"),
]

DIFFERENT_MAILBOXES = [
    pytest.param("bob@example.org", "bob@example.com", id="another domain"),
    pytest.param("bob@example.org", "rob@example.org", id="another name"),
    pytest.param("bob.miller@example.org", "bobmiller@example.org", id="dots count elsewhere"),
    pytest.param("bob.miller@outlook.com", "bobmiller@outlook.com", id="dots count at Outlook"),
    pytest.param("bob.miller@yahoo.com", "bobmiller@yahoo.com", id="dots count at Yahoo"),
    pytest.param("bob-shop@yahoo.example.org", "bob@yahoo.example.org", id="not every yahoo is Yahoo"),
    pytest.param("bob.miller@yandex.ru", "bobmiller@yandex.ru", id="dots count at yandex"),
    pytest.param("bob-shop@gmail.com", "bob@gmail.com", id="a hyphen is a name at Gmail"),
    pytest.param("bob-shop@example.org", "bob@example.org", id="a hyphen is a name elsewhere"),
    pytest.param("bob@yahoo.com", "bob@yahoo.de", id="Yahoo's countries are apart"),
    pytest.param("bob@gmail.com", "bob@gmail.co", id="nearly Gmail"),
    pytest.param("bob@mail.gmail.com", "bob@gmail.com", id="a sub-domain is not Gmail"),
    pytest.param("bob@notgmail.com", "bob@gmail.com", id="a domain that ends alike"),
    pytest.param("shop@bob.example.org", "bob@example.org", id="a sub-domain is a mailbox at Fastmail only"),
    pytest.param("shop@ada.fastmail.com", "shop@bob.fastmail.com", id="two of Fastmail's people"),
    pytest.param("x@bob.ada.fastmail.com", "bob@fastmail.com", id="deeper below Fastmail"),
    pytest.param("+bob@example.org", "+ada@example.org", id="a plus in front is part of the name"),
    pytest.param("bob@strasse.example", "bob@straße.example", id="ß and ss are two domains"),
    pytest.param("böb@example.org", "bob@example.org", id="an umlaut is a letter of its own"),
    pytest.param("b\u043eb@example.org", "bob@example.org", id="a Cyrillic letter that looks alike"),
]

NO_ADDRESS = [
    pytest.param("", id="nothing"),
    pytest.param("bob", id="no @"),
    pytest.param("@", id="only an @"),
    pytest.param("@example.org", id="nothing before the @"),
    pytest.param("bob@", id="nothing behind the @"),
    pytest.param("bob@ ", id="a space behind the @"),
    pytest.param("bob@.", id="only a dot behind the @"),
    pytest.param("bob@..", id="only dots behind the @"),
    pytest.param("bob@example..org", id="an empty label"),
    pytest.param("bob@.example.org", id="a dot first"),
    pytest.param(f"bob@{'x' * 64}.org", id="a label of 64 characters"),
    pytest.param("bob@exam\u2028ple.org", id="a character no domain may hold"),
    pytest.param("bob miller@example.org", id="a space inside"),
    pytest.param("bob\u200b@example.org", id="an invisible character"),
    pytest.param("bob\n@example.org", id="a line break, which would end a header"),
    pytest.param("bob\x00@example.org", id="NUL"),
]


@pytest.mark.parametrize(("one", "other"), SAME_MAILBOX)
def test_two_spellings_of_one_mailbox_have_one_key(one, other):
    assert mailbox_key(one) == mailbox_key(other)


@pytest.mark.parametrize(("one", "other"), DIFFERENT_MAILBOXES)
def test_two_people_have_two_keys(one, other):
    assert mailbox_key(one) != mailbox_key(other)


@pytest.mark.parametrize("text", NO_ADDRESS)
@pytest.mark.parametrize("key", [address_key, mailbox_key])
def test_what_is_no_address_is_refused(key, text):
    with pytest.raises(ValueError, match=r"an e-mail address has|is not a domain"):
        key(text)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("Bob@Example.ORG", "bob@example.org", id="case"),
        pytest.param("bob@bücher.example", "bob@xn--bcher-kva.example", id="IDN"),
        pytest.param("bob@straße.example", "bob@xn--strae-oqa.example", id="IDN with ß"),
        pytest.param("bob@example.org.", "bob@example.org", id="the dot at the end"),
    ],
)
def test_two_spellings_of_one_address_are_one_account(one, other):
    assert address_key(one) == address_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("bob+shop@gmail.com", "bob@gmail.com", id="a tag"),
        pytest.param("b.ob@gmail.com", "bob@gmail.com", id="a dot at Gmail"),
        pytest.param("bob@googlemail.com", "bob@gmail.com", id="a twin domain"),
    ],
)
def test_disguises_of_one_mailbox_are_accounts_of_their_own(one, other):
    assert address_key(one) != address_key(other)


def test_a_key_holds_the_domain_in_its_ascii_form():
    assert address_key("Bob@Bücher.example") == "bob@xn--bcher-kva.example"


DOMAINS = st.sampled_from(
    [
        "gmail.com",
        "googlemail.com",
        "yahoo.com",
        "pm.me",
        "fastmail.com",
        "bob.fastmail.com",
        "me.com",
        "bücher.example",
    ]
)
# What NFKC takes apart into a space and a mark, as "´", is refused.
LOCALS = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=12).filter(
    lambda text: not any(map(str.isspace, unicodedata.normalize("NFKC", text)))
)
NAMES = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=12)


@given(local=LOCALS, domain=DOMAINS)
@example(local="+.+x", domain="gmail.com")
@example(local="..", domain="gmail.com")
@example(local="-+", domain="yahoo.com")
@example(local="α\u0345\u0301", domain="gmail.com")
def test_the_key_of_a_key_is_the_key_itself(local, domain):
    for key_of in (address_key, mailbox_key):
        key = key_of(f"{local}@{domain}")
        assert key_of(key) == key


@given(name=NAMES, tag=st.text("abcXYZ.+0", max_size=8), domain=DOMAINS, upper=st.booleans())
def test_case_and_tag_never_change_the_mailbox(name, tag, domain, upper):
    disguised = f"{name}+{tag}@{domain}"
    assert mailbox_key(disguised.upper() if upper else disguised) == mailbox_key(f"{name}@{domain}")


@given(one=NAMES, other=NAMES)
def test_different_plain_names_are_never_taken_for_one_person(one, other):
    assert (mailbox_key(f"{one}@example.org") == mailbox_key(f"{other}@example.org")) == (one == other)


@pytest.mark.parametrize(
    ("address", "is_one"),
    [
        ("friend-1@sandbox.invalid", True),
        ("@sandbox.invalid", False),
        ("friend@other.invalid", False),
        ("friend@sandbox.invalid.example", False),
        ("friend@example.org\n@sandbox.invalid", False),
        ("friend@sandbox.invalid\n", False),
    ],
)
def test_only_the_sandbox_has_its_addresses(address, is_one):
    assert is_sandbox_address(address) is is_one
