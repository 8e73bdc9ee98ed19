"""Exchange quotes as an admin sees and adds them."""

import pytest
from sqlalchemy import select

from tests import factories
from tests.factories import NOON, csrf_token
from tests.money import DAY, ada_and_bob, buy, publish
from webapp.database import write_transaction
from webapp.domain.quotes import Quote
from webapp.extensions import db
from webapp.ids import new_id
from webapp.models import ExchangeQuote
from webapp.services.quotes import add_quote

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)

PATH = "/admin/settings/quotes"
GOOD = {"base": "EUR", "rate": "1.0842", "counter": "USD", "valid_from": "2026-05-03T00:00"}


def send(client, headers=None, **changes):
    token = csrf_token(client.get(PATH).get_data(as_text=True))
    return client.post(PATH, data={"csrf_token": token, **GOOD, **changes}, headers=headers)


def stored(app):
    with app.app_context():
        rows = db.session.scalars(select(ExchangeQuote).order_by(ExchangeQuote.sequence))
        return [(row.base, row.rate, row.counter, row.valid_from.isoformat()) for row in rows]


def test_a_quote_is_added_listed_and_on_record(app, marta, page):
    assert "No quote yet" in page(PATH)
    response = send(marta)
    assert (response.status_code, response.location) == (303, PATH)
    assert stored(app) == [("EUR", "1.0842", "USD", "2026-05-03T00:00:00+00:00")]
    said = page(PATH)
    assert "1 EUR is 1.0842 USD for what happens from May 3, 2026" in said
    assert "1 exchange quote counts now" in said
    assert "1 EUR is 1.0842 USD" in said
    assert "Marta Voss" in said
    assert "Marta Voss added the exchange quote of 1.0842 USD for 1 EUR" in page("/admin/audit")
    send(marta, rate="1.09", valid_from="2027-01-01T00:00")
    send(marta, rate="1.07", valid_from="2026-11-01T00:00")
    said = page(PATH)
    assert "1 EUR is 1.07 USD Nov 1 at 12:00 AM Nov 1 at 12:00 AM Counts now" in said
    assert said.count("Counts now") == 1
    assert said.count("Counts later") == 1
    assert said.count("A newer one counts") == 1


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"counter": "EUR"}, "Please choose another currency than the first one."),
        ({"base": "XXX"}, "Please choose one of the currencies."),
        ({"rate": "0"}, "Please write a number above zero"),
        ({"rate": "1,0842"}, "Please write a number above zero"),
        ({"rate": ""}, "Please write a number above zero"),
        ({"valid_from": "soon"}, "Please write a day and a time"),
        ({"valid_from": "2026-05-03T00:00+05:00"}, "Please write a day and a time"),
        ({"valid_from": ""}, "Please write a day and a time"),
    ],
)
def test_what_is_wrong_stands_at_its_field_and_nothing_is_stored(app, marta, changes, problem):
    response = send(marta, **changes)
    text = response.get_data(as_text=True)
    assert response.status_code == 422
    assert problem in text
    assert 'aria-invalid="true"' in text
    (value,) = changes.values()
    assert value in ("", "XXX") or f'value="{value}"' in text, "what was typed stays"
    assert stored(app) == []


def test_a_rate_is_read_as_its_reader_writes_numbers(app, marta):
    assert send(marta, headers={"Accept-Language": "de"}, rate="1,0842").status_code == 303
    german = marta.get(PATH, headers={"Accept-Language": "de"}).get_data(as_text=True)
    assert german.count("1 EUR sind 1,0842 USD") == 2, "said when it is done, and in the table"
    assert stored(app)[0][1] == "1.0842"


def test_the_list_goes_on_from_page_to_page(app, marta):
    with app.app_context(), write_transaction() as session:
        program_id = factories.program(session).id
        for number in range(60):
            quote = Quote("EUR", "USD", f"1.{number:02}1", NOON - DAY)
            add_quote(session, program_id, quote, by=marta.user_id, now=NOON + number * DAY)
    page = marta.get(PATH).get_data(as_text=True)
    more = page[page.index(f"{PATH}?before=") :].split('"')[0]
    part = marta.get(more, headers={"HX-Request": "true"}).get_data(as_text=True)
    assert (page.count("1 EUR is"), part.count("1 EUR is")) == (50, 10)
    assert "<h1" not in part
    assert marta.get(f"{PATH}?before={new_id()}").status_code == 404


def test_the_trace_shows_the_quote_that_was_used(app, marta, page):
    with app.app_context(), write_transaction() as session:
        publish(session, when={"all": [{"field": "amount", "op": ">=", "value": 5000, "currency": "USD"}]})
        _ada, bob = ada_and_bob(session)
        quote = Quote("EUR", "USD", "1.0842", NOON - 10 * DAY)
        add_quote(session, factories.program(session).id, quote, by=marta.user_id, now=NOON)
        bought = buy(session, bob, "50.00 EUR")
    said = page(f"/admin/conversions/{bought.conversion_id}")
    assert "Exchange quote 1.0842 USD for 1 EUR, quote of November 12" in said
    assert "€50.00 ($54.21 at 1.0842 USD for 1 EUR, quote of November 12)" in said
    assert "the same to the cent" in said
