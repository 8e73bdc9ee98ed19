"""Whoever is erased leaves no trace in the database, its files, the log or the outbox; the books are proven."""

import secrets
from hashlib import sha256
from uuid import uuid4

import pytest
from sqlalchemy import JSON, LargeBinary, Text, event, select

from tests import factories
from tests.erasures import (
    DISPUTE,
    EMAIL,
    EXTERNAL_ID,
    MARK,
    NAME,
    OUTCOME,
    PURCHASE,
    REFUND,
    SIGNUP,
    Business,
    Story,
    everything_kept,
    marked_columns,
)
from tests.factories import NOON
from tests.money import DAY, buy
from tests.threads import at_once
from webapp.database import write_transaction, writing_engine
from webapp.domain.mailbox import address_key, mailbox_key
from webapp.domain.seals import is_sealed
from webapp.extensions import db
from webapp.models import (
    AuditEntry,
    CampaignDay,
    Click,
    Conversion,
    Link,
    Model,
    Reward,
    RewardEvent,
    RewardNote,
    User,
)
from webapp.models.base import Id
from webapp.models.personal import PERSONAL
from webapp.queries import audit, ledger, rollups
from webapp.services.clicks import Visit
from webapp.services.erasure import (
    LastAdminLeavesError,
    MoneyOpenError,
    PayoutUnderwayError,
    erase_person,
)
from webapp.services.links import CodeTakenError, open_link
from webapp.services.reward_steps import SYSTEM
from webapp.services.rewards import change_status
from webapp.services.signups import CameBy
from webapp.signing import sealer

ONLY_SQLITE = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
LATER = NOON + 5 * DAY


# Random, hashes, octets, and words of ours.
UNMARKED = {
    ("api_answers", "content_hash"),
    ("attribution_decisions", "visitor_id"),
    ("attribution_touches", "click_id"),
    ("campaign_days", "utm_medium"),
    *(("clicks", name) for name in ("address_hash", "browser", "country", "device", "network_hash")),
    *(("clicks", name) for name in ("utm_medium", "visitor_id")),
    *(("mailed_links", name) for name in ("purpose", "token_hash")),
    ("outbox_mails", "template"),
    ("qualified_friends", "tie"),
    *(("referrals", name) for name in ("utm_campaign", "utm_medium")),
    ("sealed_codes", "seal"),
    ("second_factors", "seed"),
    *(("sightings", name) for name in ("address_hash", "network_hash", "visitor_id")),
    ("sign_in_links", "token_hash"),
    *(("user_sessions", name) for name in ("device", "token_hash")),
    *(("users", name) for name in ("language", "muted_mails", "password_hash")),
}


@pytest.fixture
def story(app, client, time_machine):
    time_machine.move_to(NOON, tick=False)
    return Story(app, client)


def erase(story, *, gives_up=True, by=None, reason="asked", of=None):
    with story.app.app_context(), write_transaction() as session:
        person = session.get_one(User, of or story.id)
        how = {"by": by, "reason": reason, "gives_up": gives_up, "now": LATER}
        return erase_person(session, person, sealer=sealer(), choose=secrets.choice, **how)


def breaches(app):
    with app.app_context():
        session = db.session()
        return [*ledger.breaches(session), *audit.breaches(session), *rollups.breaches(session)]


def lines_with(mark, kept):
    kept = kept.replace("\x00", " ")
    places = [place for place in range(len(kept)) if kept.startswith(mark, place)]
    return [kept[max(0, place - 60) : place + 60] for place in places[:10]]


def test_nothing_of_the_person_is_left_and_the_books_are_proven(story, app, client, database_url, capfd):
    with app.app_context():
        left_a_mark = marked_columns()
        assert MARK in everything_kept(database_url).lower()
    # What is random, or a hash, or has no words, cannot hold a mark.
    assert {
        (table, column)
        for table, columns in PERSONAL.items()
        for column, fate in columns.items()
        if fate not in ("ours", "business") and (table, column) not in left_a_mark
    } == UNMARKED
    assert breaches(app) == []
    capfd.readouterr()
    assert erase(story).rewards > 0
    with app.app_context():
        kept = everything_kept(database_url).lower()
    assert lines_with(MARK, kept) == []
    hidden = (EMAIL, address_key(EMAIL), mailbox_key(EMAIL), EXTERNAL_ID, NAME, PURCHASE["order_id"], "ZQXJV-2026")
    for text in hidden:
        for said in (text, text.lower(), text.upper()):
            digest = sha256(said.encode())
            assert digest.hexdigest() not in kept
            assert digest.digest().decode("latin-1").lower() not in kept
    assert breaches(app) == []
    out, err = capfd.readouterr()
    assert MARK not in (out + err).lower()


@ONLY_SQLITE
def test_what_nobody_paid_is_rejected_and_nothing_is_earned_any_more(story, app):
    visitor = uuid4()
    with app.app_context(), write_transaction() as session:
        factories.click(session, factories.link_of(session, session.get_one(User, story.id)), visitor_id=visitor)
    erase(story)
    with app.app_context(), write_transaction() as session:
        _gwen, referral = factories.join(session, CameBy(visitor_id=visitor), email="gwen@example.com", now=LATER)
        assert referral is None
        fred = session.get_one(User, story.fred)
        later = buy(session, fred, event_id="evt_fred_2", at=LATER, now=LATER)
    with app.app_context():
        rewards = db.session.scalars(select(Reward).where(Reward.beneficiary_id == story.id)).all()
        assert {one.status for one in rewards if one.kind == "cash"} == {"rejected"}
        mine = [one for one in rewards if one.conversion_id == later.conversion_id]
        assert mine
        reasons = select(RewardEvent.reason).where(RewardEvent.reward_id == mine[0].id)
        assert set(db.session.scalars(reasons)) == {"person_erased"}
    assert breaches(app) == []


@ONLY_SQLITE
def test_the_business_no_longer_knows_them_and_a_signup_sent_again_does_not_bring_them_back(story, app):
    erase(story)
    api = story.api
    assert api.get(f"/users/{EXTERNAL_ID}").status_code == 404
    assert api.get("/conversions/evt_zqxjv_1").status_code == 404
    again = api.post("/signups", SIGNUP)
    assert again.status_code == 200
    assert again.json["user"]["external_id"] == EXTERNAL_ID
    assert again.json["user"]["id"] == story.first_signup.json["user"]["id"]
    with app.app_context():
        assert db.session.scalar(select(User.id).where(User.external_id == EXTERNAL_ID)) is None
    event = api.post("/conversions", PURCHASE)
    assert (event.status_code, event.json) == (200, story.first_purchase.json)
    named = api.post("/conversions", {**PURCHASE, "event_id": "evt_3", "order_id": "o3", "user": {"id": str(story.id)}})
    assert [one["code"] for one in named.json["explanation"]] == ["unknown_person"]
    with app.app_context():
        assert db.session.scalars(select(Conversion.user_id).where(Conversion.event_id == "evt_3")).one() is None
    # Another signup is a new one.
    assert api.post("/signups", {**SIGNUP, "occurred_at": "2026-11-22T12:00:00+00:00"}).status_code == 201


@ONLY_SQLITE
def test_refunds_and_disputes_still_find_what_an_erased_friend_bought(story, app, database_url):
    erase(story)
    api = story.api
    again = api.post("/refunds", REFUND)
    assert (again.status_code, again.json["refund"]["id"]) == (200, story.first_refund.json["refund"]["id"])
    assert api.post("/refunds", {**REFUND, "amount": 900}).status_code == 409
    more = api.post("/refunds", {"event_id": "ref_zqxjv_2", "order_id": "order_zqxjv_1", "amount": 1500})
    assert (more.status_code, more.json["refund"]["amount"]) == (201, 1500)
    assert more.json["refund"]["event_id"] == "ref_zqxjv_2"
    dispute = api.post("/disputes", {**DISPUTE, "event_id": "dsp_zqxjv_2"})
    assert dispute.status_code == 201
    assert api.post("/disputes/dsp_zqxjv_2/outcome", {**OUTCOME, "event_id": "out_zqxjv_2"}).status_code == 201
    outcome = api.post("/disputes/dsp_zqxjv_1/outcome", OUTCOME)
    assert outcome.json["restored"] == story.first_outcome.json["restored"]
    assert breaches(app) == []
    with app.app_context():
        assert MARK not in everything_kept(database_url).lower()


@ONLY_SQLITE
def test_money_that_is_open_is_given_up_only_by_saying_so_and_none_on_its_way(story, app):
    with pytest.raises(MoneyOpenError):
        erase(story, gives_up=False)
    with app.app_context(), write_transaction() as session:
        open_ = session.scalars(
            select(Reward).where(Reward.beneficiary_id == story.id, Reward.kind == "cash", Reward.status == "held")
        ).first()
        for status in ("approved", "in_payout"):
            change_status(session, open_.id, status, reason="checked", actor=SYSTEM, now=NOON)
    with pytest.raises(PayoutUnderwayError):
        erase(story)
    with app.app_context():
        assert db.session.get_one(User, story.id).name == NAME


@ONLY_SQLITE
def test_the_audit_log_keeps_that_it_was_done_and_doing_it_twice_does_nothing(story, app):
    erase(story, by=story.id, reason="self")
    assert erase(story).rewards == 0
    with app.app_context():
        acts = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "person_erased")).all()
        (act,) = acts
        assert (act.subject_id, act.actor_id, act.details["reason"]) == (story.id, story.id, "self")


@ONLY_SQLITE
def test_the_last_admin_stays(story, app):
    with pytest.raises(LastAdminLeavesError):
        erase(story, by=story.admin, reason="self", of=story.admin)


@ONLY_SQLITE
def test_their_code_is_never_somebody_elses(story, app):
    erase(story)
    with app.app_context(), write_transaction() as session:
        rita = session.get_one(User, story.rita)
        how = {"label": None, "destination_url": None, "choose": secrets.choice, "now": LATER, "sealer": sealer()}
        for code in ("zqxjv-2026", "ZQXJVTEN"):
            with pytest.raises(CodeTakenError):
                open_link(session, factories.program(session), rita, code=code, **how)
        links = session.scalars(select(Link).where(Link.referrer_id == story.id)).all()
        assert all(link.retired_at for link in links)


def test_what_is_reported_at_the_same_time_is_nobodys_or_sealed(story, app):
    def report(number):
        def post():
            sent = {**PURCHASE, "event_id": f"evt_late_{number}", "order_id": f"order_late_{number}"}
            return Business(app, "gvk_shop").post("/conversions", sent).status_code

        return post

    done = at_once(app, [*(report(number) for number in range(2)), lambda: erase(story), report(2), report(3)])
    assert [done[0], done[1], *done[3:]] == [201] * 4
    with app.app_context():
        theirs = db.session.scalars(select(Conversion).where(Conversion.user_id == story.id)).all()
        assert [one.details for one in theirs] == [None] * len(theirs)
        assert all(is_sealed(one.event_id) for one in theirs if one.event_id)
    assert breaches(app) == []


def test_every_column_that_can_hold_words_has_its_fate():
    held = {
        (table.name, column.name)
        for table in Model.metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, Text | JSON | LargeBinary) and not isinstance(column.type, Id)
    }
    said = {(table, column) for table, columns in PERSONAL.items() for column in columns}
    assert held - said == set(), "say in models.personal what becomes of it, and see to it in services.erasure"
    assert {table for table, _column in said} <= set(Model.metadata.tables)


@ONLY_SQLITE
@pytest.mark.parametrize("called", ["order", "Zoe Ordell"])
def test_whoever_calls_themselves_like_a_word_takes_nothing_of_others_notes_with_them(story, app, called):
    written = "The order of zoe ordell was sent twice, see order 7"
    with app.app_context(), write_transaction() as session:
        vandal = factories.person(session, name=called)
        vandal_id, note = vandal.id, session.scalars(select(RewardNote)).first()
        key, note.text = (note.reward_id, note.sequence), written
        label = factories.link_of(session, session.get_one(User, story.rita))
        label.label, label_id = "My orders", label.id
    erase(story, of=vandal_id, by=vandal_id, reason="self")
    with app.app_context():
        instead = written if called == "order" else "The order of Someone who left was sent twice, see order 7"
        assert db.session.get_one(RewardNote, key).text == instead
        assert db.session.get_one(Link, label_id).label == "My orders"


@ONLY_SQLITE
def test_thousands_of_campaigns_of_ones_own_are_forgotten_in_a_few_steps(story, app):
    """Whoever opens their own link with ever other names would else hold up everybody by leaving."""
    with app.app_context(), write_transaction() as session:
        vandal = factories.person(session, name="Zoe Ordell")
        vandal_id, link = vandal.id, factories.link_of(session, vandal)
        for number in range(30):
            visit = Visit(utm_source=f"mine {number}", utm_campaign="everybody" if number % 2 else None)
            factories.click(session, link, visitor_id=uuid4(), visit=visit)
        others = factories.link_of(session, session.get_one(User, story.rita))
        factories.click(session, others, visitor_id=uuid4(), visit=Visit(utm_source="mine 0"))
    asked = []

    def note(_connection, _cursor, statement, *_rest):
        asked.append(statement)

    with app.app_context():
        event.listen(writing_engine(), "before_cursor_execute", note)
        erase(story, of=vandal_id)
        event.remove(writing_engine(), "before_cursor_execute", note)
        assert len([one for one in asked if "campaign_days" in one or "utm_source" in one]) < 10
        told = db.session.execute(select(CampaignDay.utm_source).where(CampaignDay.utm_source.startswith("mine")))
        assert told.scalars().all() == ["mine 0"]
        clicked = db.session.scalars(select(Click.utm_source).where(Click.utm_source.startswith("mine")))
        assert clicked.all() == ["mine 0", "mine 0"]
    assert breaches(app) == []
