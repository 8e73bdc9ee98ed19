"""Publishing reward rules: versions are appended, never changed."""

import pytest
from sqlalchemy import select

from tests import factories, money
from tests.factories import NOON
from tests.money import DAY, ada_and_bob, buy, publish, rule
from tests.threads import at_once
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.models import AuditEntry, Program, RewardRule, RewardRuleVersion, User
from webapp.queries.rules import read_rule_set
from webapp.services.rules import (
    RuleKeyTakenError,
    RuleStateError,
    StaleRuleError,
    change_rule_state,
    plan_rules,
    publish_rule,
    publish_rules,
)

pytestmark = pytest.mark.usefixtures("in_app")

TEN, TWENTY, THIRTY = (rule(settings={"percent": percent}) for percent in ("10", "20", "30"))
WELCOME = rule(**money.TEN_DOLLARS, trigger="signup", beneficiary="friend")


def published(session, *rules, prune=False, now=NOON, note="", by=None):
    """Publish rules, and say what it did to each."""
    changes = publish_rules(session, factories.program(session), rules, prune=prune, note=note, by=by, now=now)
    return [(change.key, change.kind, change.number) for change in changes]


def versions(session):
    return session.scalars(
        select(RewardRuleVersion)
        .join(RewardRule, RewardRule.id == RewardRuleVersion.rule_id)
        .order_by(RewardRule.key, RewardRuleVersion.number)
    ).all()


def revision(session):
    return session.scalar(select(Program.rules_revision).where(Program.slug == "default"))


def test_a_new_rule_is_live_from_its_publication():
    with write_transaction() as session:
        admin = factories.person(session, role="admin")
        assert published(session, TWENTY, note="The first one", by=admin.id) == [("twenty-percent", "new", 1)]
        (version,) = versions(session)
        assert session.scalars(select(RewardRule)).one().key == "twenty-percent"
        (read,) = read_rule_set(session, factories.program(session).id).latest()
    assert (version.number, version.state, version.live_from, version.published_at) == (1, "live", NOON, NOON)
    assert (version.note, version.published_by) == ("The first one", admin.id)
    assert (read.id, read.definition) == (version.id, TWENTY)


def test_a_rule_that_says_the_same_is_not_published_again():
    with write_transaction() as session:
        published(session, TWENTY, WELCOME)
        before = revision(session)
        assert published(session, WELCOME, TWENTY, now=NOON + DAY) == []
        assert (len(versions(session)), revision(session)) == (2, before)


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Twenty"},
        {"trigger": "renewal"},
        {"beneficiary": "friend"},
        {"settings": {"percent": "20.0", "first_purchases": 12}},
        {"settings": {"percent": "20", "first_purchases": 11}},
        {"hold_days": 0},
        {"hold_days": 30},
        {"starts_at": NOON},
        {"ends_at": NOON},
    ],
    ids=str,
)
def test_whatever_differs_is_a_new_version_and_the_old_one_stays_as_it_was(change):
    with write_transaction() as session:
        published(session, TWENTY)
        first, before = revision(session), versions(session)[0].definition
        assert published(session, rule(**change), now=NOON + DAY) == [("twenty-percent", "changed", 2)]
        old, new = versions(session)
        assert (old.number, old.live_from, old.definition) == (1, NOON, before)
        assert (new.rule_id, new.number, new.live_from) == (old.rule_id, 2, NOON + DAY)
        assert revision(session) not in {first, None}
        assert read_rule_set(session, factories.program(session).id).latest()[0].definition == rule(**change)


def test_rules_that_are_not_named_stay_unless_they_are_pruned():
    with write_transaction() as session:
        published(session, TWENTY, WELCOME)
        assert published(session, THIRTY) == [("twenty-percent", "changed", 2)]
        assert published(session, THIRTY, prune=True, now=NOON + DAY) == [("ten-dollars", "ended", 2)]
        live, ended, *_others = versions(session)
        assert (live.state, ended.state, ended.live_from) == ("live", "ended", NOON + DAY)
        assert ended.definition == live.definition
        assert published(session, THIRTY, prune=True, now=NOON + 2 * DAY) == []


def test_a_rule_that_ended_begins_anew_with_its_next_number():
    with write_transaction() as session:
        published(session, TWENTY)
        published(session, prune=True, now=NOON + DAY)
        assert published(session, TWENTY, now=NOON + 2 * DAY) == [("twenty-percent", "changed", 3)]
        assert [version.state for version in versions(session)] == ["live", "ended", "live"]
        assert len({version.rule_id for version in versions(session)}) == 1


def test_a_plan_says_what_would_be_published_and_writes_nothing():
    with write_transaction() as session:
        published(session, TWENTY, WELCOME)
        before = revision(session)
        plan = plan_rules(session, factories.program(session), [THIRTY, rule(key="more")], prune=True)
        assert (len(versions(session)), revision(session)) == (2, before)
        assert [(change.kind, change.key) for change in plan] == [
            ("changed", "twenty-percent"),
            ("new", "more"),
            ("ended", "ten-dollars"),
        ]
        assert plan[0].before.definition == TWENTY
        assert plan == publish_rules(
            session, factories.program(session), [THIRTY, rule(key="more")], prune=True, note="", by=None, now=NOON
        )


def test_another_program_has_rules_of_its_own():
    with write_transaction() as session:
        default, other = factories.program(session), money.another_program(session)
        published(session, TWENTY)
        ours = revision(session)
        (change,) = publish_rules(session, other, [THIRTY], prune=True, note="", by=None, now=NOON)
        assert (change.kind, change.number) == ("new", 1)
        assert [version.definition for version in read_rule_set(session, default.id).latest()] == [TWENTY]
        assert [version.definition for version in read_rule_set(session, other.id).latest()] == [THIRTY]
        assert session.get_one(Program, default.id, populate_existing=True).rules_revision == ours


def test_what_was_published_counts_at_once():
    with write_transaction() as session:
        publish(session, settings={"percent": "10"}, now=NOON)
        _ada, bob = ada_and_bob(session)
        buy(session, bob, "10.00 USD", event_id="evt_1", at=NOON)
        publish(session, settings={"percent": "30"}, now=NOON)
        buy(session, bob, "10.00 USD", event_id="evt_2", at=NOON, now=NOON + DAY)
        assert money.rewards(session) == [("referrer", "1.00 USD", "pending"), ("referrer", "3.00 USD", "pending")]


def test_what_was_never_committed_counts_for_nobody():
    with write_transaction() as session:
        bob_id = ada_and_bob(session)[1].id

    def publish_buy_and_break():
        with write_transaction() as session:
            publish(session)
            assert buy(session, session.get_one(User, bob_id)).decisions[0].code == "earned"
            raise KeyError

    with pytest.raises(KeyError):
        publish_buy_and_break()
    with write_transaction() as session:
        assert buy(session, session.get_one(User, bob_id)).decisions[0].code == "no_rule"
        assert versions(session) == []


def test_rules_published_at_once_are_numbered_one_after_the_other(app):
    db.session.rollback()

    def publish_share(percent):
        with write_transaction() as session:
            publish(session, settings={"percent": str(percent)})

    assert at_once(app, [lambda percent=percent: publish_share(percent) for percent in range(1, 7)]) == [None] * 6
    assert [version.number for version in versions(db.session())] == [1, 2, 3, 4, 5, 6]
    assert len(db.session.scalars(select(RewardRule)).all()) == 1


def changed(session, state, *, after, now=NOON, by=None):
    """Let the one rule pause, go on or end."""
    (rule_id,) = session.scalars(select(RewardRule.id))
    return change_rule_state(
        session, factories.program(session), rule_id, state, after=after, note="Enough", by=by, now=now
    )


def one(session, definition, *, after, now=NOON):
    return publish_rule(session, factories.program(session), definition, after=after, note="", by=None, now=now)


def test_a_paused_rule_earns_nothing_until_it_goes_on_and_what_was_earned_stays():
    with write_transaction() as session:
        _ada, bob = ada_and_bob(session)
        publish(session)
        buy(session, bob, event_id="evt_before", at=NOON)
        changed(session, "paused", after=1, now=NOON + DAY)
        assert buy(session, bob, event_id="evt_paused", at=NOON + 2 * DAY).rewards == []
        # It happened before the pause and is reported in it.
        assert len(buy(session, bob, event_id="evt_late", at=NOON + DAY / 2, now=NOON + 2 * DAY).rewards) == 1
        changed(session, "live", after=2, now=NOON + 3 * DAY)
        assert len(buy(session, bob, event_id="evt_after", at=NOON + 4 * DAY).rewards) == 1
        assert len(money.rewards(session)) == 3
        assert [(version.number, version.state, version.note) for version in versions(session)] == [
            (1, "live", ""),
            (2, "paused", "Enough"),
            (3, "live", "Enough"),
        ]
        assert len({str(version.definition) for version in versions(session)}) == 1


def test_what_a_rule_does_is_in_the_audit_log_with_who_did_it():
    with write_transaction() as session:
        admin = factories.person(session, role="admin")
        published(session, TWENTY)
        changed(session, "paused", after=1, by=admin.id)
        changed(session, "live", after=2, by=admin.id)
        changed(session, "ended", after=3, by=admin.id)
        acts = session.execute(
            select(AuditEntry.action, AuditEntry.actor_id, AuditEntry.details).order_by(AuditEntry.sequence)
        ).all()
    assert acts == [
        ("rule_published", None, {"key": "twenty-percent", "version": 1}),
        ("rule_paused", admin.id, {"key": "twenty-percent", "version": 2}),
        ("rule_resumed", admin.id, {"key": "twenty-percent", "version": 3}),
        ("rule_ended", admin.id, {"key": "twenty-percent", "version": 4}),
    ]


@pytest.mark.parametrize(
    ("before", "state"),
    [((), "live"), (("paused",), "paused"), (("ended",), "ended"), (("ended",), "paused"), (("ended",), "live")],
    ids=str,
)
def test_a_rule_takes_only_steps_that_mean_something(before, state):
    with write_transaction() as session:
        published(session, TWENTY)
        for number, step in enumerate(before, 1):
            changed(session, step, after=number)
        with pytest.raises(RuleStateError):
            changed(session, state, after=1 + len(before))
        assert len(versions(session)) == 1 + len(before)


def test_nobody_undoes_unseen_what_somebody_else_published():
    with write_transaction() as session:
        published(session, TWENTY)
        assert one(session, THIRTY, after=1).number == 2
        for act in (lambda: one(session, TEN, after=1), lambda: changed(session, "paused", after=1)):
            with pytest.raises(StaleRuleError) as caught:
                act()
            assert (caught.value.latest.number, caught.value.latest.definition) == (2, THIRTY)
        assert one(session, THIRTY, after=2) is None
        assert len(versions(session)) == 2


def test_a_new_rule_never_becomes_a_version_of_another():
    with write_transaction() as session:
        assert one(session, TWENTY, after=0).number == 1
        with pytest.raises(RuleKeyTakenError):
            one(session, THIRTY, after=0)
        assert [version.number for version in versions(session)] == [1]


def test_publishing_lets_a_paused_rule_go_on_and_a_file_does_too():
    with write_transaction() as session:
        published(session, TWENTY)
        changed(session, "paused", after=1)
        assert published(session, TWENTY, now=NOON + DAY) == [("twenty-percent", "changed", 3)]
        changed(session, "paused", after=3)
        assert one(session, TWENTY, after=4).number == 5
        assert [version.state for version in versions(session)] == ["live", "paused", "live", "paused", "live"]
        changed(session, "paused", after=5)
        # A file that holds all rules says that this one is over.
        assert published(session, prune=True) == [("twenty-percent", "ended", 7)]


def test_two_who_publish_at_once_get_one_version(app):
    with write_transaction() as session:
        published(session, TWENTY)
    db.session.rollback()

    def change(definition):
        with write_transaction() as session:
            return one(session, definition, after=1, now=NOON + DAY).number

    answers = at_once(app, [lambda: change(TEN), lambda: change(THIRTY)])
    assert answers.count(2) == 1
    assert sum(isinstance(answer, StaleRuleError) for answer in answers) == 1
    assert [version.number for version in versions(db.session)] == [1, 2]
