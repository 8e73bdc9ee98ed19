"""A fortnight of a small program, as the roll-ups have it, up to NOON's day, Sunday 22 November 2026."""

import json
import re
from datetime import date, timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from tests import factories, money, rollup_rows
from tests.conftest import browser
from tests.factories import NOON, sign_in
from webapp.database import write_transaction
from webapp.models import RewardRule

TODAY = date(2026, 11, 22)
DAY = timedelta(days=1)
A_WEEK = "?from=2026-11-16&to=2026-11-22"


@pytest.fixture
def marketer(app, staff):
    """A marketer's browser."""
    client = browser(app)
    sign_in(client, "marketer@example.com")
    return client


@pytest.fixture
def history(app, staff) -> dict[str, UUID]:
    """Two weeks, the second with more; Ada's link brought most of it, and Cara's, which has a dangerous label."""
    with app.app_context(), write_transaction() as session:
        ada = factories.person(session, name="Ada Okafor", email="ada.secret@example.com")
        cara = factories.person(session, name="=Cara Diaz", email="cara.secret@example.com")
        links = {"ada": factories.link_of(session, ada), "cara": factories.link_of(session, cara)}
        links["cara"].label = "</script><script>alert(1)</script>"
        counts = {"clicks": 300, "visitors": 200, "signups": 30, "purchases": 40, "buyers": 25, "repeat_buyers": 10}
        rollup_rows.program_day(session, TODAY, **counts)
        rollup_rows.program_day(
            session, TODAY - 2 * DAY, clicks=100, visitors=50, signups=10, purchases=10, buyers=5, repeat_buyers=0
        )
        rollup_rows.program_day(session, TODAY - 7 * DAY, clicks=200, visitors=100, signups=20, purchases=20, buyers=4)
        rollup_rows.program_money(session, TODAY, 250_000, 10_050)
        rollup_rows.program_money(session, TODAY, 9_900, currency="EUR")
        rollup_rows.program_money(session, TODAY - 7 * DAY, 200_000)
        rollup_rows.link_day(session, links["ada"], TODAY, clicks=250, visitors=150, signups=20, purchases=30, buyers=3)
        rollup_rows.link_day(session, links["cara"], TODAY, clicks=50, visitors=10, signups=10, purchases=10)
        rollup_rows.link_money(session, links["ada"], TODAY, 150_000)
        rollup_rows.link_money(session, links["cara"], TODAY, 100_000, 10_050)
        rollup_rows.link_money(session, links["cara"], TODAY, 9_900, currency="EUR")
        rollup_rows.campaign_day(session, TODAY, "x", "ad", "autumn </script>", clicks=9, visitors=8, signups=7)
        rollup_rows.campaign_day(session, TODAY, "", "", "", clicks=400, visitors=300, signups=33, purchases=40)
        rollup_rows.cohort_week(session, TODAY - 13 * DAY, 11, 5)
        money.publish(session, now=NOON - 3 * DAY, name="A fifth </script>")
        rule_id = session.scalars(select(RewardRule.id)).one()
        rollup_rows.rule_day(session, rule_id, TODAY, 50_000, 2_000, rewards=40)
        rollup_rows.rule_day(session, rule_id, TODAY - DAY, 1_000, rewards=2, currency="EUR")
        return {"ada": ada.id, "cara": cara.id, "ada_link": links["ada"].id, "cara_link": links["cara"].id}


def figures(page: str) -> dict[str, str]:
    """Return the bare number of each figure of a page, of the program's currency."""
    found = re.findall(r'data-metric="(\w+)"\s+data-value="([-\d]*)"(?!\s+data-currency)', page)
    return dict(found)


def charts(page: str) -> dict[str, dict]:
    """Return what each chart of a page draws, by its id."""
    found = re.findall(
        r'<figure class="chart" id="([\w-]+)">.*?<script type="application/json">(.*?)</script>', page, re.DOTALL
    )
    return {name: json.loads(text) for name, text in found}


def sentence(page: str, chart: str) -> str:
    """Return the sentence that says what a chart shows."""
    found = re.search(rf'<figure class="chart" id="{chart}">\s*<figcaption>(.*?)</figcaption>', page, re.DOTALL)
    assert found is not None
    return found.group(1)


def table_rows(page: str, label: str) -> list[list[str]]:
    """Return the texts of the cells of the table in the region of that name, row by row, without its head."""
    region = page[page.index(f'aria-label="{label}"') :]
    body = re.search(r"<tbody>(.*?)</tbody>", region, re.DOTALL)
    assert body is not None
    rows = re.findall(r"<tr.*?>(.*?)</tr>", body.group(1), re.DOTALL)
    return [
        [
            " ".join(re.sub(r"<[^>]+>", " ", cell).split())
            for cell in re.findall(r"<t[hd].*?>(.*?)</t[hd]>", row, re.DOTALL)
        ]
        for row in rows
    ]
