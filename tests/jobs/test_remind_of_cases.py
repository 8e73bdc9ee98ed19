"""What nobody decides is never paid: admins are reminded of it instead."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.factories import NOON, person
from tests.mail_servers import text_of
from tests.money import DAY, ada_and_bob, buy, publish, send
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.jobs import SCHEDULE
from webapp.jobs.remind_of_cases import remind_of_cases
from webapp.mail import compose
from webapp.models import OutboxMail, Reward, User

pytestmark = pytest.mark.usefixtures("in_app")
INSTANT = timedelta(microseconds=1)


@pytest.fixture
def held(in_app):
    """A reward of Ada's that is held since NOON, in a program of two admins. Returns its id."""
    with write_transaction() as session:
        for name in ("Marta Voss", "Noor Haddad"):
            person(session, name=name, role="admin")
        # Invited, and nobody knows yet whether the address was typed right.
        person(session, name="Typing Error", role="admin").email_verified_at = None
        publish(session, hold_days=1)
        _ada, bob = ada_and_bob(session)
        reward_id = buy(session, bob, at=NOON - DAY).rewards[0].id
        send(session, reward_id, "held", now=NOON)
        return reward_id


def test_admins_are_reminded_after_three_days_and_every_three_days_until_somebody_decides(held):
    assert remind_of_cases(NOON + 3 * DAY - INSTANT) == 0
    assert remind_of_cases(NOON + 3 * DAY) == 2
    assert remind_of_cases(NOON + 3 * DAY) == 0
    assert remind_of_cases(NOON + 6 * DAY - INSTANT) == 0
    with write_transaction() as session:
        person(session, name="Jo Winter", role="admin")
    # Who came later has had none yet.
    assert remind_of_cases(NOON + 4 * DAY) == 1
    assert remind_of_cases(NOON + 6 * DAY) == 2
    # Who wants none gets none.
    with write_transaction() as session:
        session.scalars(select(User).where(User.name == "Jo Winter")).one().muted_mails = {"cases_waiting": True}
    assert remind_of_cases(NOON + 7 * DAY) == 0
    assert db.session.scalar(select(Reward.status).where(Reward.id == held)) == "held"
    with write_transaction() as session:
        send(session, held, "approved", now=NOON + 7 * DAY)
    assert remind_of_cases(NOON + 20 * DAY) == 0
    told = db.session.execute(select(User.name, OutboxMail.template).join(User).order_by(OutboxMail.id)).all()
    assert [name for name, _template in told].count("Marta Voss") == 2
    assert {template for _name, template in told} == {"cases_waiting"}
    assert "Ada Okafor" not in {name for name, _template in told}


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_the_mail_says_how_many_wait_since_when_and_where_when_it_is_sent(app, held):
    marta = db.session.scalars(select(User).where(User.name == "Marta Voss")).one()
    mail = compose(marta, "cases_waiting")
    text = " ".join(text_of(mail).split())
    assert mail["Subject"].startswith("Rewards wait for a decision at ")
    assert "one case of" in text
    assert "waits for somebody to decide, since Sun, Nov 22" in text
    assert f" {app.config['BASE_URL']}/admin/fraud " in text
    assert "Ada" not in text
    with write_transaction() as session:
        send(session, held, "approved", now=NOON + 7 * DAY)
    assert "by now somebody has" in " ".join(text_of(compose(marta, "cases_waiting")).split())


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_the_job_is_in_the_schedule_and_can_be_run_once(app, held):
    assert "remind-of-cases" in {job.name for job in SCHEDULE}
    now = (NOON + 3 * DAY).isoformat()
    assert app.test_cli_runner().invoke(args=["jobs", "once", "remind-of-cases", "--now", now]).stdout == (
        "remind-of-cases: 2\n"
    )
