"""Recording what people do, and what it earns whom."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from tests import factories, money
from tests.factories import NOON, join
from tests.money import DAY, LIVE, ada_and_bob, buy, publish
from tests.threads import at_once
from webapp.database import write_transaction
from webapp.domain.facts import Facts
from webapp.domain.money import Money
from webapp.domain.sentences import plain
from webapp.extensions import db
from webapp.ids import new_id
from webapp.models import Conversion, LedgerEntry, Reward, RewardDecision, RewardEvent, User
from webapp.queries.conversions import decisions_of
from webapp.queries.ledger import breaches
from webapp.services.conversions import EventTakenError, OrderTakenError
from webapp.services.reward_steps import Actor
from webapp.services.signups import CameBy

INSTANT = timedelta(microseconds=1)


@pytest.fixture(autouse=True)
def whole_books(in_app):
    """Whatever happened in a test, the books are whole after it."""
    yield
    assert list(breaches(db.session())) == []


def count(session, model):
    return session.scalar(select(func.count()).select_from(model))


def test_a_purchase_earns_the_referrer_their_share():
    with write_transaction() as session:
        publish(session)
        ada, bob = ada_and_bob(session)
        recorded = buy(session, bob, "49.99 USD", order_id="o_1", details={"plan": "pro"}, now=NOON + DAY)
        conversion = session.scalars(select(Conversion).where(Conversion.event_id == "evt_1")).one()
        assert (conversion.id, conversion.type, conversion.user_id) == (recorded.conversion_id, "purchase", bob.id)
        assert (conversion.amount_minor, conversion.currency, conversion.order_id) == (4999, "USD", "o_1")
        assert (conversion.details, conversion.occurred_at) == ({"plan": "pro"}, NOON)
        assert conversion.recorded_at == NOON + DAY
        assert conversion.referral_id is not None
        reward = session.scalars(select(Reward)).one()
        assert reward.conversion_id == conversion.id
        assert (reward.beneficiary_id, reward.side, reward.kind) == (ada.id, "referrer", "cash")
        assert (reward.amount_minor, reward.currency, reward.status) == (1000, "USD", "pending")
        assert (reward.granted_at, reward.matures_at) == (NOON + DAY, NOON + 30 * DAY)
        assert money.accounts(session, ada) == {"expense": -1000, "pending": 1000}
        assert money.accounts(session, bob) == {}


def test_the_decision_is_kept_with_what_it_was_made_from():
    with write_transaction() as session:
        publish(session)
        ada, bob = ada_and_bob(session)
        recorded = buy(session, bob, "49.99 USD")
        (decided,) = decisions_of(session, recorded.conversion_id)
    assert [decided] == recorded.decisions
    assert (decided.rule_key, decided.version.number, decided.side) == ("twenty-percent", 1, "referrer")
    assert (decided.beneficiary_id, decided.code) == (ada.id, "earned")
    assert decided.amount == Money(1000, "USD")
    assert decided.facts == Facts("purchase", NOON, Money(4999, "USD"), 1)
    assert [plain(sentence) for sentence in decided.because] == ["20% of 49.99 USD is 10.00 USD."]
    again = decided.version.definition.price(decided.facts)
    assert (again.amount, again.because) == (decided.amount, decided.because)


def test_both_sides_earn_each_by_a_rule_of_their_own():
    with write_transaction() as session:
        publish(session)
        publish(session, key="welcome-back", beneficiary="friend", settings={"percent": "10"})
        ada, bob = ada_and_bob(session)
        recorded = buy(session, bob)
        assert money.rewards(session) == [("referrer", "10.00 USD", "pending"), ("friend", "5.00 USD", "pending")]
        assert [reward.beneficiary_id for reward in recorded.rewards] == [ada.id, bob.id]
        assert money.accounts(session, ada) == {"expense": -1000, "pending": 1000}
        assert money.accounts(session, bob) == {"expense": -500, "pending": 500}


def test_every_rule_of_the_kind_of_event_is_asked_and_answers_for_itself():
    with write_transaction() as session:
        publish(session)
        publish(session, **money.TEN_DOLLARS, now=LIVE + DAY)
        publish(session, key="renewals", trigger="renewal")
        _ada, bob = ada_and_bob(session)
        recorded = buy(session, bob, None)
    assert [(decided.rule_key, decided.code) for decided in recorded.decisions] == [
        ("twenty-percent", "amount_missing"),
        ("ten-dollars", "earned"),
    ]


def test_a_signup_rewards_both_sides_where_a_rule_says_so():
    with write_transaction() as session:
        publish(session, **money.TEN_DOLLARS, trigger="signup")
        publish(
            session,
            key="welcome",
            trigger="signup",
            beneficiary="friend",
            kind="fixed_amount",
            settings={"amount": 500, "currency": "EUR"},
        )
        ada, bob = ada_and_bob(session)
        assert money.accounts(session, ada) == {"expense": -1000, "pending": 1000}
        assert money.accounts(session, bob, "EUR") == {"expense": -500, "pending": 500}
        signup = session.scalars(select(Conversion).where(Conversion.user_id == bob.id)).one()
        assert (signup.type, signup.event_id, signup.amount_minor) == ("signup", None, None)


def test_a_referrer_earns_by_their_own_friends_only():
    with write_transaction() as session:
        publish(session)
        ada, bob = ada_and_bob(session)
        cara, _referral = join(session, CameBy(typed=factories.link_of(session, bob)), email="cara@example.org")
        buy(session, cara)
        assert money.accounts(session, bob) == {"expense": -1000, "pending": 1000}
        assert money.accounts(session, ada) == {}


@pytest.mark.parametrize(
    ("rule_days", "program_days", "status", "days"),
    [
        pytest.param(None, 30, "pending", 30, id="the program's hold"),
        pytest.param(7, 30, "pending", 7, id="the rule's own hold"),
        pytest.param(7, 0, "pending", 7, id="the rule's own hold where the program has none"),
        pytest.param(0, 30, "approved", 0, id="a rule without a hold is approved at once"),
        pytest.param(None, 0, "approved", 0, id="a program without a hold is approved at once"),
    ],
)
def test_the_hold_of_a_reward(rule_days, program_days, status, days):
    with write_transaction() as session:
        factories.program(session).hold_days = program_days
        publish(session, **({} if rule_days is None else {"hold_days": rule_days}))
        ada, bob = ada_and_bob(session)
        (reward,) = buy(session, bob, now=NOON + 3 * DAY).rewards
        stored = session.get_one(Reward, reward.id)
        assert (stored.status, stored.matures_at) == (status, NOON + days * DAY)
        assert money.history(session, reward.id) == [(status, "granted", 0)]
        assert money.accounts(session, ada) == {"expense": -1000, status: 1000}


@pytest.mark.parametrize(
    ("rules", "amount", "code", "because"),
    [
        pytest.param([], "49.99 USD", "no_rule", "No rule was live for this kind of event", id="no rule at all"),
        pytest.param(
            [{"trigger": "renewal"}], "49.99 USD", "no_rule", "No rule was live", id="a rule for other events"
        ),
        pytest.param([{"now": NOON + INSTANT}], "49.99 USD", "no_rule", "No rule was live", id="a rule of later"),
        pytest.param([{}], None, "amount_missing", "A percentage needs an amount", id="a share of nothing"),
        pytest.param([{}], "0.02 USD", "rounds_to_zero", "20% of 0.02 USD rounds to nothing", id="less than a cent"),
        pytest.param([{}], "0.00 USD", "rounds_to_zero", "20% of 0.00 USD rounds to nothing", id="for free"),
        pytest.param(
            [{"starts_at": NOON + INSTANT}], "49.99 USD", "not_started", "starts on 2026-11-22", id="not begun"
        ),
        pytest.param([{"ends_at": NOON}], "49.99 USD", "ended", "ended on 2026-11-22", id="over"),
    ],
)
def test_what_earns_nothing_says_why(rules, amount, code, because):
    with write_transaction() as session:
        for rule in rules:
            publish(session, **rule)
        _ada, bob = ada_and_bob(session)
        recorded = buy(session, bob, amount)
        (decided,) = decisions_of(session, recorded.conversion_id)
        assert money.rewards(session) == []
    assert [decided] == recorded.decisions
    assert (decided.code, decided.amount, recorded.rewards) == (code, None, [])
    assert because in plain(decided.because[0])


def test_a_rule_pays_from_its_first_to_its_last_moment():
    with write_transaction() as session:
        publish(session, starts_at=NOON, ends_at=NOON + DAY)
        _ada, bob = ada_and_bob(session)
        moments = [NOON - INSTANT, NOON, NOON + DAY - INSTANT, NOON + DAY]
        codes = [buy(session, bob, event_id=f"evt_{at}", at=at).decisions[0].code for at in moments]
    assert codes == ["not_started", "earned", "earned", "ended"]


@pytest.mark.parametrize("who", ["not_referred", "unknown_person"])
def test_only_a_friend_earns_anyone_anything(who):
    with write_transaction() as session:
        publish(session)
        publish(session, **money.TEN_DOLLARS, beneficiary="friend")
        person = factories.person(session) if who == "not_referred" else None
        recorded = buy(session, person)
        (decided,) = decisions_of(session, recorded.conversion_id)
        conversion = session.get_one(Conversion, recorded.conversion_id)
        assert (conversion.user_id, conversion.referral_id) == (person.id if person else None, None)
        assert money.rewards(session) == []
    assert (decided.code, decided.version, decided.side, decided.beneficiary_id) == (who, None, None, None)
    assert [decided] == recorded.decisions


def test_what_strangers_bought_before_says_nothing_of_the_next_stranger():
    with write_transaction() as session:
        for number in range(3):
            recorded = buy(session, None, event_id=f"evt_{number}", at=NOON + number * DAY)
    assert recorded.decisions[0].facts.nth_purchase == 1


def test_only_the_first_purchases_count_and_the_limit_is_a_reason():
    with write_transaction() as session:
        publish(session, settings={"percent": "20", "first_purchases": 2})
        ada, bob = ada_and_bob(session)
        decided = [buy(session, bob, event_id=f"evt_{nth}", at=NOON + nth * DAY).decisions[0] for nth in range(1, 4)]
        assert money.accounts(session, ada) == {"expense": -2000, "pending": 2000}
    assert [(one.code, one.facts.nth_purchase) for one in decided] == [
        ("earned", 1),
        ("earned", 2),
        ("purchase_limit", 3),
    ]
    assert plain(decided[2].because[0]) == "Only the first 2 purchases count."


def test_events_of_another_type_or_person_do_not_count_towards_the_limit():
    with write_transaction() as session:
        publish(session, settings={"percent": "20", "first_purchases": 1})
        ada, bob = ada_and_bob(session)
        eve, _referral = join(session, CameBy(typed=factories.link_of(session, ada)), email="eve@example.org")
        buy(session, bob, event_id="evt_1", type="renewal", at=NOON - DAY)
        buy(session, eve, event_id="evt_2", at=NOON - DAY)
        assert buy(session, bob, event_id="evt_3").decisions[0].code == "earned"


@pytest.mark.parametrize(
    ("amount", "percent", "earned"),
    [
        pytest.param("1990 JPY", "12.5", "249 JPY", id="no decimals: 248.75 yen"),
        pytest.param("0.05 EUR", "10", "0.01 EUR", id="two decimals: half a cent is a cent"),
        pytest.param("12.345 KWD", "10", "1.235 KWD", id="three decimals: 1.2345 dinars"),
        pytest.param("9999999999.99 USD", "33.333333", "3333333300.00 USD", id="the largest: 333,333,329,999.67 cents"),
    ],
)
def test_a_share_keeps_the_currency_and_its_decimals(amount, percent, earned):
    with write_transaction() as session:
        publish(session, settings={"percent": percent})
        _ada, bob = ada_and_bob(session)
        buy(session, bob, amount)
        assert money.rewards(session) == [("referrer", earned, "pending")]


def test_a_fixed_amount_has_the_currency_of_its_rule():
    with write_transaction() as session:
        publish(session, **{**money.TEN_DOLLARS, "settings": {"amount": 1500, "currency": "JPY"}})
        ada, bob = ada_and_bob(session)
        buy(session, bob, "49.99 USD")
        assert money.rewards(session) == [("referrer", "1500 JPY", "pending")]
        assert money.accounts(session, ada, "JPY") == {"expense": -1500, "pending": 1500}
        assert money.accounts(session, ada, "USD") == {}


@pytest.mark.parametrize("change", [{}, {"amount": "1.00 EUR"}, {"order_id": "o_2"}, {"type": "renewal"}])
def test_the_same_event_twice_is_refused_whatever_it_says(change):
    with write_transaction() as session:
        publish(session)
        _ada, bob = ada_and_bob(session)
        buy(session, bob, order_id="o_1")
        before = [count(session, model) for model in (Conversion, RewardDecision, Reward, RewardEvent, LedgerEntry)]
    with pytest.raises(EventTakenError), write_transaction() as session:
        buy(session, session.get_one(User, bob.id), **{"order_id": "o_1", **change}, at=NOON + DAY)
    after = [count(db.session, model) for model in (Conversion, RewardDecision, Reward, RewardEvent, LedgerEntry)]
    assert after == before


def test_the_same_event_is_taken_whoever_it_is_of():
    with write_transaction() as session:
        _ada, bob = ada_and_bob(session)
        buy(session, bob)
        with pytest.raises(EventTakenError):
            buy(session, None)


def test_an_order_is_rewarded_once_for_each_type():
    with write_transaction() as session:
        publish(session)
        publish(session, key="renewals", trigger="renewal")
        _ada, bob = ada_and_bob(session)
        buy(session, bob, order_id="o_1")
        with pytest.raises(OrderTakenError):
            buy(session, bob, event_id="evt_2", order_id="o_1")
        buy(session, bob, event_id="evt_3", order_id="o_1", type="renewal")
        buy(session, bob, event_id="evt_4", order_id="o_2")
        assert money.rewards(session) == [("referrer", "10.00 USD", "pending")] * 3


def test_events_without_an_order_are_never_the_same_order():
    with write_transaction() as session:
        _ada, bob = ada_and_bob(session)
        buy(session, bob, event_id="evt_1")
        buy(session, bob, event_id="evt_2")
        assert session.scalar(select(func.count()).where(Conversion.type == "purchase")) == 2


def test_the_database_refuses_a_second_reward_of_one_rule_for_one_conversion():
    with write_transaction() as session:
        publish(session)
        _ada, bob = ada_and_bob(session)
        buy(session, bob)
        reward = session.scalars(select(Reward)).one()
        twin = {column.name: getattr(reward, column.name) for column in Reward.__table__.columns} | {"id": new_id()}
    with pytest.raises(IntegrityError), write_transaction() as session:
        session.add(Reward(**twin))


def test_a_signup_counts_once():
    with write_transaction() as session:
        publish(session, **money.TEN_DOLLARS, trigger="signup")
        _ada, bob = ada_and_bob(session)
        for number, at in enumerate([NOON, LIVE]):
            recorded = buy(session, bob, None, type="signup", event_id=f"evt_{number}", at=at)
            assert [decided.code for decided in recorded.decisions] == ["already_signed_up"]
        assert money.rewards(session) == [("referrer", "10.00 USD", "pending")]


@pytest.mark.parametrize("kind", ["system", "api", "person"])
def test_the_history_says_who_reported_it(kind):
    actor = Actor(kind, None if kind == "system" else new_id())
    with write_transaction() as session:
        publish(session)
        _ada, bob = ada_and_bob(session)
        (reward,) = buy(session, bob, actor=actor, now=NOON + DAY).rewards
        event = session.scalars(select(RewardEvent)).one()
    assert (event.reward_id, event.sequence, event.status, event.reason) == (reward.id, 1, "pending", "granted")
    assert (event.actor, event.actor_id, event.at) == (actor.kind, actor.id, NOON + DAY)


def at_the_same_time(app, reports):
    """Report these purchases of one friend at once. Returns the kind of what each ended in."""
    with write_transaction() as session:
        publish(session, settings={"percent": "20", "first_purchases": 1})
        bob_id = ada_and_bob(session)[1].id
    db.session.rollback()

    def report(event):
        with write_transaction() as session:
            buy(session, session.get_one(User, bob_id), **event)

    return sorted(type(answer).__name__ for answer in at_once(app, [lambda r=r: report(r) for r in reports]))


def test_the_same_event_many_times_at_once_is_one_reward(app):
    answers = at_the_same_time(app, [{"event_id": "evt_1", "order_id": "o_1"}] * 6)
    assert answers == [*["EventTakenError"] * 5, "NoneType"]
    assert money.rewards(db.session()) == [("referrer", "10.00 USD", "pending")]


def test_one_order_under_many_ids_at_once_is_one_reward(app):
    answers = at_the_same_time(app, [{"event_id": f"evt_{number}", "order_id": "o_1"} for number in range(6)])
    assert answers == ["NoneType", *["OrderTakenError"] * 5]
    assert money.rewards(db.session()) == [("referrer", "10.00 USD", "pending")]


def test_of_purchases_that_arrive_at_once_only_the_first_is_the_first(app):
    events = [{"event_id": f"evt_{number}", "at": NOON + number * DAY} for number in range(6)]
    assert at_the_same_time(app, events) == ["NoneType"] * 6
    kept = db.session.scalars(select(Conversion.event_id).join(Reward).where(Reward.status == "pending")).all()
    assert kept == ["evt_0"]
