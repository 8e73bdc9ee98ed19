"""News come in one mail of each kind a day, and say what is so when they leave."""

from datetime import timedelta

import pytest
from sqlalchemy import event, select

from tests.factories import NOON, join, link_of, person, program
from tests.mail_servers import text_of
from tests.money import DAY, TEN_DOLLARS, ada_and_bob, buy, publish, send
from webapp.database import write_transaction
from webapp.domain.appeals import RELEASES
from webapp.domain.reward_decisions import CHOICES
from webapp.extensions import db
from webapp.jobs.tell_news import tell_news
from webapp.mail import NothingToSayError, compose
from webapp.models import OutboxMail, Reward, User
from webapp.queries.news import people_with_news
from webapp.services.appeals import appeal
from webapp.services.outbox import drop_mail, queue_mail
from webapp.services.reward_decisions import decide_rewards
from webapp.services.rewards import mature_rewards
from webapp.services.signups import CameBy, sign_up

pytestmark = pytest.mark.usefixtures("in_app")

MINUTE = timedelta(minutes=1)


def friends_of(ada_id, *names, at):
    with write_transaction() as session:
        ada = session.get_one(User, ada_id)
        for number, name in enumerate(names):
            join(session, CameBy(typed=link_of(session, ada)), name=name, email=f"{at:%d%H%M}.{number}@x.org", now=at)


def kinds():
    """Return whom a mail of what kind was queued for, in this order."""
    db.session.rollback()
    rows = db.session.execute(select(User.name, OutboxMail.template).join(User).order_by(OutboxMail.created_at))
    return [tuple(row) for row in rows]


def mail_of(kind, *, number=-1):
    db.session.rollback()
    rows = db.session.scalars(select(OutboxMail).where(OutboxMail.template == kind).order_by(OutboxMail.created_at))
    row = rows.all()[number]
    return compose(db.session.get_one(User, row.user_id), kind, mail=row)


def words_of(mail):
    return " ".join(text_of(mail).split())


@pytest.fixture
def ada():
    """Ada, who has been there for long. Returns her id."""
    with write_transaction() as session:
        return person(session, now=NOON - 100 * DAY).id


def test_five_hundred_friends_are_one_mail_and_those_of_the_next_hours_the_next_day_s(ada):
    friends_of(ada, "Bob Miller", at=NOON)
    assert tell_news(NOON + MINUTE) == 1
    friends_of(ada, *(f"Cy{number} Young" for number in range(7)), at=NOON + 2 * MINUTE)
    assert tell_news(NOON + 3 * MINUTE) == 0
    assert tell_news(NOON + DAY) == 0
    assert tell_news(NOON + DAY + MINUTE) == 1
    assert tell_news(NOON + 2 * DAY + 2 * MINUTE) == 0
    first, second = (mail_of("friends_joined", number=number) for number in (0, 1))
    assert first["Subject"] == "A friend joined Grapevine through you"
    assert "- Bob " in words_of(first)
    assert "Miller" not in words_of(first)
    assert second["Subject"] == "7 friends joined Grapevine through you"
    assert "- Cy0 - Cy1 - Cy2 - Cy3 - Cy4 - and 2 more " in words_of(second)
    assert "x.org" not in second.as_string()
    assert kinds() == [("Ada Okafor", "friends_joined")] * 2


def test_what_was_reported_late_is_told_and_what_is_old_is_not(ada):
    friends_of(ada, "Old Friend", at=NOON - 10 * DAY)
    assert tell_news(NOON) == 0
    with write_transaction() as session:
        sign_up(
            session,
            program(session),
            name="Dee Late",
            email="dee@x.org",
            password_hash=None,
            came_by=CameBy(typed=link_of(session, session.get_one(User, ada))),
            choose=lambda letters: letters[0],
            signed_up_at=NOON - 3 * DAY,
            now=NOON,
        )
    assert tell_news(NOON + MINUTE) == 1
    assert "- Dee " in words_of(mail_of("friends_joined"))


@pytest.mark.parametrize(
    "change", [{"muted_mails": {"friends_joined": True}}, {"email_verified_at": None}, {"erased_at": NOON}]
)
def test_who_wants_none_has_not_confirmed_the_address_or_is_gone_gets_none(ada, change):
    with write_transaction() as session:
        for name, value in change.items():
            setattr(session.get_one(User, ada), name, value)
    friends_of(ada, "Bob Miller", at=NOON)
    assert tell_news(NOON + MINUTE) == 0


def test_a_mailbox_that_refused_is_left_in_peace_until_another_address_is_confirmed(ada):
    with write_transaction() as session:
        queued = queue_mail(session, session.get_one(User, ada), "verify_email", dedupe_key="x", now=NOON - DAY)
        drop_mail(session, queued, NOON, because="refused")
    friends_of(ada, "Bob Miller", at=NOON)
    assert tell_news(NOON + MINUTE) == 0
    with write_transaction() as session:
        session.get_one(User, ada).email_verified_at = NOON
    assert tell_news(NOON + MINUTE) == 1


def test_a_kind_that_is_wanted_comes_though_another_is_not(ada):
    with write_transaction() as session:
        session.get_one(User, ada).muted_mails = {"rewards_ready": True, "friends_joined": False}
    friends_of(ada, "Bob Miller", at=NOON)
    assert tell_news(NOON + MINUTE) == 1


def test_a_reward_is_told_of_when_it_is_ready_and_only_if_it_still_is():
    with write_transaction() as session:
        publish(session, hold_days=1)
        publish(session, **TEN_DOLLARS, hold_days=1)
        _ada, bob = ada_and_bob(session)
        ids = [one.id for one in buy(session, bob).rewards]
    assert tell_news(NOON + MINUTE) == 0
    with write_transaction() as session:
        mature_rewards(session, NOON + DAY)
    assert tell_news(NOON + DAY + MINUTE) == 1
    assert kinds() == [("Ada Okafor", "rewards_ready")]
    mail = mail_of("rewards_ready")
    assert mail["Subject"] == "You have earned 2 rewards at Grapevine"
    assert "are ready: $20.00." in words_of(mail)
    with write_transaction() as session:
        send(session, ids[0], "held", now=NOON + DAY + 2 * MINUTE)
    assert "is ready: $10.00." in words_of(mail_of("rewards_ready"))
    with write_transaction() as session:
        send(session, ids[1], "held", now=NOON + DAY + 2 * MINUTE)
    with pytest.raises(NothingToSayError):
        mail_of("rewards_ready")


def decide(choice, reward_id, *, reason, now):
    with write_transaction() as session:
        marta = session.scalars(select(User).where(User.role == "admin")).one()
        seen = {reward_id: session.scalar(select(Reward.sequence).where(Reward.id == reward_id))}
        of, by = program(session).id, marta.id
        decide_rewards(session, of, CHOICES[choice], seen, reason=reason, by=by, now=now)


def test_a_decision_of_a_person_is_told_and_so_is_the_answer_to_an_appeal():
    with write_transaction() as session:
        person(session, name="Marta Voss", role="admin")
        publish(session, hold_days=1)
        ada, bob = ada_and_bob(session)
        ada_id, reward_id = ada.id, buy(session, bob).rewards[0].id
        of = program(session).id
    decide("reject", reward_id, reason="same_person", now=NOON + MINUTE)
    assert tell_news(NOON + 2 * MINUTE) == 1
    mail = mail_of("rewards_decided")
    assert mail["Subject"] == "We looked at a reward of yours at Grapevine"
    assert "- Does not count: $10.00 " in words_of(mail)
    assert "Bob" not in mail.as_string()
    with write_transaction() as session:
        appeal(session, of, ada_id, reward_id, "I did not.", NOON + 3 * MINUTE)
    decide("approve", reward_id, reason=next(iter(RELEASES)), now=NOON + DAY)
    assert tell_news(NOON + DAY + 3 * MINUTE) == 1
    # Told as what was decided, not also as what is ready.
    assert kinds() == [("Ada Okafor", "rewards_decided")] * 2
    assert "- Counts: $10.00 " in words_of(mail_of("rewards_decided"))


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("kind", "index"),
    [
        ("friends_joined", "ix_referrals_program_id_created_at"),
        ("rewards_ready", "ix_reward_events_news"),
        ("rewards_decided", "ix_reward_events_news"),
    ],
)
def test_an_index_finds_what_is_new(kind, index):
    """PostgreSQL chooses by how much there is."""
    asked = []

    def note(_connection, _cursor, *what):
        asked.append(what[:2])

    event.listen(db.engine, "before_cursor_execute", note)
    people_with_news(db.session(), kind, NOON, limit=1)
    event.remove(db.engine, "before_cursor_execute", note)
    statement, values = asked[-1]
    plan = db.session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).fetchall()
    assert index in plan[0][-1], plan
