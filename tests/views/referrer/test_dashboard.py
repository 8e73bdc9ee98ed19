"""A referrer's own pages."""

import re
from uuid import uuid4

import pytest
from sqlalchemy import event

from tests import factories, money
from tests.conftest import browser
from tests.factories import NOON, PASSWORD, sign_in
from tests.services.test_signups import join
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.queries.links import find_live_link
from webapp.services.signups import CameBy

EMAIL = "ada@example.com"


@pytest.fixture
def ada(app, time_machine):
    time_machine.move_to(NOON, tick=False)
    with app.app_context(), write_transaction() as session:
        user = factories.person(session, email=EMAIL, password=PASSWORD)
        return factories.link_of(session, user).code


def bring_friends(app, code, count, *, name="Bob Miller", host="example.org", buying=False):
    """Let `count` people come through Ada's link."""
    with app.app_context(), write_transaction() as session:
        link = find_live_link(session, factories.program(session).id, code)
        for number in range(count):
            visitor = uuid4()
            factories.click(session, link, visitor_id=visitor)
            friend, _ = join(session, CameBy(visitor_id=visitor), name=name, email=f"friend.secret{number}@{host}")
            if buying:
                money.buy(session, friend, event_id=f"{host} {number}")


def page_of(app, path="/dashboard", **headers):
    client = browser(app)
    sign_in(client, EMAIL)
    return client.get(path, headers=headers).get_data(as_text=True)


def metric(page, name):
    found = re.search(rf'data-metric="{name}"\s+data-value="(\d+)"\s*>([^<]*)<', page)
    assert found, name
    return int(found.group(1)), found.group(2).strip()


def test_the_first_day_shows_the_link_and_what_happens_next(app, ada):
    page = page_of(app)
    link = re.search(r'id="referral-link"[^>]*>([^<]*)<', page).group(1)
    assert link == f"http://localhost/r/{ada}"
    assert "<svg" in page
    assert metric(page, "clicks") == (0, "0")
    assert metric(page, "signups") == (0, "0")
    # Nothing after nothing is no trend.
    assert "0 in 30 days" in page
    assert 'class="change' not in page
    assert "No friends yet" in page
    assert "Good afternoon, Ada" in page


def test_a_friend_stands_there_with_the_reason_why_they_count(app, ada):
    bring_friends(app, ada, 1)
    page = page_of(app)
    assert metric(page, "clicks") == (1, "1")
    assert metric(page, "signups") == (1, "1")
    assert "Bob M." in page
    assert "Bob counts as your friend" in page
    assert "They opened your link on November 22 and signed up less than a day later." in page
    assert "A link counts for 60 days after it was opened." in page


def test_nothing_of_a_friend_but_first_name_and_initial_is_shown(app, ada):
    bring_friends(app, ada, 1, name="Bob Xylander-Miller")
    for path in ("/dashboard", "/dashboard/referrals"):
        page = page_of(app, path)
        assert "Bob X." in page
        assert "Xylander" not in page
        assert "secret" not in page


def test_someone_who_does_not_count_is_there_without_a_name_and_with_the_reason(app, ada):
    with app.app_context(), write_transaction() as session:
        ada_link = find_live_link(session, factories.program(session).id, ada)
        cara_link = factories.link_of(session, factories.person(session, name="Cara Diaz"))
        visitor = uuid4()
        factories.click(session, ada_link, visitor_id=visitor)
        join(session, CameBy(visitor_id=visitor, typed=cara_link), name="Bob Miller", email="bob@example.org")
    page = page_of(app)
    assert "Someone" in page
    assert "They typed another code" in page
    assert "Bob" not in page
    assert "Cara" not in page
    assert metric(page, "signups") == (0, "0")


def test_figures_are_written_as_people_read_them(app, ada):
    with app.app_context(), write_transaction() as session:
        link = find_live_link(session, factories.program(session).id, ada)
        for _ in range(1234):
            factories.click(session, link, visitor_id=uuid4())
    assert metric(page_of(app), "clicks") == (1234, "1,234")


def test_friends_come_in_pages_that_htmx_can_fetch_in_parts(app, ada):
    bring_friends(app, ada, 45)
    client = browser(app)
    sign_in(client, EMAIL)
    path, seen = "/dashboard/referrals", []
    while path:
        page = client.get(path).get_data(as_text=True)
        part = client.get(path, headers={"HX-Request": "true"}).get_data(as_text=True)
        assert "<html" in page
        assert "<html" not in part
        names = re.findall(r"Bob M\.", page)
        assert len(re.findall(r"Bob M\.", part)) == len(names)
        seen += names
        more = re.search(r'href="(/dashboard/referrals\?before=[^"]+)"', page)
        path = more.group(1) if more else None
    assert len(seen) == 45
    assert "45 friends joined through you" in client.get("/dashboard/referrals").get_data(as_text=True)


@pytest.mark.parametrize("before", ["x", "", "0" * 5000, "%00", "00000000-0000-0000-0000-00000000000g"])
def test_a_hostile_cursor_is_not_there(app, ada, before):
    client = browser(app)
    sign_in(client, EMAIL)
    assert client.get(f"/dashboard/referrals?before={before}").status_code == 404


@pytest.mark.parametrize("path", ["/dashboard", "/dashboard/referrals", "/dashboard/rewards"])
def test_the_number_of_queries_does_not_grow_with_the_friends(app, ada, path):
    client = browser(app)
    sign_in(client, EMAIL)

    def queries():
        seen = []
        with app.app_context():
            engines = list(db.engines.values())

        def note(_conn, _cursor, statement, *_rest):
            if not statement.startswith(("PRAGMA", "BEGIN")):
                seen.append(statement)

        for engine in engines:
            event.listen(engine, "before_cursor_execute", note)
        client.get(path)
        for engine in engines:
            event.remove(engine, "before_cursor_execute", note)
        return len(seen)

    with app.app_context(), write_transaction() as session:
        money.publish(session)
    bring_friends(app, ada, 3, buying=True)
    few = queries()
    bring_friends(app, ada, 60, host="example.net", buying=True)
    assert queries() <= few <= 12
