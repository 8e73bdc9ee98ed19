"""A trial on the past reads what was kept of friends, and what people made of them."""

from datetime import timedelta

import pytest

from tests import factories, money
from tests.factories import NOON
from tests.services.test_screening import DAY, comes, within_a_second
from tests.suspicion import suspect
from webapp.database import write_transaction
from webapp.domain.reward_decisions import CHOICES
from webapp.domain.screening import read_signals
from webapp.domain.screening_trial import Tally
from webapp.domain.signal_settings import SignalSettings
from webapp.extensions import db
from webapp.models import Conversion, Program, Reward
from webapp.queries.screening_trials import try_on_past
from webapp.services.cases import decide_cases
from webapp.services.reward_decisions import decide_rewards
from webapp.services.screening import decide_about_friends

pytestmark = pytest.mark.usefixtures("in_app")

NOW = SignalSettings(read_signals({}), 50, None)
OFF = SignalSettings(read_signals({"too_fast": {"weight": 0}}), 50, None)


@pytest.fixture
def ada(in_app):
    with write_transaction() as session:
        suspect(session, "too_fast")
        money.publish(session, trigger="signup", **{name: money.TEN_DOLLARS[name] for name in ("kind", "settings")})
        return factories.person(session, now=NOON - 30 * DAY).id


def decide(session, friend, name, *, by_case=True, reason=None, admin):
    rows = session.query(Reward.id, Reward.sequence).join(Conversion).filter(Conversion.user_id == friend.id).all()
    how = decide_cases if by_case else decide_rewards
    program_id = factories.program(session).id
    how(session, program_id, CHOICES[name], dict(map(tuple, rows)), reason=reason, by=admin.id, now=NOON)


def tried(draft, stored, *, since=NOON - DAY, until=NOON + DAY, **named):
    session = db.session()
    return try_on_past(session, factories.program(session).id, draft, stored, since=since, until=until, **named)


def test_what_people_made_of_friends_is_by_the_newest_decision_or_by_their_rewards(ada):
    with write_transaction() as session:
        admin = factories.person(session, role="admin")
        freed, again, refused, by_reward, waiting = (within_a_second(session, ada) for _ in range(5))
        decide(session, freed, "release", admin=admin)
        decide(session, again, "release", admin=admin)
        decide_about_friends(session, [again.id], "deny", by=admin.id, now=NOON)
        decide(session, refused, "reject", reason="same_person", admin=admin)
        # About the reward alone, not about the friend.
        decide(session, by_reward, "reject", by_case=False, reason="terms", admin=admin)
        # Never doubted by a signal: a person held what came of them, and let it go.
        quiet, untouched = (comes(session, ada, at=NOON - timedelta(minutes=number)) for number in (1, 2))
        decide(session, quiet, "hold", admin=admin)
        decide(session, quiet, "release", admin=admin)
        assert {waiting, untouched}
    everybody = SignalSettings(read_signals({"too_fast": {"seconds": 9_999}}), 50, None)
    found = tried(everybody, NOW)
    assert (found.friends, found.before) == (7, Tally(released=1, rejected=3, undecided=1))
    assert found.more == Tally(released=1, undecided=1)
    assert tried(OFF, NOW).fewer == found.before


def test_only_the_programs_own_friends_of_the_period_count_and_of_too_many_the_newest(ada):
    with write_transaction() as session:
        within_a_second(session, ada)
        comes(session, ada, at=NOON - timedelta(hours=1))
        before = comes(session, ada, at=NOON - 40 * DAY, clicked=timedelta(seconds=1))
        assert before
        other = factories.other_program(session)
        session.flush()
        other_id = session.get_one(Program, other.id).id
    found = tried(NOW, NOW)
    assert (found.friends, found.after.friends) == (2, 1)
    assert tried(NOW, NOW, until=NOON).friends == 1
    assert tried(NOW, NOW, since=NOON - 50 * DAY).friends == 3
    assert tried(OFF, NOW, most=1).fewer == Tally(undecided=1)
    session = db.session()
    elsewhere = try_on_past(session, other_id, NOW, NOW, since=NOON - 90 * DAY, until=NOON + DAY)
    assert elsewhere.friends == 0
