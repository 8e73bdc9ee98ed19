"""Payloads in everything that is stored: on no page, in no file and in no answer do they become more than text."""

import csv
import io
import json
import re
from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest
from werkzeug.datastructures import MultiDict

from tests.conftest import browser
from tests.conventions.tree import python_files
from tests.factories import csrf_token, sign_in
from tests.journeys.test_every_page import PAGES
from tests.walls.forms import KEPT, forms_of
from tests.walls.payloads import MARKUP, PAYLOADS
from tests.walls.poison import poisoned_house

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
# Elements that no page of ours has, and attributes with addresses.
FOREIGN = {"iframe", "object", "embed", "base", "math", "style", "applet", "frame", "audio", "video", "animate"}
ADDRESSES = {"href", "src", "action", "formaction", "data", "poster", "srcset", "background", "hx-get", "hx-post"}


class Page(HTMLParser):
    """Notes what a page must not have."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.found, self.in_data, self.data = [], False, ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        # The one frame there is shows a mail as a page, in a sandbox.
        is_a_mail = "sandbox" in given and re.fullmatch(r"/dev/mails/\w+/page(\?.*)?", given.get("src") or "")
        if tag in FOREIGN and not (tag == "iframe" and is_a_mail):
            self.found.append(f"<{tag}>")
        if tag == "script":
            self.in_data = given.get("type") == "application/json"
            if not self.in_data and not (given.get("src") or "").startswith("/static/"):
                self.found.append(f"<script {given}>")
        for name, value in attrs:
            if (
                name.startswith(("on", "hx-on"))
                or name == "style"
                or not re.fullmatch(r"[a-z][a-zA-Z:_-]*[0-9]*", name)
            ):
                self.found.append(f"{name}={value}")
            if name in ADDRESSES and not is_an_address(value or ""):
                self.found.append(f"{name}={value}")

    def handle_endtag(self, tag):
        if tag == "script" and self.in_data:
            # What is told as data is whole.
            json.loads(self.data)
            self.in_data, self.data = False, ""

    def handle_data(self, data):
        if self.in_data:
            self.data += data


def is_an_address(value):
    """Whether it leads to this site, or, for sharing a link, to where one shares."""
    parts = urlsplit(value)
    return not re.search(r"[\s<>\"\\]", value) and (
        (not parts.scheme and not parts.netloc) or parts.scheme in {"https", "http", "mailto", "sms"}
    )


def wrong_with(text):
    """Say what of a page is not ours."""
    raw = [payload for payload in MARKUP if payload in text]
    page = Page(text)
    page.close()
    return [*raw, *page.found]


def queries():
    """Every name that a view reads from an address."""
    found = set()
    for path in python_files("webapp/views"):
        source = path.read_text()
        found |= set(re.findall(r"request\.args(?:\.get|\.getlist)?[\[(]\"(\w+)\"", source))
        found |= set(re.findall(r"filters\.(?:one_of|day)\(\"(\w+)\"", source))
    return sorted(found | {"q", "since", "until", "who", "subject_id", "action", "person"})


@pytest.fixture
def house(app):
    named, done = poisoned_house(app)
    clients = {person: browser(app) for person in PAGES}
    for person, client in clients.items():
        if person:
            sign_in(client, f"{person}@example.com")
    return clients, named, done


def paths_of(person, named):
    return dict.fromkeys(page.format(**named).partition(" ")[0] for page in PAGES[person])


def test_payloads_are_text_wherever_they_are_shown(app, house):
    clients, named, done = house
    # There is something to look at, and every payload is in it.
    assert {name for name, rows in done.items() if rows} >= {"users.name", "links.label", "conversions.details"}
    seen, wrong = "", {}
    for person, client in clients.items():
        for path in paths_of(person, named):
            answer = client.get(path)
            assert answer.status_code < 500, path
            page = answer.get_data(as_text=True)
            parts = [client.get(path, headers={"HX-Request": "true"}).get_data(as_text=True)] if "hx-" in page else []
            seen += page
            if found := [one for text in (page, *parts) for one in wrong_with(text)]:
                wrong[path] = found
    assert wrong == {}
    for mark in ("ran(1)", "ran(26)", "ran(35)", "7 * 7", "%(name)s", "HYPERLINK", "everyone@evil.example"):
        assert mark in seen, f"{mark} is shown nowhere, so nothing was tried"


def test_payloads_in_addresses_are_text_where_pages_repeat_them(app, house):
    clients, named, _done = house
    names, wrong = queries(), {}
    for person, client in clients.items():
        for number, path in enumerate(dict.fromkeys(path.partition("?")[0] for path in paths_of(person, named))):
            # Some at once: one that is refused must not hide the others.
            for step in range(2):
                sent = {
                    name: PAYLOADS[(number * 7 + place) % len(PAYLOADS)] for place, name in enumerate(names[step::2])
                }
                answer = client.get(path, query_string=sent)
                assert answer.status_code < 500, (path, sent)
                if found := wrong_with(answer.get_data(as_text=True)):
                    wrong[path] = found
                assert not answer.location or urlsplit(answer.location).netloc in {"", "localhost"}, answer.location
    assert wrong == {}


def test_payloads_in_forms_are_text_where_forms_come_back(app, house):
    """Each form is sent as it stands, which shows what was stored, and with payloads in each of its fields."""
    clients, named, _done = house
    wrong, sent, tried = {}, 0, set()
    for person, client in clients.items():
        token = csrf_token(client.get("/dashboard" if person else "/login").get_data(as_text=True))
        for action, given in forms_of(client, paths_of(person, named), tried=tried):
            for hostile in (False, True):
                fields = [
                    (name, PAYLOADS[(sent + number) % len(PAYLOADS)] if hostile and kind not in KEPT else value)
                    for number, (name, kind, value) in enumerate(given)
                ]
                data = MultiDict([*fields, ("csrf_token", token)])
                answer = client.post(action, data=data, follow_redirects=True)
                assert answer.status_code < 500, (action, fields)
                sent += 1
                if found := wrong_with(answer.get_data(as_text=True)):
                    wrong[action] = found
    assert wrong == {}
    assert sent > 60


def test_no_cell_of_a_file_is_a_formula(app, house):
    clients, named, _done = house
    files = [rule.rule for rule in app.url_map.iter_rules() if rule.rule.endswith(".csv")]
    assert len(files) > 8
    cells = []
    for rule in files:
        path = rule.replace("<uuid:user_id>", str(named["user"])).replace("<month>", named["month"])
        answer = clients["referrer" if path.startswith("/dashboard") else "admin"].get(path)
        assert answer.status_code == 200, path
        body = answer.get_data(as_text=True)
        for delimiter in ",;\t":
            # Where a comma is for decimals, a spreadsheet takes a semicolon for the border of a cell.
            cells += [
                cell for row in csv.reader(io.StringIO(body[1:], newline=""), delimiter=delimiter) for cell in row
            ]
        cells += body[1:].splitlines()
    wrong = {cell for cell in cells if cell.strip(" \"'")[:1] in FORMULA and not cell.lstrip(' "').startswith("'")}
    assert {cell for cell in wrong if not re.fullmatch(r"-?[0-9.]+", cell)} == set()
    assert any("HYPERLINK" in cell for cell in cells)
