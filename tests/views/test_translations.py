"""Every word that people read can be translated: in a made-up language, nothing is left in English."""

import ast
import re
from datetime import timedelta
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path
from uuid import uuid4

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import write_mo
from sqlalchemy import select

from tests import factories, money, rollup_rows
from tests.conftest import browser
from tests.factories import NOON, PASSWORD, submit
from tests.mail_servers import text_of
from tests.services.test_signups import join
from webapp.clock import utc_now
from webapp.config import ROOT
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.mail import compose
from webapp.models import Referral
from webapp.queries.people import find_by_email
from webapp.services.keys import create_key
from webapp.services.roles import change_role
from webapp.services.signups import CameBy

ANALYTICS = ("", "?days=1", "/funnel", "/cohorts", "/referrers", "/links", "/rewards")
on_sqlite = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)

RULE_THAT_SAYS_MUCH = {
    "when": {
        "all": [{"field": "amount", "op": ">=", "value": 2000, "currency": "USD"}],
        "any": [
            {"field": "metadata.Cy", "op": "in", "value": ["Jo", "Ada"]},
            {"field": "currency", "op": "=", "value": "USD"},
        ],
    },
    "limits": {"per_referrer": {"count": 5, "period": "month"}},
}

# Esperanto has a locale of its own and no translation here.
LANGUAGE = "eo"
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "N_": None, "NN_": (1, 2), "_l": None}
# What is nobody's to translate: names of people, programs, products, formats and languages, addresses.
NAMES = (
    "USD|Ada|Okafor|Bob|Miller|Cy|Young|Jo|Winter|Marta|Voss|Grapevine|SVG|PNG|CSV|English|Esperanto"
    "|example|com|org|http|localhost|utm_source|utm_medium|utm_campaign"
)
REQUEST_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
ADDRESS = re.compile(r"\S+@\S+")
SPOKEN_ATTRIBUTES = {"aria-label", "alt", "placeholder", "title", "data-done", "data-refused"}
SILENT = {"script", "style", "time", "output", "code", "pre"}
VOID = {"br", "hr", "img", "input", "link", "meta", "use", "wbr"}


def messages():
    """Return every message of the code and the templates, with its plural or None."""
    with (ROOT / "webapp/translations/babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)
    for _file, _line, found, _comments, _context in extract_from_dir(str(ROOT), methods, options, keywords=KEYWORDS):
        yield found if isinstance(found, tuple) else (found, None)


def test_no_message_stands_within_an_f_string_where_it_would_not_be_found():
    calls = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in sorted((ROOT / "webapp").rglob("*.py"))
        for text in ast.walk(ast.parse(path.read_text()))
        if isinstance(text, ast.JoinedStr)
        for node in ast.walk(text)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in KEYWORDS
        if isinstance(node.args[0], ast.Constant)
    ]
    assert calls == []


@pytest.fixture(scope="module")
def translations(tmp_path_factory) -> Path:
    """A catalogue in which every message is its own text between marks."""
    catalog = Catalog(locale=LANGUAGE)
    for single, plural in messages():
        if plural:
            catalog.add((single, plural), (f"⟦{single}⟧", f"⟦{plural}⟧"))
        else:
            catalog.add(single, f"⟦{single}⟧")
    folder = tmp_path_factory.mktemp("translations")
    target = folder / LANGUAGE / "LC_MESSAGES" / "messages.mo"
    target.parent.mkdir(parents=True)
    with BytesIO() as buffer:
        write_mo(buffer, catalog)
        target.write_bytes(buffer.getvalue())
    return folder


class Spoken(HTMLParser):
    """Collects what a person sees or hears of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.silent = 0
        # The open elements from one on that says it is not to be translated: codes and addresses.
        self.codes: list[str] = []

    def handle_starttag(self, tag, attrs):
        if self.codes or ("translate", "no") in attrs:
            self.codes += [tag] if tag not in VOID else []
            return
        self.silent += tag in SILENT
        self.texts += [value for name, value in attrs if name in SPOKEN_ATTRIBUTES and value and tag != "time"]

    def handle_endtag(self, tag):
        if self.codes:
            if tag == self.codes[-1]:
                self.codes.pop()
            return
        self.silent -= tag in SILENT

    def handle_data(self, data):
        if not self.silent and not self.codes:
            self.texts.append(data)


def left_in_english(page):
    """Return the words of a page that stand outside the marks of a translation."""
    spoken = Spoken()
    spoken.feed(page)
    assert any("⟦" in text for text in spoken.texts), "nothing is translated at all"
    text = "\n".join(spoken.texts)
    depth, outside = 0, []
    for character in text:
        depth += (character == "⟦") - (character == "⟧")
        outside.append(" " if depth or character == "⟧" else character)
    plain = ADDRESS.sub("", REQUEST_ID.sub("", "".join(outside)))
    return re.findall(r"[^\W\d_]{3,}", re.sub(rf"\b({NAMES})\b", "", plain))


@pytest.fixture
def speaking(make_app, translations):
    """An application that speaks the made-up language, with someone of each role and a friend."""
    app = make_app(settings={"BABEL_TRANSLATION_DIRECTORIES": str(translations)})
    with app.app_context(), write_transaction() as session:
        for role, name in (("referrer", "Ada Okafor"), ("marketer", "Jo Winter"), ("admin", "Marta Voss")):
            person = factories.person(session, name=name, email=f"{role}@example.com", role=role, password=PASSWORD)
            visitor = uuid4()
            link = factories.link_of(session, person)
            factories.click(session, link, visitor_id=visitor)
            join(session, CameBy(visitor_id=visitor), name="Bob Miller", email=f"bob.{role}@example.org")
            join(session, CameBy(typed=link), name="Cy Young", email=f"cy.{role}@example.org")
        key = create_key(session, factories.program(session), name="Grapevine", scope="read", secret="x", now=NOON)
        jo = find_by_email(session, "marketer@example.com")
        change_role(session, jo, "referrer", by=person.id, now=NOON)
        change_role(session, jo, "marketer", by=None, now=NOON)
        app.config["NAMED"] = {"user": person.id, "key": key.id}
        rollup_rows.a_fortnight_ago(session)
        money.publish(session, name="Bob", key="x1")
        money.publish(session, name="Bob", key="x1", hold_days=3, **RULE_THAT_SAYS_MUCH)
    return app


def reader(app):
    client = browser(app)
    client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "eo, en;q=0.5"
    return client


@on_sqlite
@pytest.mark.parametrize(
    ("person", "path"),
    [
        (None, "/login"),
        (None, "/signup"),
        (None, "/r/NOSUCHCODE"),
        (None, "/nowhere"),
        ("referrer", "/dashboard"),
        ("referrer", "/dashboard?days=7"),
        ("referrer", "/dashboard/referrals"),
        ("referrer", "/dashboard/referrals?show=waiting"),
        ("referrer", "/dashboard/rewards"),
        ("referrer", "/dashboard/rewards/statement/2026-10"),
        ("referrer", "/dashboard/links"),
        ("referrer", "/dashboard/links/new"),
        ("referrer", "/settings/profile"),
        ("admin", "/settings/mail"),
        ("admin", "/admin/users/{user}/mails"),
        ("admin", "/dev/mails"),
        ("referrer", "/admin"),
        *(("marketer", f"/analytics{path}") for path in ANALYTICS),
        ("admin", "/admin"),
        ("admin", "/admin/users"),
        ("admin", "/admin/users?named=nobody"),
        ("admin", "/admin/users/new"),
        ("admin", "/admin/users/{user}"),
        ("admin", "/admin/users/{user}/role"),
        ("admin", "/admin/keys"),
        ("admin", "/admin/keys/new"),
        ("admin", "/admin/keys/{key}/revocation"),
        ("admin", "/admin/audit?check=1"),
        ("admin", "/admin/settings"),
    ],
)
def test_no_page_leaves_a_word_untranslated(speaking, person, path):
    client = reader(speaking)
    if person:
        factories.sign_in(client, f"{person}@example.com")
    page = client.get(path.format(**speaking.config["NAMED"])).get_data(as_text=True)
    assert '<html lang="eo"' in page
    assert left_in_english(page) == []


# What the business or the database calls things: codes, numbers, keys.
CALLED = re.compile(r'<(\w+) class="[^"]*\bmono\b[^"]*">.*?</\1>', re.DOTALL)


@pytest.fixture
def earning(speaking):
    """The same with rewards: one pending, one held and one rejected, and one order that earned nothing."""
    with speaking.app_context(), write_transaction() as session:
        money.publish(session, key="x1", name="Ada 20", settings={"percent": "20", "first_purchases": 3})
        bob = find_by_email(session, "bob.referrer@example.org")
        at = utc_now()
        ids = []
        for number in range(4):
            orders = {"event_id": f"e{number}", "order_id": f"1{number}", "at": at + timedelta(seconds=number)}
            ids.append(money.buy(session, bob, **orders))
        reward, held, rejected = (one.rewards[0].id for one in ids[:3])
        money.send(session, held, "held", now=at)
        money.refund(session, "10.00 USD", of="e0", event_id="r0", at=at)
        money.send(session, rejected, "held", "rejected", now=at)
        referral = session.scalars(select(Referral.id).where(Referral.friend_id == bob.id)).one()
        named = {"conversion": ids[0].conversion_id, "unpaid": ids[3].conversion_id, "referral": referral}
    return speaking, named | {"reward": reward, "held": held, "rejected": rejected}


@on_sqlite
def test_no_page_of_an_admin_s_daily_work_leaves_a_word_untranslated(earning):
    app, named = earning
    client = reader(app)
    factories.sign_in(client, "admin@example.com")
    for path in (
        "/admin",
        "/admin/referrals",
        "/admin/referrals?method=nobody&person=nobody",
        "/admin/referrals/{referral}",
        "/admin/conversions",
        "/admin/conversions?result=paid&q=Ada",
        "/admin/conversions/{conversion}",
        "/admin/conversions/{unpaid}",
        "/admin/rewards",
        "/admin/rewards?status=held&side=friend",
        *("/admin/rewards/{reward}", "/admin/rewards/{held}", "/admin/rewards/{rejected}"),
        "/admin/rewards/{rejected}/as-seen",
        "/admin/rewards/decision",
        "/admin/rewards/decision?choice=reject&reward={reward}",
        "/admin/rewards/decision?choice=release&reward={reward}&reward={held}",
    ):
        response = client.get(path.format(**named))
        assert response.status_code == 200, path
        assert left_in_english(CALLED.sub("", response.get_data(as_text=True))) == [], path


@on_sqlite
def test_no_refusal_of_a_form_is_left_untranslated(speaking):
    client = reader(speaking)
    wrong = {"name": "", "email": "x", "password": "short", "ref": "?"}
    assert left_in_english(submit(client, "/signup", wrong).get_data(as_text=True)) == []
    assert left_in_english(submit(client, "/login", {"email": "x"}).get_data(as_text=True)) == []
    factories.sign_in(client, "admin@example.com")
    for path in ("/admin/users", "/admin/keys", "/admin/settings"):
        new = path if path == "/admin/settings" else f"{path}/new"
        wrong = {"name": "", "email": "x", "role": "x", "landing_url": "", "allowed_hosts": "/"}
        assert left_in_english(submit(client, path, wrong, page=new).get_data(as_text=True)) == []


def test_a_word_that_is_not_marked_would_be_found():
    assert left_in_english("<p>⟦Hello⟧ Ada, welcome</p>") == ["welcome"]


@on_sqlite
def test_every_mail_can_be_translated(speaking):
    with speaking.test_request_context(headers={"Accept-Language": "eo"}):
        mail = compose(find_by_email(db.session(), "referrer@example.com"), "address_already_used")
        assert left_in_english(f"{mail['Subject']}\n{text_of(mail)}".replace("/login", "")) == []
