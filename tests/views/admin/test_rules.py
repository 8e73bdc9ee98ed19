"""Reward rules: the list, their history, and letting one pause, go on and end."""

from datetime import timedelta

import pytest
from sqlalchemy import event, select

from tests import factories, money
from tests.factories import NOON, csrf_token
from tests.money import DAY, publish, rule
from webapp.clock import utc_now
from webapp.database import write_transaction
from webapp.domain.periods import local_day
from webapp.extensions import db
from webapp.models import AuditEntry, RewardRule, RewardRuleVersion, RuleDay, User
from webapp.services.rules import change_rule_state, publish_rules

pytestmark = [pytest.mark.usefixtures("staff"), pytest.mark.parametrize("databases", ["sqlite"], indirect=True)]


def id_of(app, key="twenty-percent"):
    with app.app_context():
        return db.session.scalars(select(RewardRule.id).where(RewardRule.key == key)).one()


def states(app):
    with app.app_context():
        rows = db.session.execute(
            select(RewardRuleVersion.state, RewardRuleVersion.note).order_by(RewardRuleVersion.number)
        )
        return [tuple(row) for row in rows]


def text_of(response, status=200):
    assert response.status_code == status, response.get_data(as_text=True)
    return response.get_data(as_text=True)


def test_without_a_rule_the_page_offers_to_write_the_first(admin):
    page = text_of(admin.get("/admin/rules"))
    assert "No reward rules yet" in page
    assert page.count('href="/admin/rules/new"') == 1


def test_the_list_says_in_money_what_each_rule_pays_and_what_it_paid(app, admin):
    with app.app_context(), write_transaction() as session:
        publish(session, hold_days=30, limits={"per_referrer": {"amount": 60000, "currency": "USD", "period": "month"}})
        publish(session, **money.TEN_DOLLARS, trigger="signup", beneficiary="friend")
        program = factories.program(session)
        rule_id = session.scalars(select(RewardRule.id).where(RewardRule.key == "twenty-percent")).one()
        for days, rewards, granted, withdrawn in ((1, 3, 1500, 0), (29, 2, 1000, 300), (30, 9, 9999, 0)):
            day = local_day(NOON - days * DAY, program.time_zone)
            session.add(
                RuleDay(
                    rule_id=rule_id,
                    day=day,
                    currency="USD",
                    program_id=program.id,
                    rewards=rewards,
                    granted_minor=granted,
                    withdrawn_minor=withdrawn,
                )
            )
    page = text_of(admin.get("/admin/rules"))
    assert "2 reward rules are live" in page
    assert "the referrer gets 20% of what the friend pays, for their first 12 purchases." in page
    assert "When a friend joins, the friend gets $10.00." in page
    assert "At most $600.00 a month for each referrer" in page
    assert "$25.00" in page
    assert "5 rewards, $3.00 taken back" in page
    assert "Held for 30 days" in page


def test_what_is_paused_and_what_ended_stand_below(app, admin):
    with app.app_context(), write_transaction() as session:
        for number, state in ((1, "paused"), (2, "ended"), (3, None)):
            publish(session, key=f"rule-{number}", name=f"Rule {number}")
            if state:
                change_rule_state(
                    session,
                    factories.program(session),
                    session.scalars(select(RewardRule.id).where(RewardRule.key == f"rule-{number}")).one(),
                    state,
                    after=1,
                    note="",
                    by=None,
                    now=NOON,
                )
    page = text_of(admin.get("/admin/rules"))
    assert "1 reward rule is live" in page
    assert page.index("Rule 3") < page.index("Rule 1") < page.index("1 rule that has ended") < page.index("Rule 2")


def test_a_rule_shows_who_changed_what_and_why(app, admin):
    with app.app_context(), write_transaction() as session:
        publish(session)
        marta = session.scalars(select(User.id).where(User.email == "admin@example.com")).one()
        changed = rule(settings={"percent": "25", "first_purchases": 12}, hold_days=0)
        publish_rules(
            session, factories.program(session), [changed], prune=False, note="Summer <campaign>", by=marta, now=NOON
        )
    page = text_of(admin.get(f"/admin/rules/{id_of(app)}"))
    assert "by the command line" in page
    assert "by Jo Winter" in page
    assert "Summer &lt;campaign&gt;" in page
    assert "The referrer gets 20% of what the friend pays, for their first 12 purchases" in page
    assert "The referrer gets 25% of what the friend pays, for their first 12 purchases" in page
    assert "Not held: ready at once" in page
    assert "Bring version 1 back" in page
    assert "Bring version 2 back" not in page


def test_a_rule_shows_how_much_of_its_budget_is_used(app, admin):
    with app.app_context(), write_transaction() as session:
        publish(session, limits={"program": {"amount": 5000, "currency": "USD", "period": "month"}})
        _ada, bob = money.ada_and_bob(session)
        money.buy(session, bob, "100.00 USD", event_id="evt_before", at=NOON - 30 * DAY)
        money.buy(session, bob, "60.00 USD", event_id="evt_now", at=NOON)
    page = text_of(admin.get(f"/admin/rules/{id_of(app)}"))
    assert "$12.00 of $50.00" in page
    assert 'value="1200"' in page


def test_a_rule_of_another_program_is_not_there(app, admin):
    with app.app_context(), write_transaction() as session:
        other = money.another_program(session)
        publish_rules(session, other, [rule()], prune=False, note="", by=None, now=NOON)
    theirs = id_of(app)
    for path in ("", "/edit", "/review", "/pause"):
        assert admin.get(f"/admin/rules/{theirs}{path}").status_code == 404
    token = csrf_token(text_of(admin.get("/admin")))
    for path in ("/edit", "/review", "/versions", "/end"):
        data = {"csrf_token": token, "note": "Mine", "number": "1"}
        assert admin.post(f"/admin/rules/{theirs}{path}", data=data).status_code == 404
    assert len(states(app)) == 1


@pytest.mark.parametrize(
    ("act", "button", "consequence", "done"),
    [
        ("pause", "Pause this rule", "earns nothing by this rule, until you let it go on", "The rule is paused."),
        ("end", "End this rule", "What was earned stays", "The rule has ended."),
    ],
)
def test_pausing_and_ending_say_what_happens_and_ask_why(app, admin, act, button, consequence, done):
    with app.app_context(), write_transaction() as session:
        publish(session)
    path = f"/admin/rules/{id_of(app)}/{act}"
    page = text_of(admin.get(path))
    assert consequence in page
    assert f"{button}</button>" in page
    data = {"csrf_token": csrf_token(page), "number": "1", "note": " "}
    assert "Please write why" in text_of(admin.post(path, data=data), 422)
    assert states(app) == [("live", "")]
    answer = admin.post(path, data=data | {"note": "Too dear"})
    assert answer.status_code == 303
    assert done in text_of(admin.get(answer.location))
    assert states(app) == [("live", ""), ("paused" if act == "pause" else "ended", "Too dear")]
    with app.app_context():
        marta = db.session.scalars(select(User.id).where(User.email == "admin@example.com")).one()
        last = db.session.scalars(select(AuditEntry).order_by(AuditEntry.sequence.desc())).first()
        assert (last.action, last.actor_id) == ("rule_paused" if act == "pause" else "rule_ended", marta)


def test_a_paused_rule_goes_on_and_the_same_form_sent_twice_does_nothing_more(app, admin):
    with app.app_context(), write_transaction() as session:
        publish(session)
    path = f"/admin/rules/{id_of(app)}"
    token = csrf_token(text_of(admin.get("/admin")))
    pause = {"csrf_token": token, "number": "1", "note": "Wait"}
    assert admin.post(f"{path}/pause", data=pause).status_code == 303
    assert "at version 2 by now" in text_of(admin.post(f"{path}/pause", data=pause), 409)
    assert admin.get(f"{path}/pause").status_code == 302
    assert "Let it go on" in text_of(admin.get(path))
    assert admin.post(f"{path}/resume", data=pause | {"number": "2"}).status_code == 303
    assert [state for state, _note in states(app)] == ["live", "paused", "live"]


@pytest.mark.parametrize("rules", [2, 12])
def test_the_list_asks_no_more_of_the_database_for_more_rules(app, admin, rules):
    with app.app_context(), write_transaction() as session:
        for number in range(rules):
            publish(session, key=f"rule-{number}", now=NOON - timedelta(days=rules - number))
    statements = []
    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    text_of(admin.get("/admin/rules"))
    assert len(statements) <= 12, statements
    statements.clear()
    text_of(admin.get(f"/admin/rules/{id_of(app, 'rule-0')}"))
    assert len(statements) <= 12, statements


def test_what_a_rule_paid_stands_in_the_program_s_currency_first(app, admin):
    now = utc_now()
    with app.app_context(), write_transaction() as session:
        publish(session, now=now - DAY)
        _ada, bob = money.ada_and_bob(session, now=now - DAY)
        money.buy(session, bob, "20.00 EUR", at=now)
        money.buy(session, bob, "30.00 USD", event_id="evt_2", at=now)
    page = text_of(admin.get("/admin/rules"))
    assert 0 < page.index("$6.00") < page.index("€4.00")
