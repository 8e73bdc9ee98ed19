"""Ada, and Bob who came through her: what they see of what he does."""

import pytest

from tests import factories, money
from tests.conftest import browser
from tests.factories import NOON, PASSWORD, join, sign_in
from webapp.database import write_transaction
from webapp.services.signups import CameBy


@pytest.fixture
def beginning(request, beginning):
    return ada_bob_and_cara if "house" in request.fixturenames else beginning


def ada_bob_and_cara():
    """20% of each purchase for Ada after 30 days, and 5 dollars for Bob, who joined a hundred days before NOON."""
    with write_transaction() as session:
        money.publish(session, hold_days=30)
        five = {"kind": "fixed_amount", "settings": {"amount": 500, "currency": "USD"}, "hold_days": 0}
        money.publish(session, key="five", name="5 dollars", trigger="signup", beneficiary="friend", **five)
        ada = factories.person(session, email="ada@example.com", password=PASSWORD, now=money.JOINED)
        bob, _referral = join(
            session, CameBy(typed=factories.link_of(session, ada)), email="bob@example.org", now=money.JOINED
        )
        bob.password_hash = ada.password_hash
        factories.person(session, name="Cara Diaz", email="cara@example.com", password=PASSWORD)
        return {"ada": ada.id, "bob": bob.id}


@pytest.fixture
def house(app, began, time_machine):
    time_machine.move_to(NOON, tick=False)
    return began


@pytest.fixture
def page_of(app, house):
    """Return a page as one of them sees it: `page_of("ada", "/dashboard")`."""
    addresses = {"ada": "ada@example.com", "bob": "bob@example.org", "cara": "cara@example.com"}

    def page(name, path, status=200, **headers):
        client = browser(app)
        sign_in(client, addresses[name])
        response = client.get(path, headers=headers)
        assert response.status_code == status
        return response.get_data(as_text=True)

    return page
