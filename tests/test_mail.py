"""Mails in words: every one in every language, as a text and as a page made from the same words."""

import re
from email import message_from_bytes
from html.parser import HTMLParser
from types import SimpleNamespace

import pytest
from flask import current_app

from tests import factories
from tests.factories import NOON
from tests.mail_servers import text_of
from webapp.database import write_transaction
from webapp.domain.mail_kinds import OPTIONAL
from webapp.extensions import babel, db
from webapp.ids import new_id
from webapp.mail import compose
from webapp.mail_layout import FOOT, twin
from webapp.mail_samples import mail_templates, sample_mail
from webapp.models import OutboxMail, User
from webapp.muting import reader_of
from webapp.queries.people import find_by_email

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)

PAYLOAD = "<img/src=x/onerror=alert(1)>\"'&"
LONGEST_LINE = 998


class Shown(HTMLParser):
    """Collects what a page shows, where its links lead, and all else that stands in it."""

    def __init__(self):
        super().__init__()
        self.words, self.links, self.elements, self.attributes = [], [], set(), set()
        self.buttons, self.in_button = [], False

    def handle_starttag(self, tag, attrs):
        self.elements.add(tag)
        self.attributes |= {name for name, _value in attrs}
        self.links += [value for name, value in attrs if name in {"href", "src"}]
        self.in_button = tag == "a" and "display:inline-block" in dict(attrs)["style"]

    def handle_data(self, data):
        # What stands on a button says what it does; the address stands below it.
        if self.in_button:
            self.buttons.append(data)
        else:
            self.words += data.split()
        self.in_button = False


def page_of(mail):
    return mail.get_body(("html",)).get_content()


def shown(page):
    found = Shown()
    found.feed(page)
    return found


@pytest.fixture
def ada(in_app):
    with write_transaction() as session:
        factories.person(session, email="ada@example.com")
    return find_by_email(db.session(), "ada@example.com")


def test_every_mail_says_the_same_in_its_text_and_on_its_page_in_every_language(ada):
    languages = [locale.language for locale in babel.list_translations()]
    assert {"en", "de"} <= {"en", *languages}
    for template in mail_templates():
        for language in ("en", *languages):
            mail = sample_mail(template, ada, language)
            text, page = text_of(mail), shown(page_of(mail))
            assert mail["Subject"].strip() not in {"", "None"}, template
            # Each word once more; a list has its points, and the foot its line.
            words = [word for word in text.split() if word not in {"-", FOOT.strip()}]
            assert [word for word in page.words if word not in {"-"}][-len(words) :] == words, (template, language)
            assert len(words) > 10
            assert page.links == re.findall(r"http://\S*[\w/-]", text), template
            alone = re.findall(r"^http://\S+$", text.partition(FOOT)[0], re.MULTILINE)
            # One thing to do: of two buttons that look alike nobody would know which is which.
            assert len(page.buttons) == min(1, len(alone)), template
            assert "None" not in text.split()
            assert max(map(len, bytes(mail).splitlines())) <= LONGEST_LINE
            assert mail["List-Unsubscribe"] is None or template in OPTIONAL


def test_a_page_has_nothing_that_a_mail_program_would_have_to_fetch_or_run(ada):
    for template in mail_templates():
        page = shown(page_of(sample_mail(template, ada, "en")))
        assert page.elements <= {"html", "head", "meta", "title", "body", "div", "p", "a", "ul", "li", "br"}
        assert page.attributes <= {"lang", "charset", "name", "content", "style", "href"}


def test_names_of_people_and_of_the_program_stay_text_and_never_become_headers(ada):
    with write_transaction() as session:
        factories.program(session).name = f"{PAYLOAD}\r\nBcc: victim@example.com"
    reader = SimpleNamespace(id=ada.id, name=f"{PAYLOAD} Eve", email="ada@example.com", role="admin")
    reader.created_at = ada.created_at
    for template in mail_templates():
        mail = sample_mail(template, reader, "en", names=(PAYLOAD, f"Bob\n\n{PAYLOAD}"))
        page = shown(page_of(mail))
        assert "img" not in page.elements, template
        assert "onerror" not in page.attributes
        assert {name.lower() for name in mail} <= {
            *("subject", "from", "to", "date", "message-id", "auto-submitted", "mime-version", "content-type"),
            *("list-unsubscribe", "list-unsubscribe-post"),
        }
        assert [one.addr_spec for one in mail["From"].addresses] == ["no-reply@localhost"]
        assert [one.addr_spec for one in mail["To"].addresses] == ["ada@example.com"]
        assert template not in OPTIONAL or f"Hello {PAYLOAD}," in text_of(mail)


@pytest.mark.parametrize("letters", ["=0D=0ABcc:v=40t.example=0D=0A", "=0ABcc:v=40t.example", "Grapevine=0A=0AHello"])
def test_nobody_writes_a_header_in_the_spelling_of_headers(ada, letters):
    name = f"=?utf-8?q?x{letters}?="
    with write_transaction() as session:
        factories.program(session).name = name
    reader = SimpleNamespace(id=ada.id, name=name, email="ada@example.com", role="admin")
    reader.created_at = ada.created_at
    for template in mail_templates():
        mail = sample_mail(template, reader, "en", names=(name,))
        read = message_from_bytes(bytes(mail))
        assert read.keys() == mail.keys(), template
        assert (read["To"], "Bcc" in read) == ("ada@example.com", False)
        assert len(mail["Subject"].splitlines()) == 1
        assert mail["From"].addresses[0].display_name == name.replace("=?", "= ?")


def test_no_mail_goes_to_another_address_than_its_reader_has(ada):
    with write_transaction() as session:
        find_by_email(session, "ada@example.com").email = "=?utf-8?q?a=64a?=@example.com"
    with pytest.raises(ValueError, match="means another one"):
        compose(db.session.get(User, ada.id), "verify_email")


@pytest.mark.parametrize("local", ["o'neill+x", "jörg", "a.b-c_d", "!#$%&'*/=^`{|}~"])
def test_unusual_addresses_are_written_to_all_the_same(ada, local):
    assert compose(ada, "address_already_used", email=f"{local}@example.com")["To"] == f"{local}@example.com"


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("See http://localhost/a?b=1&c=2.", ["http://localhost/a?b=1&c=2"]),
        ("(http://localhost/a)", ["http://localhost/a"]),
        ("http://localhost", ["http://localhost"]),
        ("http://localhost.evil.example/", []),
        ("http://localhost@evil.example/", []),
        ("http://localhost:80@evil.example/", []),
        ("http://evil.example/http://localhost/a", []),
        ("https://evil.example javascript:alert(1)", []),
    ],
)
def test_only_addresses_of_this_site_become_links(in_app, text, links):
    page = twin(text, subject="", program="", language="en", base_url=current_app.config["BASE_URL"], button="Go")
    assert shown(page).links == links
    assert "".join(shown(page).words) == "".join(text.split())


def test_a_mail_that_can_be_turned_off_says_how(ada):
    mail = compose(ada, "coupons_running_low")
    address = mail["List-Unsubscribe"].strip("<>")
    assert address.startswith("http://localhost/mail/off/coupons_running_low/")
    # As it is sent: in one line, and not encoded.
    assert f"List-Unsubscribe: <{address}>".encode() in bytes(mail).splitlines()
    assert reader_of("coupons_running_low", address.rpartition("/")[2]) == ada.id
    assert reader_of("cases_waiting", address.rpartition("/")[2]) is None
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert f"\n{FOOT}\n" in text_of(mail)
    assert "http://localhost/settings/mail" in text_of(mail)
    assert address in text_of(mail)
    needed = compose(ada, "address_already_used")
    assert needed["List-Unsubscribe"] is None
    assert "/settings/mail" not in text_of(needed)


def test_whoever_has_no_name_that_can_be_said_is_greeted_all_the_same(ada):
    with write_transaction() as session:
        find_by_email(session, "ada@example.com").name = "ada@example.com"
    ada = find_by_email(db.session(), "ada@example.com")
    assert text_of(compose(ada, "address_already_used")).startswith("Hello,\n")


@pytest.mark.parametrize(
    "template", [name for name in mail_templates() if name.startswith(("second_factor", "recovery"))]
)
def test_mails_about_the_second_factor_say_when_it_happened(ada, template):
    queued = OutboxMail(id=new_id(), template=template, created_at=NOON)
    assert "on November 22, 2026 at 12:00" in text_of(compose(ada, template, mail=queued))


def test_what_admins_have_to_do_stands_behind_the_link_of_the_mail_about_it(ada):
    assert "\nhttp://localhost/admin/coupon-pools\n" in text_of(compose(ada, "coupons_running_low"))
