"""Changing the settings of a program."""

from dataclasses import replace
from uuid import uuid4

import pytest
from sqlalchemy import select

from tests import factories, money
from tests.factories import NOON, join
from tests.services.turns import turns_on_postgresql
from webapp.database import write_transaction
from webapp.extensions import db
from webapp.models import AuditEntry, User
from webapp.queries.programs import fixed_settings, settings_of
from webapp.services.programs import FixedSettingError, change_settings
from webapp.services.rules import publish_rules
from webapp.services.signups import CameBy

pytestmark = pytest.mark.usefixtures("in_app")


def change(*, by=None, **wanted):
    with write_transaction() as session:
        program = factories.program(session)
        return change_settings(session, program, replace(settings_of(program), **wanted), by=by, now=NOON)


def settings():
    db.session.rollback()
    return settings_of(factories.program(db.session()))


def entry():
    return db.session.scalars(select(AuditEntry)).one_or_none()


def test_settings_hold_at_once_and_codes_and_numbers_are_kept_but_no_names_and_addresses():
    with write_transaction() as session:
        marta_id = factories.person(session, role="admin").id
    wanted = {
        "name": "Fernhill Coffee",
        "currency": "EUR",
        "landing_url": "https://fernhill.example/hello",
        "window_days": 30,
        "attribution_model": "first",
    }
    assert set(change(by=marta_id, **wanted)) == set(wanted)
    assert {name: getattr(settings(), name) for name in wanted} == wanted
    kept = entry()
    assert (kept.action, kept.subject, kept.actor_id) == ("settings_changed", "program", marta_id)
    assert kept.details == {
        "changed": ["name", "currency", "landing_url", "attribution_model", "window_days"],
        "currency": {"from": "USD", "to": "EUR"},
        "attribution_model": {"from": "last", "to": "first"},
        "window_days": {"from": 60, "to": 30},
    }


def test_nothing_different_is_no_act():
    assert change(window_days=60) == ()
    assert entry() is None


def clicked(session):
    link = factories.link_of(session, factories.person(session))
    factories.click(session, link, visitor_id=uuid4())


def joined(session):
    join(session, CameBy())


def bought(session):
    joined(session)
    money.buy(session, session.scalars(select(User).where(User.name == "Bob Miller")).one())


@pytest.mark.parametrize(
    ("happened", "fixed"),
    [
        pytest.param(lambda session: factories.person(session), set(), id="an account"),
        pytest.param(clicked, {"time_zone"}, id="a click"),
        pytest.param(joined, {"time_zone"}, id="a signup"),
        pytest.param(bought, {"time_zone", "currency"}, id="a purchase"),
    ],
)
def test_what_was_counted_or_granted_fixes_the_settings_it_rests_on(happened, fixed):
    with write_transaction() as session:
        happened(session)
        program_id = factories.program(session).id
    assert fixed_settings(db.session(), program_id) == fixed
    for setting, value in (("currency", "EUR"), ("time_zone", "Europe/Berlin")):
        if setting in fixed:
            with pytest.raises(FixedSettingError) as refused:
                change(**{setting: value, "hold_days": 5})
            assert refused.value.setting == setting
            assert settings().hold_days == 30
        else:
            assert change(**{setting: value}) == (setting,)


@pytest.mark.parametrize("databases", [pytest.param("postgresql", marks=pytest.mark.postgresql)], indirect=True)
def test_settings_and_a_rule_at_the_same_moment_never_wait_for_each_other(in_app):
    def publication():
        with write_transaction() as session:
            money.publish(session, now=NOON)

    with turns_on_postgresql(in_app) as turns:
        for statements in range(1, 12):
            calls = [lambda days=statements: change(window_days=days), publication]
            taken = turns.take(calls, [(0, statements), (1, None)])
            assert [taker.result for taker in taken] == [("window_days",), None]
            with write_transaction() as session:
                publish_rules(session, factories.program(session), [], prune=True, note="", by=None, now=NOON)
