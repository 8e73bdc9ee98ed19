"""Which version of a rule was live when."""

from datetime import timedelta

import pytest
from sqlalchemy import event, select

from tests import factories, money
from tests.factories import NOON
from tests.money import DAY, publish
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.ids import new_id
from webapp.models import Program, RewardRuleVersion
from webapp.queries import rules
from webapp.queries.rules import find_versions, read_rule_set, rule_set
from webapp.services.rules import publish_rules

pytestmark = pytest.mark.usefixtures("in_app")

INSTANT = timedelta(microseconds=1)


@pytest.fixture(autouse=True)
def empty_memory(monkeypatch):
    """What other tests have read is forgotten."""
    monkeypatch.setattr(rules, "_sets", {})
    monkeypatch.setattr(rules, "_versions", {})


@pytest.fixture
def asked(in_app):
    """The statements that were sent to the database."""
    statements = []

    def note(_connection, _cursor, statement, *_rest):
        statements.append(statement)

    for engine in db.engines.values():
        event.listen(engine, "before_cursor_execute", note)
    yield statements
    for engine in db.engines.values():
        event.remove(engine, "before_cursor_execute", note)


def end_all(session, now):
    publish_rules(session, factories.program(session), [], prune=True, note="", by=None, now=now)


def said(versions):
    return [(version.definition.key, version.number) for version in versions]


@pytest.mark.parametrize(
    ("moment", "live"),
    [
        pytest.param(NOON - INSTANT, [], id="before any"),
        pytest.param(NOON, [("b", 1)], id="the first moment of a version"),
        pytest.param(NOON + DAY, [("b", 1), ("a", 1)], id="rules by age"),
        pytest.param(NOON + 2 * DAY - INSTANT, [("b", 1), ("a", 1)], id="the last moment of a version"),
        pytest.param(NOON + 2 * DAY, [("b", 2), ("a", 1)], id="a new version"),
        pytest.param(NOON + 3 * DAY, [], id="after the end"),
        pytest.param(NOON + 4 * DAY, [("a", 3)], id="one began anew"),
        pytest.param(NOON + 999 * DAY, [("a", 3)], id="for good"),
    ],
)
def test_the_versions_of_a_moment(moment, live):
    with write_transaction() as session:
        publish(session, key="b", now=NOON)
        publish(session, key="a", now=NOON + DAY)
        publish(session, key="b", name="B again", now=NOON + 2 * DAY)
        end_all(session, NOON + 3 * DAY)
        publish(session, key="a", now=NOON + 4 * DAY)
        found = read_rule_set(session, factories.program(session).id)
    assert said(found.live_at(moment)) == live
    assert said(found.latest()) == [("b", 3), ("a", 3)]
    assert said(found.live()) == [("a", 3)]


def test_of_two_versions_of_one_moment_the_later_one_counts():
    with write_transaction() as session:
        publish(session, settings={"percent": "10"}, now=NOON)
        publish(session, settings={"percent": "20"}, now=NOON)
        found = read_rule_set(session, factories.program(session).id)
    assert said(found.live_at(NOON)) == [("twenty-percent", 2)]


def test_a_program_without_rules_has_none_and_nobody_is_asked(asked):
    program_id = factories.program(db.session()).id
    asked.clear()
    assert rule_set(db.session(), program_id, None).live_at(NOON) == []
    assert asked == []


def test_rules_are_read_once_for_each_revision(asked):
    with write_transaction() as session:
        publish(session)
    program_id, revision = db.session.execute(select(Program.id, Program.rules_revision)).one()
    asked.clear()
    first = rule_set(db.session(), program_id, revision)
    assert len(asked) == 1
    assert rule_set(db.session(), program_id, revision) == first
    assert len(asked) == 1
    with write_transaction() as session:
        publish(session, settings={"percent": "30"})
    revision = db.session.scalar(select(Program.rules_revision))
    assert said(rule_set(db.session(), program_id, revision).latest()) == [("twenty-percent", 2)]


def test_the_memory_of_rules_is_bounded(monkeypatch):
    monkeypatch.setattr(rules, "MOST_IN_MEMORY", 2)
    with write_transaction() as session:
        program_id = factories.program(session).id
        for percent in ("10", "20", "30", "40"):
            publish(session, settings={"percent": percent})
            revision = session.scalar(select(Program.rules_revision))
            assert rule_set(session, program_id, revision).latest()[0].definition.settings.percent.text == percent
            assert len(rules._sets) <= 2


def test_versions_are_found_by_their_ids_and_read_once(asked, monkeypatch):
    with write_transaction() as session:
        publish(session, settings={"percent": "10"})
        publish(session, settings={"percent": "20"})
    one, two = db.session.scalars(select(RewardRuleVersion.id).order_by(RewardRuleVersion.number)).all()
    # What publishing remembered of them.
    monkeypatch.setattr(rules, "_versions", {})
    asked.clear()
    assert find_versions(db.session(), [one])[one].number == 1
    assert {row_id: version.number for row_id, version in find_versions(db.session(), [two, one, two]).items()} == {
        one: 1,
        two: 2,
    }
    assert find_versions(db.session(), [one, two]).keys() == {one, two}
    assert len(asked) == 2
    assert find_versions(db.session(), []) == {}
    assert len(asked) == 2


def test_more_versions_than_the_memory_holds_are_found_all_the_same(monkeypatch):
    monkeypatch.setattr(rules, "MOST_IN_MEMORY", 2)
    with write_transaction() as session:
        for percent in ("10", "20", "30", "40"):
            publish(session, settings={"percent": percent})
        ids = session.scalars(select(RewardRuleVersion.id).order_by(RewardRuleVersion.number)).all()
        for wanted in (ids[:1], ids[1:3], ids[2:], ids):
            found = find_versions(session, wanted)
            assert [found[row_id].number for row_id in wanted] == [ids.index(row_id) + 1 for row_id in wanted]


def test_the_rules_of_another_program_are_not_ours():
    with write_transaction() as session:
        publish(session)
        assert read_rule_set(session, money.another_program(session).id).latest() == []
        assert read_rule_set(session, new_id()).latest() == []
