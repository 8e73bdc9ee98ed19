"""A house with everybody in it, empty or full, and the names of what its pages are about."""

import secrets
from datetime import timedelta
from uuid import uuid4

from sqlalchemy import select

from tests import factories, money, rollup_rows
from tests.factories import PASSWORD
from tests.services.test_signups import join
from tests.suspicion import suspect
from webapp.clock import utc_now
from webapp.database import write_transaction
from webapp.domain.mail_kinds import UNSENT
from webapp.domain.quotes import Quote
from webapp.domain.recovery_codes import draw_codes
from webapp.domain.reward_decisions import CHOICES
from webapp.domain.screening_lists import read_entry
from webapp.ids import new_id
from webapp.mailed_links import draw_link
from webapp.models import ApiKey, OutboxMail, Referral, Reward
from webapp.muting import muting_url
from webapp.queries.rewards import list_rewards
from webapp.queries.rules import find_rule_id
from webapp.services.appeals import appeal
from webapp.services.bans import ban
from webapp.services.coupon_codes import add_coupon, retire_coupon
from webapp.services.coupon_pools import add_codes, add_pool
from webapp.services.invitations import INVITATION, invite
from webapp.services.keys import create_key, revoke_key
from webapp.services.mailed_links import mail_link
from webapp.services.quotes import add_quote
from webapp.services.reward_decisions import decide_rewards
from webapp.services.roles import change_role
from webapp.services.screening_lists import add_entry
from webapp.services.second_factor import turn_on
from webapp.services.signups import CameBy


def fill(app, *, full):
    """Make the people, and a full house if wanted. Returns what the addresses of PAGES name."""
    now = utc_now()
    with app.app_context(), write_transaction() as session:
        people = {
            role: factories.person(
                session, name=name, email=f"{role}@example.com", role=role, password=PASSWORD, now=now
            )
            for role, name in (("referrer", "Ada Okafor"), ("marketer", "Jo Winter"), ("admin", "Marta Voss"))
        }
        link = factories.link_of(session, people["referrer"])
        other = factories.link_of(session, people["marketer"])
        names = ("Bob Miller", "Maximiliane Wolkenstein-Trostburg", "Şükrü Öztürk", "李 小龙", "X")
        for number in range(21 if full else 0):
            visitor = uuid4()
            if number == 0:
                # A timeline with links of both, before the window and in it.
                for days, opened in ((70, link), (9, other)):
                    factories.click(session, opened, visitor_id=visitor, now=now - timedelta(days=days))
            factories.click(session, link, visitor_id=visitor, now=now)
            typed = other if number % 6 == 5 else None
            came_by = CameBy(visitor_id=visitor, typed=typed)
            friend, _referral = join(
                session, came_by, name=names[number % 5], email=f"friend{number}@example.org", now=now
            )
            if number < BUYERS:
                buy_and_send_back(session, friend, number, now)
        if full:
            suspect(session, "disposable_mail")
            join(session, CameBy(typed=link), name="Quinn Day", email="quinn@mailinator.com", now=now)
            rollup_rows.a_fortnight_ago(session)
            add_quote(
                session,
                factories.program(session).id,
                Quote("EUR", "USD", "1.0842", now),
                by=people["admin"].id,
                now=now,
            )
        rewards = list_rewards(session, factories.program(session).id, beneficiary_id=people["referrer"].id)[0]
        # Decided against, and one of them answered.
        decided = [one.id for one in rewards if one.status == "pending"][-2:]
        for reward_id in decided:
            seen = dict(session.execute(select(Reward.id, Reward.sequence).where(Reward.id == reward_id)).all())
            by_admin = {"reason": "terms", "by": people["admin"].id, "now": now}
            decide_rewards(session, factories.program(session).id, CHOICES["reject"], seen, **by_admin)
            now += timedelta(microseconds=1)
        if decided:
            words = "He ordered for his office.\nI live elsewhere."
            appeal(session, factories.program(session).id, people["referrer"].id, decided[-1], words, now)
        key_ids = [
            create_key(session, factories.program(session), name=name, scope="write", secret=name, now=now).id
            for name in (("shop checkout", "till", "old") if full else ("shop",))
        ]
        if full:
            admin_id = people["admin"].id
            for code in ("ADA-10", "Autumn-25"):
                coupon = add_coupon(session, link, code, by=admin_id, now=now)
            retire_coupon(session, coupon, by=admin_id, now=now)
            revoke_key(session, session.get_one(ApiKey, key_ids.pop()), by=admin_id, now=now)
            change_role(session, people["marketer"], "referrer", by=admin_id, now=now)
            change_role(session, people["marketer"], "marketer", by=admin_id, now=now)
        by, about = people["admin"].id, {"key": "autumn", "name": "10% off in autumn", "low_at": 20}
        pool = add_pool(session, factories.program(session).id, **about, by=by, now=now)
        if full:
            add_codes(session, pool, ["A-1", "A-2"], by=by, now=now)
        about_mail = read_entry("block", "email", f"*@{'very-' * 9}long.example.org")
        entry_id = add_entry(session, factories.program(session).id, about_mail, note="Autumn fair", by=by, now=now)
        banned = people["marketer"].id
        if full:
            ban(session, factories.program(session).id, banned, reason="terms", by=by, now=now)
        if full:
            people["referrer"].email_verified_at = None
        named = {"reset": mailed(session, people["marketer"], "reset_password", now)}
        named |= {"verify": mailed(session, people["referrer"], "verify_email", now)}
        if full:
            mail_of_every_state(session, people["referrer"], now)
        off = muting_url(people["referrer"], "friends_joined").rpartition("/")[2]
        named |= {"mail_kind": "friends_joined", "off": off}
        named |= {"user": people["referrer"].id, "key": key_ids[0], "pool": pool.id}
        named |= {"entry": entry_id, "banned": banned, "doubt": "person"}
        link_id, token = draw_link(INVITATION)
        about = {"name": "Noor Haddad", "email": "noor@example.com", "role": "admin", "link_id": link_id}
        of = factories.program(session)
        named["invited"] = invite(session, of, **about, token=token, choose=secrets.choice, by=by, now=now).id
        named["invitation"] = token
        secured = factories.person(session, name="Zora Field", email="zora@example.com", now=now)
        turn_on(session, secured, seed=b"seed", step=1, codes=draw_codes(secrets.choice), now=now)
        named["secured"] = secured.id
        # Where nothing was earned there is a page that says so.
        reward_id = rewards[-1].id if rewards else new_id()
        return named | {
            "rule": rule_with_a_past(session, now) if full else new_id(),
            "act": "pause",
            "number": 1,
            "code": link.code,
            "link": link.id,
            "token": "used",
            "reward": reward_id,
            "conversion": rewards[-1].conversion_id if rewards else new_id(),
            "pending": next((one.id for one in rewards if one.status == "pending"), new_id()),
            "rejected": decided[0] if decided else reward_id,
            "appealed": decided[-1] if decided else reward_id,
            "owing": next((one.id for one in rewards if one.owed_minor > 0), reward_id),
            "referral": session.scalar(select(Referral.id).limit(1)) or new_id(),
            "month": f"{now:%Y-%m}",
        }


def mailed(session, user, purpose, now):
    """Returns the token of a link that was mailed to somebody."""
    link_id, token = draw_link(purpose)
    mail_link(session, user, purpose, link_id=link_id, token=token, now=now)
    return token


def mail_of_every_state(session, user, now):
    """More mails than one page lists."""
    for number in range(25):
        mail = {"user_id": user.id, "template": ("friends_joined", "verify_email")[number % 2], "due_at": now}
        mail |= {"dedupe_key": str(number), "created_at": now, "tries": number % 3}
        because = (None, *UNSENT)[number % 5]
        if number % 3:
            mail |= {"ended_at": now, "unsent_because": because, "sent_at": None if because else now}
        session.add(OutboxMail(**mail))


def rule_with_a_past(session, now):
    """A rule of which nearly everything was changed once. Nobody earns by it."""
    money.publish(session, now=now, key="with-a-past", trigger="never")
    money.publish(
        session,
        now=now,
        key="with-a-past",
        name="Eine Vergütung mit einem Namen von Donaudampfschifffahrtsgesellschaftslänge",
        trigger="never",
        beneficiary="friend",
        hold_days=0,
        starts_at=now,
        when={
            "all": [
                {"field": "amount", "op": ">=", "value": 2000, "currency": "USD"},
                {"field": "metadata.plan", "op": "in", "value": ["pro", "team"]},
            ],
            "any": [{"field": "nth_purchase", "op": "=", "value": 1}],
        },
        limits={"program": {"amount": 500_000_000, "currency": "USD", "period": "lifetime"}},
    )
    return find_rule_id(session, factories.program(session).id, "with-a-past")


def buy_and_send_back(session, friend, number, now):
    """Orders in several currencies, some of them checked, paid, sent back in part or whole, or without a reward."""
    if number == 0:
        money.publish(session, now=now, settings={"percent": "20", "first_purchases": 2})
        money.publish(session, now=now, key="joined", trigger="signup", **KIND_OF_TEN_DOLLARS)
    bought = money.buy(session, friend, f"{99 + number} USD", event_id=f"evt_{number}_usd", at=now)
    for seconds, currency in ((1, "JPY"), (2, "KWD")):
        later = now + timedelta(seconds=seconds)
        money.buy(session, friend, f"{99 + number} {currency}", event_id=f"evt_{number}_{currency}", at=later)
    if number % 4 == 1:
        money.refund(
            session, "10 USD" if number % 8 == 1 else None, of=f"evt_{number}_usd", event_id=f"ref_{number}", at=now
        )
    elif bought.rewards:
        money.send(session, bought.rewards[0].id, *STATES[number % len(STATES)], now=now)
        if STATES[number % len(STATES)][-1] == "paid":
            money.dispute(session, "30 USD", of=f"evt_{number}_usd", event_id=f"dsp_{number}", at=now)


# As many as it takes to see every state twice over.
BUYERS = 10
KIND_OF_TEN_DOLLARS = {name: money.TEN_DOLLARS[name] for name in ("kind", "settings")}
STATES = (("held",), ("approved",), ("held", "rejected"), ("approved", "in_payout"), ("approved", "in_payout", "paid"))
