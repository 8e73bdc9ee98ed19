"""The ledger as an admin reads it."""

import csv
import re
from datetime import timedelta
from io import StringIO

import pytest
from sqlalchemy import select

from tests import factories, money
from tests.factories import NOON, csrf_token
from tests.money import DAY
from tests.views.admin.conftest import words
from webapp.database import write_transaction
from webapp.ids import new_id
from webapp.models import User
from webapp.services.signups import CameBy

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)


def rows_of(response):
    assert response.status_code == 200
    return list(csv.DictReader(StringIO(response.get_data(as_text=True).removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}"))))


def test_everybody_s_accounts_now_and_as_of_a_moment(work):
    # 10.00 pending and 4.80 held; the 4.80 were pending until six days ago, the 10.00 came ten days ago.
    assert '<h1 class="text-break">$14.80 earned and not paid</h1>' in work.page("/admin/ledger")
    before = words(work.page("/admin/ledger?as_of=2026-11-12T11:59"))
    assert "$4.80 earned and not paid" in before
    assert "As it stood on Nov 12, 2026 at 11:59" in before
    at_noon = words(work.page("/admin/ledger?as_of=2026-11-12T12:00"))
    assert "$14.80 earned and not paid" in at_noon
    assert "$14.80 — — — — —" in at_noon, "nothing was held then"
    assert "Nothing was booked by then" in words(work.page("/admin/ledger?as_of=2026-11-09"))
    assert "$4.80 earned and not paid" in words(work.page("/admin/ledger?as_of=2026-11-10"))
    assert "is yet to come" in words(work.page("/admin/ledger?as_of=2030-01-01"))


def test_an_account_of_everybody_leads_to_those_whose_it_is(app, work):
    with app.app_context(), write_transaction() as session:
        cara = factories.person(session, name="Cara Diaz", email="cara@example.com", now=money.JOINED)
        dan, _referral = factories.join(
            session, CameBy(typed=factories.link_of(session, cara)), name="Dan", email="d@example.org", now=money.JOINED
        )
        money.buy(session, dan, "400.00 USD", event_id="evt_dan", at=NOON - DAY)
        cara_id = cara.id
    path = "/admin/ledger?account=pending&currency=USD&form=cash"
    page = work.page("/admin/ledger")
    assert f'href="{path.replace("&", "&amp;")}"' in page
    assert "Whose it is" not in page
    page = work.page(path)
    assert "Cara Diaz cara@example.com $80.00 Ada Okafor ada@example.com $10.00" in words(page)
    assert f"person={cara_id}" in page
    earlier = words(work.page(f"{path}&as_of=2026-11-20"))
    assert "Ada Okafor ada@example.com $10.00" in earlier
    assert "Cara" not in earlier


def test_the_moment_is_one_of_the_program_s_time_zone(app, work):
    with app.app_context(), write_transaction() as session:
        factories.program(session).time_zone = "Pacific/Auckland"
    # Noon in UTC is one in the morning of the next day there.
    assert "Nothing was booked by then" in words(work.page("/admin/ledger?as_of=2026-11-10"))
    assert "$4.80 earned and not paid" in words(work.page("/admin/ledger?as_of=2026-11-11T01:00"))


def test_a_person_s_entries_say_what_happened_and_lead_back_to_it(app, work):
    with app.app_context(), write_transaction() as session:
        money.refund(session, "25.00 USD", at=NOON - DAY)
    page = work.page(f"/admin/ledger?person={work.ada}")
    assert "Ada Okafor: $9.80 earned and not paid" in words(page)
    assert f'href="/admin/rewards/{work.reward}"' in page
    assert f'href="/admin/conversions/{work.conversion}"' in page
    assert f'href="/admin/users/{work.ada}"' in page
    body = words(page[page.index("<tbody", page.index("The entries that led there")) :])
    assert body.index("refund ref_1") < body.index("Purchase of Bob Miller, Nov 10")
    assert "$5.00 taken back: the order was refunded Purchase of Bob Miller, Nov 12 Grapevine itself" in body
    # The account and its balance after each entry, the newest first.
    approved = words(work.page(f"/admin/ledger?person={work.ada}&account=pending&currency=USD"))
    assert "Ada Okafor: $5.00 in “Pending”" in approved
    held = words(work.page(f"/admin/ledger?person={work.ada}&account=held&as_of=2026-11-20T12:00"))
    assert "Ada Okafor: $4.80 in “Held”" in held
    assert "No entry is like that" in words(work.page(f"/admin/ledger?person={work.ada}&account=paid"))


def test_pages_follow_each_other_and_keep_what_is_asked_for(app, work):
    with app.app_context(), write_transaction() as session:
        for _ in range(12):
            money.send(session, work.reward, "held", "pending", now=NOON)
    path = f"/admin/ledger?person={work.ada}&as_of=2026-11-30"
    first = work.page(path)
    more = first[first.index("before=") - 200 :]
    address = more[more.index('href="') + 6 :].split('"')[0].replace("&amp;", "&")
    assert "as_of=2026-11-30" in address
    part = work.client.get(address, headers={"HX-Request": "true"}).get_data(as_text=True)
    assert "<h1" not in part
    assert first.count("<tr>") - 3 + part.count("<tr>") == 2 * (2 + 24 + 1)
    assert work.client.get(f"/admin/ledger?person={work.ada}&before={new_id()}").status_code == 404


def test_looking_for_a_person_by_what_is_known_of_them(work):
    token = csrf_token(work.page("/admin/ledger"))
    sent = {"csrf_token": token, "noun": "ledger", "q": "ADA@example.com", "as_of": "2026-11-12T12:00"}
    response = work.client.post("/admin/searches", data=sent)
    assert response.location == f"/admin/ledger?as_of=2026-11-12T12:00&person={work.ada}"
    assert "Ada Okafor: $14.80" in words(work.page(response.location))
    assert "Ada Okafor: $14.80" in words(work.page("/admin/ledger?q=okafor"))
    several = work.page("/admin/ledger?q=o&as_of=2026-11-12")
    assert "Whose ledger?" in several
    assert f'href="/admin/ledger?as_of=2026-11-12&amp;person={work.ada}"' in several
    assert "$14.80" not in several
    assert "ada@example.com" in several, "names alone do not tell people apart"
    assert "cy.secret@example.org" in several
    assert "Nobody is called that" in work.page("/admin/ledger?q=zzz")
    assert "Nobody is called that" in work.page(f"/admin/ledger?person={new_id()}")


def test_files_hold_the_entries_of_one_or_the_balances_of_all(work):
    entries = rows_of(work.client.get(f"/admin/ledger/entries.csv?person={work.ada}&as_of=2026-11-20"))
    assert [(row["account"], row["amount"], row["balance"]) for row in entries] == [
        *(("expense", "-4.80", "-4.80"), ("pending", "4.80", "4.80")),
        *(("expense", "-10.00", "-14.80"), ("pending", "10.00", "14.80")),
        *(("pending", "-4.80", "10.00"), ("held", "4.80", "4.80")),
    ]
    assert entries[0]["reward_id"] == str(work.held)
    balances = rows_of(work.client.get("/admin/ledger/entries.csv?as_of=2026-11-12T12:00"))
    assert [(row["person"], row["account"], row["balance"]) for row in balances] == [
        ("Ada Okafor", "expense", "-14.80"),
        ("Ada Okafor", "pending", "14.80"),
    ]
    assert work.client.get("/admin/ledger/entries.csv?q=zzz").status_code == 404


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("as_of=2026-02-30", "That is no moment."),
        ("as_of=yesterday", "That is no moment."),
        ("as_of=2026-11-12T25:00", "That is no moment."),
        ("at=12:00", "That is no moment."),
        ("as_of=2026-11-12&at=noon", "That is no moment."),
        ("currency=usd", "That is no currency."),
        ("currency=XYZ", "That is no currency."),
        ("account=x", "There is no such account."),
        ("person=ada", "That is nobody’s id."),
        ("form=coupon", "There is no such form of reward."),
    ],
)
def test_what_is_no_moment_account_or_currency_is_said_and_shows_nothing(work, query, sentence):
    for path in (f"/admin/ledger?{query}", f"/admin/ledger/entries.csv?{query}"):
        page = work.page(path, status=422)
        assert sentence in words(page)
        assert "14.80" not in page
        assert f"?{query}" not in page, "what is wrong goes into no address"


def controls_of(page):
    """Return what the form of the filters would send of the moment."""
    return {
        name: re.search(rf'type="(?:date|time)"\s+name="{name}"\s+value="([^"]*)"', page).group(1)
        for name in ("as_of", "at")
    }


@pytest.mark.parametrize(
    ("asked", "at_the_end", "said"),
    [
        ("as_of=2026-11-12", "$14.81", "As it stood at the end of November 12. What"),
        ("as_of=2026-11-12T23:59", "$14.80", "As it stood on Nov 12, 2026 at 11:59"),
        ("as_of=2026-11-12T23:59:30", "$14.81", "As it stood on Nov 12, 2026 at 11:59:30"),
    ],
)
def test_sending_the_form_again_asks_for_the_same_moment(app, work, asked, at_the_end, said):
    with app.app_context(), write_transaction() as session:
        last_second = NOON - 10 * DAY + timedelta(hours=11, minutes=59, seconds=30)
        bob = session.scalars(select(User).where(User.email == "bob.secret@example.org")).one()
        money.buy(session, bob, "0.05 USD", event_id="evt_late", at=last_second)
    page = work.page(f"/admin/ledger?{asked}")
    again = work.client.get("/admin/ledger", query_string={"account": "", **controls_of(page)}).get_data(as_text=True)
    for shown in (page, again):
        assert f"{at_the_end} earned and not paid" in words(shown)
        assert said in words(shown)
    assert controls_of(again) == controls_of(page)


def test_the_person_s_page_and_the_trace_lead_to_it(work):
    assert f'href="/admin/ledger?person={work.ada}"' in work.page(f"/admin/users/{work.ada}")
    assert f'href="/admin/ledger?person={work.ada}"' in work.page(f"/admin/conversions/{work.conversion}")
