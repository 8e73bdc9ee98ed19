"""Period and filter in the URL, kept from page to page."""

import re
from uuid import UUID

import pytest
from sqlalchemy import event

from tests import factories, rollup_rows
from tests.views.analytics.conftest import A_WEEK, TODAY
from webapp.database import write_transaction
from webapp.domain.definitions import DEFINITIONS
from webapp.extensions import db
from webapp.ids import new_id

# What is read from either database is tested with the queries.
pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)

PAGES = ("", "/funnel", "/referrers", "/links", "/rewards", "/cohorts")
FILES = ("days", "funnel", "referrers", "links", "campaigns", "rewards", "cohorts")


@pytest.mark.parametrize("path", PAGES)
def test_period_and_filter_are_kept_from_page_to_page(marketer, history, path):
    kept = f"{A_WEEK}&referrer={history['ada']}"
    shown = marketer.get(f"/analytics{path}{kept}").get_data(as_text=True)
    nav = re.search(r'<nav class="subnav".*?</nav>', shown, re.DOTALL).group().replace("&amp;", "&")
    assert re.findall(r'href="([^"]+)"', nav) == [f"/analytics{other}{kept}" for other in PAGES]
    here = re.findall(r'href="([^"]+)"\s+aria-current="page"', nav)
    assert here == [f"/analytics{path}{kept}"]


@pytest.mark.usefixtures("history")
def test_the_chosen_period_is_marked(marketer):
    for query, marked in (("", "30 days"), ("?days=7", "7 days"), (A_WEEK, "Nov 16 – 22")):
        page = marketer.get(f"/analytics{query}").get_data(as_text=True)
        found = re.search(r'id="period-[\w]+"[^>]*aria-current="true">(.*?)<', page, re.DOTALL)
        assert found.group(1).replace("\u2009", " ") == marked


@pytest.mark.parametrize("path", PAGES[:-1])
@pytest.mark.usefixtures("history")
def test_a_wrong_period_is_said_at_the_form_with_what_was_typed(marketer, path):
    response = marketer.get(f"/analytics{path}?from=2026-11-22&to=2026-11-01")
    shown = response.get_data(as_text=True)
    assert response.status_code == 422
    assert "The first day has to come before the last one, or be the same." in shown
    assert re.search(r'name="from"\s+value="2026-11-22"', shown)
    assert re.search(r'name="to"\s+value="2026-11-01"', shown)
    assert "from=2026-11-22&amp;" not in shown.partition("<form")[0]


@pytest.mark.parametrize("query", ["?days=12", "?from=x&to=%00", "?from=9999-12-31&to=9999-12-31", "?to=0001-01-01"])
def test_nonsense_is_refused_and_breaks_nothing(marketer, query):
    assert marketer.get(f"/analytics{query}").status_code == 422
    for name in FILES[:-1]:
        assert marketer.get(f"/analytics/{name}.csv{query}").status_code == 422


@pytest.mark.parametrize("query", ["link=1", "referrer=%00", f"link={UUID(int=9)}", f"referrer={UUID(int=9)}"])
def test_what_the_program_does_not_have_is_not_found(marketer, query):
    for path in ("", "/funnel", "/referrers", "/rewards", "/days.csv", "/links.csv"):
        assert marketer.get(f"/analytics{path}?{query}").status_code == 404


@pytest.mark.usefixtures("history")
@pytest.mark.parametrize("path", PAGES)
def test_htmx_gets_the_very_part_that_the_page_includes(marketer, path):
    whole = marketer.get(f"/analytics{path}")
    part = marketer.get(f"/analytics{path}", headers={"HX-Request": "true"})
    assert "HX-Request" in part.headers["Vary"]
    text = part.get_data(as_text=True)
    assert "<html" not in text
    assert text.strip() in whole.get_data(as_text=True)


def test_a_figure_says_what_it_means_on_hover_and_at_a_tap(marketer, history):
    page = marketer.get("/analytics").get_data(as_text=True)
    for key in ("clicks", "visitors", "signups", "purchases", "revenue", "reward_cost"):
        text = DEFINITIONS[key].text
        assert f'popovertarget="tip-{key}"' in page
        assert page.count(text) == 2, key
        assert re.search(rf'<div id="tip-{key}" popover>.*?{re.escape(text)}', page, re.DOTALL)


@pytest.mark.usefixtures("history")
@pytest.mark.parametrize("name", FILES)
def test_no_file_holds_an_address_or_a_formula(marketer, name):
    body = marketer.get(f"/analytics/{name}.csv").get_data(as_text=True)
    assert len(body.splitlines()) > 1
    assert "@" not in body
    assert "secret" not in body
    assert not re.search(r"(^|,)\"?=", body, re.MULTILINE)


@pytest.mark.usefixtures("history")
def test_the_number_of_queries_does_not_grow_with_the_rows(app, marketer):
    def queries():
        return {path: queries_of(app, marketer, f"/analytics{path}?sort=signups") for path in PAGES}

    bring_links(app, 10)
    few = queries()
    bring_links(app, 1000)
    assert queries() == few
    assert max(few.values()) <= 12, few


def bring_links(app, count):
    with app.app_context(), write_transaction() as session:
        program = factories.program(session)
        people, links, days, sums = [], [], [], []
        for number in range(count):
            person_id, link_id, name = new_id(), new_id(), f"many{count}.{number}@example.net"
            link = {"code": f"MANY{count}X{number}", "code_key": f"MANY{count}X{number}"}
            person = {"name": f"N {number}", "email": name, "email_key": name, "mailbox_key": name, "role": "referrer"}
            people.append({"id": person_id, "program_id": program.id, "created_at": factories.NOON, **person})
            links.append({"id": link_id, "program_id": program.id, "referrer_id": person_id, **link})
            key = {"link_id": link_id, "referrer_id": person_id, "day": TODAY}
            days.append({**key, "clicks": 1, "signups": 1})
            sums.append({**key, "currency": "USD", "revenue_minor": 100})
        for row in links:
            row["created_at"] = factories.NOON
        rollup_rows.many(session, people, links, days, sums)


def queries_of(app, client, path):
    seen = []
    with app.app_context():
        engines = list(db.engines.values())

    def note(_connection, _cursor, statement, *_rest):
        if not statement.startswith(("PRAGMA", "BEGIN")):
            seen.append(statement)

    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    assert client.get(path).status_code == 200
    for engine in engines:
        event.remove(engine, "before_cursor_execute", note)
    return len(seen)


def test_the_side_bar_marks_where_one_is(marketer):
    for path, place in (("", "Analytics"), ("/funnel", "Analytics"), ("/links", "Analytics"), ("/cohorts", "Cohorts")):
        side = marketer.get(f"/analytics{path}").get_data(as_text=True).partition('<header class="side">')[2]
        marked = re.findall(r'aria-current="\w+">.*?</svg>\s*(\w+)', side.partition("</header>")[0], re.DOTALL)
        assert marked == [place], path
