"""Conditions on how a friend came and on the age of their account: the same whenever an event is decided about."""

import pytest
from sqlalchemy import delete, select

from tests.factories import NOON, click, join, link_of, person
from tests.money import DAY, JOINED, TEN_DOLLARS, accounts, ada_and_bob, buy, publish
from tests.services.test_referral_changes import change
from webapp.database import write_transaction
from webapp.domain.recomputing import Price, differs
from webapp.extensions import db
from webapp.ids import new_id
from webapp.models import Click, Conversion, RewardDecision
from webapp.queries.conversions import decisions_of, decisions_of_many
from webapp.queries.ledger import breaches
from webapp.services.clicks import Visit
from webapp.services.signups import CameBy

VISIT = Visit(country="DE", utm_source="news", utm_campaign="Bob’s own")
SPRING = Visit(country="AT", utm_source="blog", utm_medium="web", utm_campaign="spring")


@pytest.fixture(autouse=True)
def whole_books(in_app):
    """Whatever happened in a test, the books are whole after it, and every decision comes out the same again."""
    yield
    session = db.session()
    assert list(breaches(session)) == []
    for decisions in decisions_of_many(session, session.scalars(select(Conversion.id)).all()).values():
        for one in decisions:
            assert not one.version or differs(one.version.definition, one.facts, Price(one.code, one.amount)) is None


def where(field, op, value):
    return {"when": {"all": [{"field": field, "op": op, "value": value}]}}


def ten_dollars(session, *conditions, key="ten-dollars", **more):
    publish(session, **TEN_DOLLARS | {"key": key, "when": {"all": list(conditions)}} | more)


def came_by_click(session, ada, *, visit=VISIT, email="bob@example.org", also=()):
    """A friend who came by a click on Ada's link. `also` are links of others that they opened before, with visits."""
    visitor = new_id()
    for link, before in also:
        click(session, link, visitor_id=visitor, now=JOINED - 2 * DAY, visit=before)
    click(session, link_of(session, ada), visitor_id=visitor, now=JOINED - DAY, visit=visit)
    friend, _ = join(session, CameBy(visitor_id=visitor), email=email, now=JOINED)
    return friend


def forget_clicks(session):
    session.execute(delete(Click))


def code_of(session, recorded):
    (decided,) = decisions_of(session, recorded.conversion_id)
    return decided.code


@pytest.mark.parametrize(
    ("condition", "code"),
    [
        pytest.param(("country", "=", "DE"), "earned", id="country"),
        pytest.param(("country", "!=", "DE"), "condition_false", id="another country"),
        pytest.param(("utm_source", "in", ["news", "mail"]), "earned", id="source"),
        pytest.param(("utm_medium", "!=", "mail"), "value_missing", id="no medium"),
        pytest.param(("utm_campaign", "=", "bob’s own"), "condition_false", id="campaign"),
        pytest.param(("link", "=", "hers"), "earned", id="link"),
        pytest.param(("link", "not_in", ["hers", "other"]), "condition_false", id="not by this link"),
        pytest.param(("account_age_days", "=", 100), "earned", id="age"),
        pytest.param(("account_age_days", "<", 100), "condition_false", id="too old"),
        pytest.param(("plan", "in", ["pro", "team"]), "earned", id="plan"),
        pytest.param(("product", "!=", "x"), "value_missing", id="no product"),
    ],
)
def test_a_rule_asks_how_the_friend_came_also_long_after_the_click_was_forgotten(condition, code):
    field, op, value = condition
    with write_transaction() as session:
        ada = person(session, now=JOINED - 9 * DAY)
        ours = link_of(session, ada).code
        value = [ours.lower() if one == "hers" else one for one in value] if isinstance(value, list) else value
        publish(session, **TEN_DOLLARS, **where(field, op, ours.lower() if value == "hers" else value))
        bob = came_by_click(session, ada)
        told = {"plan": "pro", "note": "Bob"}
        assert code_of(session, buy(session, bob, details=told, event_id="evt_2")) == code
        forget_clicks(session)
        # Of the same moment, told years later.
        late = buy(session, bob, details=told, event_id="evt_1", now=NOON + 900 * DAY)
        assert code_of(session, late) == code


def test_a_code_that_was_typed_came_from_no_country_and_no_campaign():
    with write_transaction() as session:
        ten_dollars(session, {"field": "country", "op": "!=", "value": "DE"})
        ten_dollars(session, {"field": "utm_source", "op": "!=", "value": "x"}, key="other")
        _ada, bob = ada_and_bob(session)
        codes = {one.code for one in decisions_of(session, buy(session, bob).conversion_id)}
        assert codes == {"value_missing"}


def test_the_signup_itself_is_judged_by_how_it_came():
    age = {"field": "account_age_days", "op": "=", "value": 0}
    with write_transaction() as session:
        ten_dollars(session, {"field": "country", "op": "=", "value": "DE"}, age, trigger="signup")
        ten_dollars(session, {"field": "utm_source", "op": "=", "value": "news"}, trigger="signup", key="news")
        ada = person(session, now=JOINED - 9 * DAY)
        came_by_click(session, ada)
        assert accounts(session, ada) == {"expense": -2000, "pending": 2000}
        came_by_click(session, ada, visit=SPRING, email="eve@example.org")
        assert accounts(session, ada) == {"expense": -2000, "pending": 2000}


def test_a_decision_keeps_nothing_that_its_rule_does_not_look_at():
    with write_transaction() as session:
        publish(session)
        ten_dollars(session, {"field": "utm_source", "op": "=", "value": "blog"}, key="source")
        ten_dollars(session, {"field": "link", "op": "=", "value": "somebody"}, key="link")
        ten_dollars(session, {"field": "country", "op": "in", "value": ["DE", "AT"]}, key="country")
        ten_dollars(session, {"field": "account_age_days", "op": ">", "value": 3}, key="age")
        settings = {"percent": "20", "then_percent": "10"}
        publish(session, key="staggered", kind="staggered", settings=settings)
        publish(session, key="few", kind="recurring", settings={"percent": "20", "payments": 3})
        ada = person(session, now=JOINED - 9 * DAY)
        bob = came_by_click(session, ada)
        recorded = buy(session, bob, details={"plan": "Bob"})
        always = {"type", "occurred_at", "nth_purchase", "amount", "currency"}
        rows = session.scalars(select(RewardDecision).where(RewardDecision.conversion_id == recorded.conversion_id))
        kept = {
            one.version.definition.key: {name: value for name, value in row.facts.items() if name not in always}
            for row, one in zip(rows, decisions_of(session, recorded.conversion_id), strict=True)
        }
        at = {"signed_up_at": JOINED.isoformat()}
        assert kept == {
            "twenty-percent": {},
            "source": {"origin": {"utm_source": ""}},
            "link": {"origin": {"link": ""}},
            "country": {"origin": {"country": "DE"}},
            "age": at,
            "staggered": at,
            "few": {},
        }


def test_after_a_move_all_is_that_of_the_new_bond():
    asked = [
        {"field": "country", "op": "=", "value": "AT"},
        {"field": "utm_campaign", "op": "=", "value": "spring"},
        {"field": "account_age_days", "op": "=", "value": 100},
    ]
    with write_transaction() as session:
        ten_dollars(session, *asked)
        ten_dollars(session, {**asked[0], "value": "DE"}, key="from-germany")
        ada, luca, eve = (person(session, name=name, now=JOINED - 9 * DAY) for name in ("Ada", "Luca", "Eve"))
        bob = came_by_click(session, ada, also=[(link_of(session, luca), SPRING)])
        bought = buy(session, bob)
        assert {one.rule_key: one.code for one in decisions_of(session, bought.conversion_id)} == {
            "ten-dollars": "condition_false",
            "from-germany": "earned",
        }
        change(session, bob, luca)
        assert {one.rule_key: one.code for one in decisions_of(session, bought.conversion_id)} == {
            "ten-dollars": "earned",
            "from-germany": "condition_false",
        }
        forget_clicks(session)
        # What was found then is kept with the bond.
        later = buy(session, bob, event_id="evt_2", at=NOON)
        assert [one.rule_key for one in decisions_of(session, later.conversion_id) if one.amount] == ["ten-dollars"]
        # Eve's link he never opened.
        change(session, bob, eve)
        codes = [one.code for one in decisions_of(session, bought.conversion_id)]
        assert codes == ["value_missing", "value_missing"]
        assert accounts(session, eve) == accounts(session, ada) == {}


def test_a_removed_bond_leaves_nothing_behind_and_an_assigned_one_begins_anew():
    with write_transaction() as session:
        ten_dollars(session, {"field": "link", "op": "!=", "value": "x"}, key="any-link")
        ten_dollars(session, {"field": "country", "op": "!=", "value": "FR"}, key="any-country")
        ten_dollars(session, {"field": "account_age_days", "op": "<=", "value": 100}, key="age")
        ada, luca = (person(session, name=name, now=JOINED - 9 * DAY) for name in ("Ada", "Luca"))
        bob = came_by_click(session, ada)
        bought = buy(session, bob)
        assert accounts(session, ada) == {"expense": -3000, "pending": 3000}
        change(session, bob, None)
        own = select(Conversion.details).where(Conversion.event_id.is_(None))
        assert session.scalars(own).all() == [None]
        change(session, bob, luca)
        assert {one.rule_key: one.code for one in decisions_of(session, bought.conversion_id)} == {
            "any-link": "earned",
            "any-country": "value_missing",
            "age": "earned",
        }
        # And back to whose click it was.
        change(session, bob, None)
        change(session, bob, ada)
        assert accounts(session, ada) == {"expense": -3000, "pending": 3000}
        assert session.scalars(own).all() == [{"country": "DE"}]


def test_an_event_that_arrives_late_counts_the_others_higher_with_what_they_knew():
    condition = [{"field": "country", "op": "=", "value": "DE"}, {"field": "nth_purchase", "op": "=", "value": 2}]
    with write_transaction() as session:
        ten_dollars(session, *condition)
        ada = person(session, now=JOINED - 9 * DAY)
        bob = came_by_click(session, ada)
        second = buy(session, bob, event_id="evt_2", at=NOON)
        forget_clicks(session)
        assert code_of(session, second) == "condition_false"
        buy(session, bob, event_id="evt_1", at=NOON - DAY, now=NOON + DAY)
        (decided,) = decisions_of(session, second.conversion_id)
        assert (decided.code, decided.facts.origin) == ("earned", {"country": "DE"})
        assert accounts(session, ada) == {"expense": -1000, "pending": 1000}


def test_a_signup_that_the_business_tells_again_has_no_say_in_it():
    with write_transaction() as session:
        ten_dollars(session, {"field": "country", "op": "=", "value": "DE"})
        ada = person(session, now=JOINED - 9 * DAY)
        bob = came_by_click(session, ada)
        buy(session, bob, None, type="signup", event_id="evt_0", details={"country": "FR"}, at=JOINED - DAY)
        assert code_of(session, buy(session, bob)) == "earned"
