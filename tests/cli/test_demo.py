"""`demo`: data to look at."""

import re
import stat
from collections import defaultdict
from datetime import UTC, date, datetime
from typing import get_args

import pytest
from flask import current_app
from sqlalchemy import func, select

from tests import factories
from tests.databases import FAST, config_for
from tests.suspicion import suspect
from webapp import create_app
from webapp.cli import demo
from webapp.database import close_connections, write_transaction
from webapp.demo import DEMO_DOMAINS, PEOPLE, tell_story
from webapp.domain.money import Money
from webapp.domain.refunds import still_earned
from webapp.domain.registry import counting_of
from webapp.domain.rewards import Status
from webapp.extensions import db
from webapp.models import (
    AttributionDecision,
    Click,
    Conversion,
    ProgramDay,
    Referral,
    ReferralChange,
    Refund,
    Reward,
    RewardDecision,
    RewardEvent,
    RewardRule,
    Screening,
    ScreeningFinding,
    User,
)
from webapp.passwords import verify_password
from webapp.queries.cases import open_cases
from webapp.queries.conversions import decisions_of_many, refunds_of
from webapp.queries.people import has_people
from webapp.queries.rewards import rewards_of_conversions

SEED = ["demo", "seed", "--days", "4", "--until", "2026-11-22"]


def run(app, *arguments):
    return app.test_cli_runner().invoke(args=list(arguments))


def told():
    """The story of SEED, for tests that are about what comes after it."""
    assert run(current_app, *SEED).exit_code == 0


after_the_story = pytest.mark.parametrize("beginning", [pytest.param(told, id="told")])


def figures(app):
    """Return what a page shows of the story, free of ids and codes."""
    with app.app_context():
        session = db.session()
        return {
            "days": [
                (row.day, row.clicks, row.signups, row.purchases)
                for row in session.scalars(select(ProgramDay).order_by("day"))
            ],
            "rewards": session.execute(
                select(Reward.side, Reward.status, Reward.currency, func.count(), func.sum(Reward.amount_minor))
                .group_by(Reward.side, Reward.status, Reward.currency)
                .order_by(Reward.side, Reward.status, Reward.currency)
            ).all(),
            "refunds": session.execute(select(Refund.event_id, Refund.applied_minor).order_by(Refund.event_id)).all(),
            "names": session.scalars(select(User.name).order_by(User.created_at, User.email)).all(),
            "reasons": session.scalars(
                select(AttributionDecision.reason).order_by(AttributionDecision.signed_up_at)
            ).all(),
            "sources": session.execute(
                select(Click.utm_source, func.count()).group_by(Click.utm_source).order_by(Click.utm_source)
            ).all(),
        }


@pytest.fixture
def second_app(databases, tmp_path):
    """An application on a migrated database of its own."""
    folder = tmp_path / "second"
    folder.mkdir()
    url = databases.clone(folder)
    app = create_app(config_for(url, folder), **FAST)
    yield app
    with app.app_context():
        db.session.remove()
        close_connections()
    databases.drop(url)


@pytest.fixture
def served(monkeypatch):
    """`demo run` up to the moment when the server would start: keeps what it would have been started with."""
    calls = []
    monkeypatch.setattr(demo, "serve", lambda _app, **how: calls.append(how))
    monkeypatch.delenv("DEMO_PASSWORD", raising=False)
    return calls


def test_the_same_seed_tells_the_same_story_and_its_counts_are_proven(app, second_app):
    first, second = run(app, *SEED), run(second_app, *SEED)
    assert first.exit_code == 0, first.output
    assert first.stdout == second.stdout
    assert figures(app) == figures(second_app)
    assert run(app, "rollups", "verify").exit_code == 0
    assert run(app, "ledger", "verify").exit_code == 0
    assert run(app, "audit", "verify").exit_code == 0


@pytest.mark.parametrize("databases", ["postgresql"], indirect=True)
def test_every_decision_of_the_story_comes_out_the_same_when_it_is_computed_again(app):
    with app.app_context(), write_transaction() as session:
        # As a program that was not set up otherwise.
        suspect(session)
    run(app, "demo", "seed", "--days", "45", "--until", "2026-11-22")
    with app.app_context():
        session = db.session()
        conversions = {row.id: row for row in session.scalars(select(Conversion))}
        decisions = decisions_of_many(session, list(conversions))
        rewards = rewards_of_conversions(session, list(conversions))
        assert decisions.keys() == conversions.keys()
        earned, asked = {}, {}
        for conversion_id, of_rules in decisions.items():
            for decided in of_rules:
                if decided.version is None:
                    assert decided.amount is None
                    continue
                again = decided.version.definition.price(decided.facts)
                assert getattr(again, "amount", None) == decided.amount
                assert getattr(again, "code", "earned") == decided.code
                asked[conversion_id, decided.version.rule_id] = decided
                if decided.amount:
                    earned[conversion_id, decided.version.rule_id] = decided.amount
        holding = [row for row in rewards if row.holds]
        # What follows the number of friends may have several rows, or one of which nothing is left.
        fixed = [row for row in holding if not follows_friends(row.version.definition)]
        plain = [decided for key, decided in asked.items() if key in earned and not follows_friends(rule_of(decided))]
        assert len(fixed) == len(plain) > 40
        # One friend was moved: what their former referrer had is taken back.
        assert all(row.taken_minor == row.amount_minor for row in rewards if not row.holds)
        assert len(rewards) > len(holding)
        kept = defaultdict(list)
        for row in holding:
            kept[row.conversion_id, row.version.rule_id].append(row)
        for key, rows in kept.items():
            refunded_minor, refunds = refunds_of(session, key[0])
            rule, facts, bought = rule_of(asked[key]), asked[key].facts, conversions[key[0]].amount_minor
            left = still_earned(
                earned[key].minor if key in earned else 0,
                proportional=rule.settings.proportional,
                amount_minor=bought,
                refunded_minor=refunded_minor,
                refunds=refunds,
                is_met=not refunded_minor or rule.is_met_after_refunds(facts, (bought or 0) - refunded_minor),
            )
            by_right = sum(row.amount_minor - row.reversed_minor - row.clawed_back_minor for row in rows)
            # What was rejected is not asked for again.
            assert by_right == left or any(row.status == "rejected" for row in rows)
        for row in fixed:
            assert earned[row.conversion_id, row.version.rule_id] == Money(row.amount_minor, row.currency)
        assert {row.status for row in rewards} == set(get_args(Status))
        assert any(0 < row.taken_minor < row.amount_minor for row in rewards)
        somebody_bought_with_the_coupon_code_and_one_friend_was_moved_with_a_reason(session)
    for name in ("ledger", "audit", "rollups"):
        assert run(app, name, "verify").exit_code == 0


def somebody_bought_with_the_coupon_code_and_one_friend_was_moved_with_a_reason(session):
    ada = session.scalars(select(User.id).where(User.email == PEOPLE[0].email)).one()
    coupon = session.execute(
        select(Referral.referrer_id, User.name)
        .join(User, User.id == Referral.friend_id)
        .where(Referral.method == "coupon_code")
    ).all()
    assert coupon == [(ada, "Hannah Brooks")]
    (change,) = session.scalars(select(ReferralChange))
    assert (change.kind, change.to_referrer_id, change.reason) == ("move", ada, "friend_told")
    assert None not in {device for (device,) in session.execute(select(Click.device))}


def rule_of(decided):
    return decided.version.definition


def follows_friends(rule):
    """Whether what it pays may change with the number of friends, by itself or as one of a group."""
    return counting_of(rule.settings) is not None or rule.exclusive is not None


# Each engine tells one long story.
@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_the_story_has_a_correction_a_lost_bonus_a_dispute_that_was_won_and_a_write_off(app):
    assert run(app, "demo", "seed", "--days", "90", "--until", "2026-11-22").exit_code == 0
    with app.app_context():
        session = db.session()
        reasons = set(session.scalars(select(RewardEvent.reason)))
        assert {"corrected", "recounted", "charged_back", "dispute_won", "written_off"} <= reasons
        bonuses = (
            select(Reward.status, RewardEvent.reason)
            .join(RewardRule, RewardRule.id == Reward.rule_id)
            .join(RewardEvent, (RewardEvent.reward_id == Reward.id) & (RewardEvent.sequence == Reward.sequence))
            .where(RewardRule.key == "friends-bonus")
        )
        found = session.execute(bonuses).all()
        assert ("reversed", "refunded") in found
        assert any(status != "reversed" for status, _reason in found)
        codes = set(session.scalars(select(RewardDecision.code)))
        assert {"exclusive", "between_steps", "not_one_more", "step_not_reached"} <= codes
        somebody_bought_with_the_coupon_code_and_one_friend_was_moved_with_a_reason(session)
    for name in ("ledger", "audit", "rollups"):
        assert run(app, name, "verify").exit_code == 0


def test_the_hour_of_the_day_only_cuts_the_last_day_short(app, second_app):
    noon, evening = (datetime(2026, 11, 22, hour, tzinfo=UTC) for hour in (12, 20))
    for one, until in ((app, noon), (second_app, evening)):
        with one.app_context(), write_transaction() as session:
            tell_story(session, factories.program(session), days=3, seed=7, until=until)
    at_noon, in_the_evening = figures(app)["days"], figures(second_app)["days"]
    assert at_noon[:-1] == in_the_evening[:-1]
    assert [day for day, *_ in at_noon] == [date(2026, 11, 20), date(2026, 11, 21), date(2026, 11, 22)]
    assert at_noon[-1][1] < in_the_evening[-1][1]


@after_the_story
def test_another_seed_tells_another_story(app, second_app):
    run(second_app, *SEED, "--seed", "2")
    assert figures(app) != figures(second_app)


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_the_story_has_cases_to_decide_of_several_kinds_and_some_that_were_decided(app):
    with app.app_context(), write_transaction() as session:
        suspect(session)
        program = factories.program(session)
        tell_story(session, program, days=28, seed=1, until=datetime(2026, 11, 22, 21, tzinfo=UTC))
        of_people = [one for one in open_cases(session, program.id) if one.key.category != "orders"]
        found = set(session.scalars(select(ScreeningFinding.signal)))
        decided = session.scalars(select(Screening.verdict).where(Screening.decided_by.is_not(None))).all()
    assert {("person", 1), ("person", 3), ("traffic", 3)} <= {(one.key.category, one.friends) for one in of_people}
    assert {"shared_network", "similar_mail", "disposable_mail", "velocity", "same_person"} <= found
    assert {"clear", "deny"} <= set(decided)


def test_the_story_is_as_long_as_it_says_and_ends_with_the_day_it_was_given(app):
    said = run(app, *SEED).stdout
    with app.app_context():
        session = db.session()
        people, clicks, referrals, refunds = (
            session.scalar(select(func.count()).select_from(table)) for table in (User, Click, Referral, Refund)
        )
        purchases = session.scalar(select(func.count()).where(Conversion.type == "purchase"))
        first, last = session.execute(select(func.min(Click.clicked_at), func.max(Click.clicked_at))).one()
        assert said == (
            f"{people} people, {clicks} clicks, {referrals} referrals, {purchases} purchases and {refunds} refunds"
            " in 4 days.\n"
        )
        assert purchases > 0
        assert clicks > 200
        assert referrals > 0
        assert datetime(2026, 11, 19, tzinfo=UTC) < first < last < datetime(2026, 11, 23, tzinfo=UTC)
        assert session.scalar(select(func.max(ProgramDay.day))) == date(2026, 11, 22)
        assert not has_people(session, outside=DEMO_DOMAINS)
        roles = dict(session.execute(select(User.email, User.role)).all())
        assert {person.email: person.role for person in PEOPLE}.items() <= roles.items()


def test_a_database_with_real_people_is_left_alone(app):
    with app.app_context(), write_transaction() as session:
        factories.person(session, email="bob@example.org")
    result = run(app, *SEED)
    assert result.exit_code == 1
    assert "This database has real people in it" in result.stderr
    with app.app_context():
        assert db.session.scalars(select(User.email)).all() == ["bob@example.org"]
        assert db.session.scalars(select(Click)).all() == []


@after_the_story
def test_demo_data_is_not_told_twice(app):
    before = figures(app)
    result = run(app, *SEED)
    assert result.exit_code == 1
    assert "has demo data already" in result.stderr
    assert figures(app) == before


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--days", "0"], "0 is not in the range"),
        (["--days", "401"], "401 is not in the range"),
        (["--until", "yesterday"], "must be a day, as in 2026-11-22"),
        (["--until", "0001-01-01"], "must be a day from 2001-01-01 to 2999-12-31"),
        (["--until", "9999-12-31"], "must be a day from 2001-01-01 to 2999-12-31"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(app, arguments, sentence):
    result = run(app, "demo", "seed", *arguments)
    assert result.exit_code == 2
    assert sentence in " ".join(result.stderr.split())
    with app.app_context():
        assert db.session.scalars(select(User)).all() == []


@after_the_story
def test_the_demo_people_get_the_password_that_was_asked_for_and_are_printed(app, served, monkeypatch):
    monkeypatch.setenv("DEMO_PASSWORD", "a password for all")
    result = run(app, "demo", "run", "--port", "8123")
    assert result.exit_code == 0, result.output
    assert "http://127.0.0.1:8123/login" in result.stdout
    assert "password: a password for all" in result.stdout
    for person in PEOPLE:
        assert re.search(rf"{person.role}\s+{person.email}", result.stdout)
    with app.app_context():
        for user in db.session.scalars(select(User)):
            demo_person = user.email in {person.email for person in PEOPLE}
            assert verify_password(user.password_hash, "a password for all") == demo_person
    assert served == [{"host": "127.0.0.1", "port": 8123, "workers": 1, "with_jobs": True}]


@after_the_story
def test_without_one_a_random_password_is_made_and_kept_for_its_owner_alone(app, served, tmp_path):
    first, second = run(app, "demo", "run"), run(app, "demo", "run")
    (password,) = re.findall(r"password: (\S+)", first.stdout)
    assert len(password) >= 12
    assert first.stdout == second.stdout
    assert stat.S_IMODE((tmp_path / "instance" / "demo-password").stat().st_mode) == 0o600
    with app.app_context():
        ada = db.session.scalars(select(User).where(User.email == PEOPLE[0].email)).one()
        assert verify_password(ada.password_hash, password)


@after_the_story
def test_a_demo_password_that_is_too_short_stops_the_start(app, served, monkeypatch):
    monkeypatch.setenv("DEMO_PASSWORD", "short")
    result = run(app, "demo", "run")
    assert result.exit_code == 1
    assert "DEMO_PASSWORD must have 8 to 256 characters." in result.stderr
    assert served == []


def test_real_people_keep_their_passwords_and_none_is_printed(app, served):
    with app.app_context(), write_transaction() as session:
        factories.person(session, email="bob@example.org", password="a good long sentence")
    result = run(app, "demo", "run")
    assert result.exit_code == 0, result.output
    assert "password" not in result.stdout
    assert len(served) == 1
    with app.app_context():
        bob = db.session.scalars(select(User)).one()
        assert verify_password(bob.password_hash, "a good long sentence")
