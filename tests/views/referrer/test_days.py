"""The dashboard's card of the last days: a sentence, a picture and a table of the same rows."""

import json
import re
from uuid import uuid4

import pytest

from tests import factories, money
from tests.conftest import browser
from tests.factories import NOON, sign_in
from tests.money import DAY
from webapp.database import write_transaction
from webapp.models import User

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)


@pytest.fixture
def history(app, house):
    """Clicks today and 40 days ago, and orders in two currencies, one of them rejected."""
    with app.app_context(), write_transaction() as session:
        link = factories.link_of(session, session.get_one(User, house["ada"]))
        bob = session.get_one(User, house["bob"])
        for days in (0, 0, 0, 1, 40):
            factories.click(session, link, visitor_id=uuid4(), now=NOON - days * DAY)
        money.buy(session, bob, "50.50 USD", event_id="evt_1", at=NOON - DAY, now=NOON - DAY)
        money.buy(session, bob, "1000 JPY", event_id="evt_2", at=NOON - 2 * DAY, now=NOON - 2 * DAY)
        lost = money.buy(session, bob, "70.00 USD", event_id="evt_3").rewards[0]
        money.send(session, lost.id, "held", "rejected")


def card(page):
    """Return the sentence, the chart and the rows of the table; the chart is None where nothing is drawn."""
    part = re.search(r'<section class="card pad h-100"\s+id="days".*?</section>', page, re.DOTALL).group(0)
    source = re.search(r'<script type="application/json">(.*?)</script>', part, re.DOTALL)
    sentence = re.search(r"<(?:figcaption|h3)>(.*?)</", part, re.DOTALL).group(1).strip()
    rows = [
        [re.sub(r"<[^>]+>", "", cell).strip() for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)]
        for row in re.findall(r"<tr>(.*?)</tr>", part, re.DOTALL)[1:]
    ]
    return sentence, json.loads(source.group(1)) if source else None, rows


def test_sentence_picture_and_table_say_the_same(history, page_of):
    sentence, chart, rows = card(page_of("ada", "/dashboard"))
    assert sentence == (
        "4 clicks, 0 signups and $10.10 + ¥200 earned since Oct 24. 3 clicks more than in the 30 days before."
    )
    clicks, signups, earned = (trace["y"] for trace in chart["data"])
    assert (len(clicks), sum(clicks), sum(signups)) == (30, 4, 0)
    assert earned[-3:] == [0, 10.1, 0]
    assert len(rows) == 30
    assert rows[:3] == [["Nov 22", "3", "", ""], ["Nov 21", "1", "", "$10.10"], ["Nov 20", "", "", "¥200"]]


def test_a_period_is_asked_for_in_the_address(history, page_of):
    sentence, chart, rows = card(page_of("ada", "/dashboard?days=7"))
    assert sentence.startswith("4 clicks, 0 signups and $10.10 + ¥200 earned since Nov 16.")
    assert (len(chart["data"][0]["x"]), len(rows)) == (7, 7)
    sentence, chart, _rows = card(page_of("ada", "/dashboard?days=90"))
    assert (len(chart["data"][0]["x"]), sum(chart["data"][0]["y"])) == (90, 5)
    assert "5 clicks" in sentence
    for strange in ("8", "x", "-7", "%00", "9" * 400):
        assert len(card(page_of("ada", f"/dashboard?days={strange}"))[2]) == 30


def test_htmx_gets_the_card_alone(history, page_of):
    part = page_of("ada", "/dashboard?days=7", **{"HX-Request": "true"})
    assert part.lstrip().startswith('<section class="card pad h-100"')
    assert "<html" not in part
    assert re.search(r'id="days-7"[^>]*aria-current="true"', part)
    assert card(part) == card(page_of("ada", "/dashboard?days=7"))


def test_a_period_without_anything_says_so_and_leads_to_a_longer_one(app, house, page_of):
    with app.app_context(), write_transaction() as session:
        link = factories.link_of(session, session.get_one(User, house["ada"]))
        factories.click(session, link, visitor_id=uuid4(), now=NOON - 40 * DAY)
    page = page_of("ada", "/dashboard?days=7")
    sentence, chart, _rows = card(page)
    assert (sentence, chart) == ("No clicks, signups or earnings since Nov 16.", None)
    assert "Look at 30 days" in page
    assert card(page_of("ada", "/dashboard?days=90"))[1] is not None


def test_a_day_that_stands_out_is_named(app, house, page_of):
    with app.app_context(), write_transaction() as session:
        link = factories.link_of(session, session.get_one(User, house["ada"]))
        for days in (1, 3, *[5] * 10):
            factories.click(session, link, visitor_id=uuid4(), now=NOON - days * DAY)
    assert "Most clicks came on Tue, Nov 17: 10." in card(page_of("ada", "/dashboard"))[0]


def test_the_first_day_draws_nothing(app, house):
    client = browser(app)
    sign_in(client, "cara@example.com")
    page = client.get("/dashboard").get_data(as_text=True)
    assert 'class="chart"' not in page
    assert "plotly" not in page
