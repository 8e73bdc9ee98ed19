"""What costs time to spell, squared with its length: one request could keep a whole process busy for a minute."""

import time

import pytest

from tests import factories
from tests.conftest import browser
from tests.factories import PASSWORD, csrf_token, sign_in
from webapp.database import write_transaction

# As many different letters as fit into a body, behind one for which our own way to spell a domain is taken.
LETTERS = "ß" + "".join(chr(0x4E00 + number) for number in range(20_000))
# Marks that have to be put into order, in the worst one.
MARKS = "a" + "\u0301\u0316" * 15_000
COSTLY = {
    "a domain": f"ada@{LETTERS}",
    "a domain of the usual kind": f"ada@{LETTERS[1:]}",
    "marks": MARKS,
    "an address of marks": f"{MARKS}@example.com",
    "a name before an address": f'"{MARKS}" <ada@example.com>',
}
# Far above what any of them takes now; without a limit the first takes a minute.
ENOUGH_SECONDS = 0.5

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)


def seconds_for(client, page, fields):
    """Send a form in UTF-8 as it is, which leaves room for three times as many letters as a browser's own spelling."""
    body = "&".join(f"{name}={value}" for name, value in fields.items()).encode()
    began = time.process_time()
    response = client.post(page, data=body, content_type="application/x-www-form-urlencoded")
    assert (page, response.status_code) == (page, 422)
    return time.process_time() - began


@pytest.mark.parametrize("typed", COSTLY.values(), ids=COSTLY)
@pytest.mark.parametrize(
    ("page", "names"),
    [("/login", ["email"]), ("/forgot", ["email"]), ("/signup", ["name", "email", "ref"])],
)
def test_no_form_of_strangers_costs_more_than_others(app, page, names, typed):
    client = browser(app)
    fields = {"csrf_token": csrf_token(client.get(page).get_data(as_text=True)), "password": PASSWORD}
    for name in names:
        assert seconds_for(client, page, {**fields, name: typed}) < ENOUGH_SECONDS, name


@pytest.mark.parametrize(
    ("page", "name"),
    [("/settings/profile", "name"), ("/dashboard/links", "label"), ("/settings/sign-in/email", "email")],
)
def test_nor_does_one_of_people(app, page, name):
    with app.app_context(), write_transaction() as session:
        factories.person(session, email="ada@example.com", password=PASSWORD)
    client = browser(app)
    sign_in(client, "ada@example.com")
    fields = {"csrf_token": csrf_token(client.get("/settings/profile").get_data(as_text=True))}
    for typed in COSTLY.values():
        assert seconds_for(client, page, {**fields, name: typed}) < ENOUGH_SECONDS
