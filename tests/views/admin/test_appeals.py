"""What was appealed, beside the decision about it: with a reason, and from the program's limit on by a second admin."""

from dataclasses import replace

import pytest
from sqlalchemy import event, select, update

from tests.conftest import browser
from tests.factories import NOON, PASSWORD, person, program, sign_in
from tests.views.admin.conftest import words
from tests.views.admin.test_rewards import decide, status_of
from webapp.database import write_transaction
from webapp.domain.explain_for_staff import event_for_staff
from webapp.domain.sentences import plain
from webapp.extensions import db
from webapp.models import Program, RewardEvent
from webapp.services.appeals import appeal

pytestmark = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)

SAID = "He ordered for his office."


@pytest.fixture
def appealed(app, work):
    """Both of Ada's rewards were rejected, and she answered."""
    decide(work, "reject", work.held, work.reward, reason="same_person", note="Same phone")
    with app.app_context(), write_transaction() as session:
        appeal(session, program(session).id, work.ada, work.held, SAID, NOON)
    return work


@pytest.fixture
def noor(app, work):
    with app.app_context(), write_transaction() as session:
        person(session, name="Noor Haddad", email="noor@example.com", role="admin", password=PASSWORD)
    client = browser(app)
    sign_in(client, "noor@example.com")
    return replace(work, client=client)


def limit_to(app, minor):
    with app.app_context(), write_transaction() as session:
        session.execute(update(Program).values(second_admin_from_minor=minor))


def test_an_appeal_stands_on_the_page_of_its_reward_with_what_was_decided_before(appealed):
    said = words(appealed.page(f"/admin/rewards/{appealed.held}"))
    assert "Ada Okafor sees it differently" in said
    assert SAID in said
    assert (
        "About 2 rewards, $14.80. Rejected before by Jo Winter: The friend is the referrer, or lives with them" in said
    )
    assert "Appealed, and held for a decision Ada Okafor" in said
    assert "sees it differently" not in appealed.page("/admin/rewards")


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ({"reason": "appeal_right"}, "Released by Jo Winter: What they write is right"),
        ({"note": "He called"}, "Released by Jo Winter"),
    ],
)
def test_a_release_after_an_appeal_needs_a_reason_or_a_note(app, appealed, sent, told):
    page = appealed.page(f"/admin/rewards/decision?choice=release&reward={appealed.held}")
    assert SAID in page
    assert "You were right, so it counts." in page
    answer = decide(appealed, "release", page=page)
    assert answer.status_code == 422
    assert "An appeal is answered with a reason" in answer.get_data(as_text=True)
    assert status_of(app, appealed.held) == "held"
    assert decide(appealed, "release", page=page, reason="terms", note="x").status_code == 422
    assert decide(appealed, "release", page=page, **sent).status_code == 303
    assert status_of(app, appealed.held) == "pending"
    said = words(appealed.page(f"/admin/rewards/{appealed.held}"))
    assert told in said
    # The other one of it still waits.
    assert "sees it differently" in said


def test_from_the_limit_on_the_admin_who_rejected_it_is_told_to_leave_it_to_another(app, appealed, noor):
    asked = appealed.page(f"/admin/rewards/decision?choice=reject&reward={appealed.held}&reward={appealed.reward}")
    limit_to(app, 1480)
    words_of_it = "What was appealed and comes to $14.80 or more is rejected again only by another admin"
    answer = decide(appealed, "reject", page=asked, reason="terms")
    assert answer.status_code == 303
    assert words_of_it in appealed.page(answer.location)
    assert status_of(app, appealed.held) == "held"
    page = appealed.page(f"/admin/rewards/decision?choice=reject&reward={appealed.held}")
    assert words_of_it in page
    assert "None of these can be decided like that" in page
    assert words_of_it in appealed.page(f"/admin/rewards/{appealed.held}")
    assert words_of_it not in noor.page(f"/admin/rewards/{appealed.held}")
    assert decide(noor, "reject", appealed.held, appealed.reward, reason="terms").status_code == 303
    assert status_of(app, appealed.held) == "rejected"
    said = words(noor.page(f"/admin/rewards/{appealed.held}"))
    assert "Ada Okafor saw it differently" in said
    assert "Rejected again by Noor Haddad: The link was shared" in said
    assert "This decision is final." in noor.page(f"/admin/rewards/{appealed.held}/as-seen")


def test_the_page_of_an_appealed_reward_asks_at_most_twelve_times(app, appealed):
    limit_to(app, 0)
    asked = []

    def note(_conn, _cursor, statement, *_rest):
        if not statement.startswith(("PRAGMA", "BEGIN")):
            asked.append(statement)

    with app.app_context():
        engines = list(db.engines.values())
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    appealed.page(f"/admin/rewards/{appealed.held}")
    for engine in engines:
        event.remove(engine, "before_cursor_execute", note)
    assert len(asked) <= 12, "\n".join(asked)


def test_each_reason_of_a_history_is_told_in_words_of_its_own(app, appealed):
    with app.app_context():
        reasons = db.session.scalars(select(RewardEvent.reason).where(RewardEvent.reward_id == appealed.held)).all()
    assert "appealed" in reasons
    held = ("suspected", "friend_rejected", "banned", "referrer_banned", "appealed", "bonus_doubted", "to_check")
    told = {reason: plain(event_for_staff("held", reason, None, clawed_back=False)) for reason in held}
    assert len(set(told.values())) == len(held)
