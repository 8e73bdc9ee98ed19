"""Store credit and rewards in kind on a referrer's pages: apart from money, and named."""

import re

import pytest

from tests import factories, money
from tests.conftest import browser
from tests.factories import NOON, PASSWORD, sign_in
from tests.services.test_redemptions import redeem
from webapp.database import write_transaction

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)


@pytest.fixture
def hers(app, time_machine):
    """Ada's browser. She has 10.00 USD in money, 10.00 USD of store credit, 4.00 of it spent, and 10.00 USD in kind."""
    time_machine.move_to(NOON + 6 * money.DAY, tick=False)
    with app.app_context(), write_transaction() as session:
        ada = factories.person(session, email="ada@example.com", password=PASSWORD, now=money.JOINED)
        for form in ("cash", "credit", "custom"):
            money.publish(session, **{**money.TEN_DOLLARS, "key": form, "reward": form, "hold_days": 0})
        came_by = factories.CameBy(typed=factories.link_of(session, ada))
        bob, _referral = factories.join(session, came_by, now=money.JOINED)
        money.buy(session, bob)
        redeem(session, ada.id, 400)
    client = browser(app)
    sign_in(client, "ada@example.com")
    return client


def text_of(client, path):
    response = client.get(path)
    assert response.status_code == 200
    return response.get_data(as_text=True)


def words(page):
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def test_the_figures_are_money_and_store_credit_stands_beside_them(hers):
    page = text_of(hers, "/dashboard")
    values = dict(re.findall(r'data-metric="(pending|approved|paid)"[^>]*data-value="(-?\d+)"', page))
    assert values == {"pending": "0", "approved": "1000", "paid": "0"}
    assert "Store credit you can spend $6.00" in words(page)


def test_a_statement_adds_up_each_form_by_itself(hers):
    assert "$10.00 + $10.00 store credit + $10.00 in kind for November 2026" in words(
        text_of(hers, "/dashboard/rewards/statement/2026-11")
    )


def test_the_list_names_the_form_of_each_reward(hers):
    said = words(text_of(hers, "/dashboard/rewards"))
    assert "$10.00 store credit" in said
    assert "$10.00 in kind" in said


def test_what_was_spent_is_told_on_the_page_of_the_reward(hers):
    paths = re.findall(r'href="(/dashboard/rewards/[0-9a-f-]{36})"', text_of(hers, "/dashboard/rewards"))
    (credit,) = (said for path in paths if "store credit for" in (said := words(text_of(hers, path))))
    assert "Ready to be spent" in credit
    assert "$4.00 spent" in credit
