"""Somebody who left a mark in everything that is kept, and all that a database and its files hold, as one text."""

import secrets
import sqlite3
from pathlib import Path
from uuid import uuid4

from sqlalchemy import LargeBinary, text, update

from tests import factories, money
from tests.factories import NOON, csrf_token, join, link_of, program
from tests.money import DAY, TEN_DOLLARS
from tests.suspicion import suspect
from webapp.database import write_down, write_transaction
from webapp.domain.reward_decisions import CHOICES
from webapp.domain.screening_lists import read_entry
from webapp.extensions import db
from webapp.ids import new_id
from webapp.models import (
    Appeal,
    FormerMailbox,
    Link,
    Model,
    OutboxMail,
    PasswordRequest,
    Program,
    RecoveryCode,
    Reward,
    SecondFactor,
    Sighting,
    User,
)
from webapp.services.appeals import appeal
from webapp.services.clicks import Visit
from webapp.services.coupon_codes import add_coupon
from webapp.services.keys import create_key
from webapp.services.links import open_link
from webapp.services.mailed_links import mail_link
from webapp.services.outbox import queue_mail
from webapp.services.people import change_profile
from webapp.services.referral_changes import Wanted, change_referral
from webapp.services.reward_decisions import decide_rewards
from webapp.services.screening_lists import add_entry
from webapp.services.sessions import start_session
from webapp.services.sightings import Seen
from webapp.services.signups import CameBy

MARK = "zqxjv"
NAME, EMAIL, EXTERNAL_ID = "Zqxjvander Zqxjvson", "Zqxjv.Mail+tag@zqxjv-home.example", "cus_zqxjv_1"
PASSWORD = "zqxjv is a good long sentence"
SIGNUP = {"external_id": EXTERNAL_ID, "email": EMAIL, "name": NAME}
PURCHASE = {
    "event_id": "evt_zqxjv_1",
    "type": "purchase",
    "user": {"external_id": EXTERNAL_ID},
    "amount": 5000,
    "currency": "USD",
    "order_id": "order_zqxjv_1",
    "metadata": {"gift_for": "Aunt Zqxjv"},
}
REFUND = {"event_id": "ref_zqxjv_1", "order_id": "order_zqxjv_1", "amount": 1000}
DISPUTE = {"event_id": "dsp_zqxjv_1", "conversion_event_id": "evt_zqxjv_2", "amount": 500}
OUTCOME = {"event_id": "out_zqxjv_1", "outcome": "won"}


class Business:
    """Calls the API with a key; what the answers are like is tested elsewhere."""

    def __init__(self, app, secret):
        self.client, self.headers = app.test_client(), {"Authorization": f"Bearer {secret}"}

    def get(self, path):
        return self.client.get(f"/api/v1{path}", headers=self.headers)

    def post(self, path, body=None):
        return self.client.post(f"/api/v1{path}", headers=self.headers, **({"json": body} if body else {}))


class Story:
    """The person, whoever brought them (Rita), their friend (Fred) and an admin; `api` calls as the business."""

    def __init__(self, app, client):
        self.app = app
        with app.app_context(), write_transaction() as session:
            admin = factories.person(session, name="Jo Winter", email="jo@example.com", role="admin", password=PASSWORD)
            money.publish(session)
            money.publish(session, **{**TEN_DOLLARS, "key": "credit", "reward": "credit", "hold_days": 0})
            custom = {**TEN_DOLLARS, "key": "shirt", "reward": "custom", "hold_days": 0}
            money.publish(session, **custom)
            suspect(session)
            rita = factories.person(session, name="Rita Lowe", email="rita@example.com")
            session.execute(update(Program).values(allowed_hosts="shop.example"))
            create_key(session, program(session), name="shop", scope="write", secret="gvk_shop", now=NOON)
            create_key(session, program(session), name=f"{NAME}’s laptop", scope="read", secret="gvk_two", now=NOON)
            self.admin, self.rita, rita_code = admin.id, rita.id, link_of(session, rita).code
        self.api = Business(app, "gvk_shop")
        self._sign_up(client, rita_code)
        self._act()
        self._bring_a_friend()
        self._be_written_about()

    def person(self, session):
        return session.get_one(User, self.id)

    def _sign_up(self, client, code):
        came = {"Referer": "https://zqxjv-blog.example/post"}
        client.get(f"/r/{code}?utm_source=zqxjv&utm_medium=diary&utm_campaign=zqxjv", headers=came)
        page = client.get(f"/signup?ref={code}").get_data(as_text=True)
        form = {"csrf_token": csrf_token(page), "name": NAME, "email": EMAIL, "password": PASSWORD, "ref": code}
        assert client.post("/signup", data=form).status_code == 303
        with self.app.app_context():
            self.id = db.session.query(User.id).filter(User.name == NAME).scalar()

    def _act(self):
        api = self.api
        self.first_signup = api.post("/signups", SIGNUP)
        self.first_purchase = api.post("/conversions", PURCHASE)
        api.post("/conversions", {**PURCHASE, "event_id": "evt_zqxjv_2", "order_id": "order_zqxjv_2"})
        self.first_refund = api.post("/refunds", REFUND)
        api.post("/disputes", DISPUTE)
        self.first_outcome = api.post("/disputes/dsp_zqxjv_1/outcome", OUTCOME)
        api.post(f"/users/{EXTERNAL_ID}/sign-in-link", None)
        with self.app.app_context(), write_transaction() as session:
            person, at = self.person(session), program(session)
            change_profile(session, person, name=NAME, language="en")
            vanity = {
                "label": "Zqxjv’s page",
                "destination_url": "https://zqxjv-shop.example/",
                "choose": secrets.choice,
            }
            link = open_link(session, at, person, code="ZQXJV-2026", now=NOON, **vanity)
            add_coupon(session, link, "ZQXJVTEN", by=self.admin, now=NOON)
            start_session(session, person, "token", NOON, seen=Seen(new_id(), "Zqxjv Browser", "phone"))
            queue_mail(session, person, "welcome", dedupe_key="zqxjv:welcome", email="zqxjv@new.example", now=NOON)
            change = {"link_id": new_id(), "token": "secret", "email": "zqxjv@new.example"}
            mail_link(session, person, "change_email", now=NOON, **change)
            # Whoever asks for somebody else's address is not told that it is.
            asked = {"link_id": new_id(), "token": "asked", "email": EMAIL.lower()}
            mail_link(session, session.get_one(User, self.rita), "change_email", now=NOON, **asked)
            session.add(SecondFactor(user_id=person.id, seed=b"zqxjv", created_at=NOON))
            session.add(FormerMailbox(user_id=person.id, mailbox_key="zqxjv@zqxjv.example", left_at=NOON))
            session.add(RecoveryCode(user_id=person.id, code_hash="zqxjv", created_at=NOON))
            session.add(PasswordRequest(program_id=at.id, email_key=person.email_key, requested_at=NOON))
            seen = {"seen_at": NOON, "is_signup": False, "browser": "Zqxjv", "device": "Zqxjv"}
            session.add(Sighting(user_id=person.id, address_hash=b"zqxjv", network_hash=b"zqxjv", **seen))

    def _bring_a_friend(self):
        """Fred comes by the person's link and from their blog, and buys: some is paid, some appealed, some open."""
        with self.app.app_context(), write_transaction() as session:
            at, link = program(session), session.query(Link).filter(Link.code == "ZQXJV-2026").one()
            fred, _ = join(
                session, _came_from_the_blog(session, link), name="Fred Stone", email="fred@example.org", now=NOON
            )
            self.fred = fred.id
            money.buy(session, fred, event_id="evt_fred_1", at=NOON + DAY, now=NOON + DAY)
            rewards = session.query(Reward).filter(Reward.beneficiary_id == self.id, Reward.kind == "cash").all()
            self.rewards = [one.id for one in rewards]
            seen = {one.id: one.sequence for one in rewards}
            note = f"{NAME} wrote to us"
            how = {"reason": "terms", "note": note, "by": self.admin, "now": NOON + DAY}
            decide_rewards(session, at.id, CHOICES["reject"], seen, **how)
            appeal(session, at.id, self.id, self.rewards[0], "I am Zqxjvander, and I did nothing.", NOON + 2 * DAY)
        with self.app.app_context(), write_transaction() as session:
            custom = session.query(Reward).filter(Reward.beneficiary_id == self.id, Reward.kind == "custom").one()
            self.custom = custom.id
        self.api.post(
            f"/users/{EXTERNAL_ID}/credit/redemptions", {"event_id": "spent_zqxjv", "amount": 300, "currency": "USD"}
        )
        self.api.post(f"/rewards/{self.custom}/fulfilment", {"event_id": "ful_zqxjv", "note": "Sent to Zqxjv street"})

    def _be_written_about(self):
        with self.app.app_context(), write_transaction() as session:
            at, person = program(session), self.person(session)
            for kind, value in (("email", EMAIL), ("referrer", EXTERNAL_ID)):
                add_entry(session, at.id, read_entry("block", kind, value), note=f"see {NAME}", by=self.admin, now=NOON)
            note = {"reason": "other", "by": self.admin, "note": f"{NAME} was never hers"}
            change_referral(session, at, person, Wanted("remove", None, 0, **note), now=NOON + 3 * DAY)
            link_of(session, session.get_one(User, self.rita)).label = f"For {NAME}"
            wrote = {"user_id": self.rita, "text": f"But {NAME} did buy, ask {EMAIL}!", "appealed_at": NOON + 3 * DAY}
            session.add(Appeal(program_id=at.id, **wrote))
            assert session.query(OutboxMail).count()


def _came_from_the_blog(session, link):
    visitor = uuid4()
    visit = Visit(source_host="zqxjv-blog.example", utm_source="zqxjv", utm_campaign="autumn")
    factories.click(session, link, visitor_id=visitor, visit=visit, now=NOON - DAY)
    return CameBy(visitor_id=visitor)


def marked_columns() -> set[tuple[str, str]]:
    """Return the columns that hold a mark somewhere."""
    found = set()
    for table in Model.metadata.tables.values():
        for column in table.columns:
            held = f"lower(CAST({column.name} AS text)) LIKE '%{MARK}%'"
            if isinstance(column.type, LargeBinary):
                continue
            if db.session.scalar(text(f"SELECT count(*) FROM {table.name} WHERE {held}")):
                found.add((table.name, column.name))
    db.session.rollback()
    return found


def everything_kept(url) -> str:
    """Return all that the database holds, as text: every row of every table, and on SQLite the octets of its files."""
    if url.startswith("postgresql"):
        rows = []
        for name in Model.metadata.tables:
            rows += [row[0] for row in db.session.execute(text(f"SELECT CAST(t AS text) FROM {name} AS t"))]
        db.session.rollback()
        return "\n".join(rows)
    write_down()
    path = Path(url.removeprefix("sqlite:///"))
    with sqlite3.connect(path) as connection:
        dump = "\n".join(connection.iterdump())
    files = [file.read_bytes().decode("latin-1") for file in path.parent.glob(f"{path.name}*")]
    return "\n".join((dump, *files))
