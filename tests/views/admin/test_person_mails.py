"""The mails to one person, as an admin sees them."""

from datetime import timedelta

import pytest

from tests import factories
from tests.factories import NOON
from webapp.database import write_transaction
from webapp.mailed_links import draw_link
from webapp.services.mailed_links import mail_link
from webapp.services.outbox import claim_mail, mark_sent, queue_mail

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
MINUTE = timedelta(minutes=1)


def test_an_admin_sees_kind_time_tries_and_state_and_nothing_of_what_was_said(app, marta):
    with app.app_context(), write_transaction() as session:
        ada = factories.person(session)
        link_id, token = draw_link("reset_password")
        link = mail_link(
            session, ada, "reset_password", link_id=link_id, token=token, email="new@example.net", now=NOON
        )
        claim_mail(session, link.mail_id, NOON)
        mark_sent(session, link.mail_id, NOON)
        ids = [
            queue_mail(session, ada, "friends_joined", dedupe_key=str(n), now=NOON + n * MINUTE) for n in range(1, 5)
        ]
        ada_id, path = ada.id, f"/admin/users/{ada.id}"
    assert f'href="{path}/mails"' in marta.get(path).get_data(as_text=True)
    page = marta.get(f"{path}/mails").get_data(as_text=True)
    for told in ("Mails to Ada Okafor", "Setting a password", "Sent", "Friends who joined", "Waiting"):
        assert told in page
    for secret in (token, str(link_id), "new@example.net", str(ids[0])):
        assert secret not in page
    assert "before=" not in page
    with app.app_context(), write_transaction() as session:
        ada = session.get_one(factories.User, ada_id)
        for number in range(20):
            queue_mail(session, ada, "rewards_ready", dedupe_key=f"more {number}", now=NOON + (9 + number) * MINUTE)
    all_of_them = marta.get(f"{path}/mails").get_data(as_text=True)
    assert all_of_them.count("Rewards that are ready") == 20
    assert "Friends who joined" not in all_of_them
    cursor = all_of_them.partition("before=")[2].partition('"')[0]
    rest = marta.get(f"{path}/mails?before={cursor}", headers={"HX-Request": "true"}).get_data(as_text=True)
    assert rest.count("Friends who joined") == 4
    assert "<html" not in rest


def test_nobody_s_mails_are_shown_of_another_program(app, marta):
    with app.app_context(), write_transaction() as session:
        other = factories.other_program(session)
        ada = factories.person(session)
        ada.program_id = other.id
        path = f"/admin/users/{ada.id}/mails"
    assert marta.get(path).status_code == 404
