"""Which mails somebody wants, and which they got."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from tests import factories
from tests.conftest import browser
from tests.factories import NOON, PASSWORD, sign_in, submit
from webapp.database import write_transaction
from webapp.domain.mail_kinds import NEWS
from webapp.extensions import db
from webapp.models import OutboxMail, User
from webapp.services.outbox import claim_mail, drop_mail, mark_sent, queue_mail

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)

PATH = "/settings/mail"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def people(app):
    """A browser for Ada, who refers, and for Marta, an admin."""
    with app.app_context(), write_transaction() as session:
        factories.person(session, email="ada@example.com", password=PASSWORD)
        factories.person(session, name="Marta Voss", email="marta@example.com", role="admin", password=PASSWORD)
    browsers = {name: browser(app) for name in ("ada", "marta")}
    for name, client in browsers.items():
        sign_in(client, f"{name}@example.com")
    return browsers


def muted(app, name):
    with app.app_context():
        return db.session.scalars(select(User.muted_mails).where(User.email_key == f"{name}@example.com")).one()


def offered(client):
    page = client.get(PATH).get_data(as_text=True)
    return [kind for kind in (*NEWS, "cases_waiting", "coupons_running_low") if f'value="{kind}"' in page]


def test_people_are_offered_what_can_reach_them_and_told_what_cannot_be_turned_off(people):
    assert offered(people["ada"]) == list(NEWS)
    assert offered(people["marta"]) == [*NEWS, "cases_waiting", "coupons_running_low"]
    page = people["ada"].get(PATH).get_data(as_text=True)
    assert page.count("checked>") == len(NEWS)
    assert "cannot be turned off" in page
    assert "No mails yet" in page


def test_what_is_not_wanted_is_turned_off_and_what_is_wanted_again_comes_again(app, people):
    response = submit(people["ada"], PATH, {"wanted": ["rewards_ready"]})
    assert (response.status_code, response.location) == (303, PATH)
    assert muted(app, "ada") == {"friends_joined": True, "rewards_decided": True}
    page = people["ada"].get(PATH).get_data(as_text=True)
    assert "Your settings are saved." in page
    assert page.count("checked>") == 1
    submit(people["ada"], PATH, {"wanted": list(NEWS)})
    assert muted(app, "ada") == {}


def test_what_cannot_reach_somebody_now_stays_as_it_was(app, people):
    with app.app_context(), write_transaction() as session:
        session.scalars(select(User).where(User.email_key == "ada@example.com")).one().muted_mails = {
            "cases_waiting": True
        }
    submit(people["ada"], PATH, {"wanted": list(NEWS)})
    assert muted(app, "ada") == {"cases_waiting": True}


@pytest.mark.parametrize("kind", ["verify_email", "cases_waiting", "x"])
def test_a_kind_that_is_not_offered_is_refused(app, people, kind):
    assert submit(people["ada"], PATH, {"wanted": [kind]}).status_code == 422
    assert muted(app, "ada") == {}


def test_people_see_what_became_of_their_mails_page_by_page_and_of_nobody_else_s(app, people):
    with app.app_context(), write_transaction() as session:
        ada, marta = (
            session.scalars(select(User).where(User.name == name)).one() for name in ("Ada Okafor", "Marta Voss")
        )
        ids = []
        for number in range(22):
            now = NOON + number * MINUTE
            template = "verify_email" if number else "password_changed"
            ids.append(queue_mail(session, ada, template, dedupe_key=str(number), now=now))
            claim_mail(session, ids[-1], now)
        mark_sent(session, ids[0], NOON)
        drop_mail(session, ids[1], NOON, because="refused")
        other = queue_mail(session, marta, "cases_waiting", dedupe_key="other", now=NOON)
    page = people["ada"].get(PATH).get_data(as_text=True)
    assert page.count("Tried again") == 20
    assert "Cases that wait" not in page
    older = f"{PATH}?before={ids[2]}"
    assert f'href="{older}"' in page
    rest = people["ada"].get(older, headers={"HX-Request": "true"}).get_data(as_text=True)
    assert rest.lstrip().startswith("<tr>")
    assert rest.index("Refused") < rest.index("Your password was changed") < rest.index("Sent")
    assert "What you were sent earlier" in people["ada"].get(older).get_data(as_text=True)
    # Only an own mail can be where a page begins.
    assert people["ada"].get(f"{PATH}?before={other}").status_code == 404
    with app.app_context():
        assert db.session.query(OutboxMail).count() == 23
