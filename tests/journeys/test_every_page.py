"""Every page of the route list, on a phone and on a desk.

Light or dark, English or German, empty or full: `make test` takes the looks in
turns, so that each page is seen once at each width, and lets axe judge every
other one on a phone and the others on a desk; with GRAPEVINE_EVERY_LOOK=1
(`make soak`) every page is seen and judged in all of them.
"""

import itertools
import os
import re
import secrets
from datetime import timedelta
from uuid import uuid4

import pytest
from axe_playwright_python.sync_playwright import Axe
from sqlalchemy import select

from tests import factories, money, rollup_rows
from tests.factories import PASSWORD
from tests.services.test_signups import join
from tests.suspicion import suspect
from tests.views.test_routes import routes_of
from webapp.clock import utc_now
from webapp.database import write_transaction
from webapp.domain.mail_kinds import UNSENT
from webapp.domain.quotes import Quote
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
from webapp.services.signups import CameBy

pytestmark = pytest.mark.browser
on_sqlite = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)

ANALYTICS = (
    *(
        "/analytics?from=2026-02-30&to=2026-02-01",
        "/analytics?link={link}",
        "/analytics/funnel?days=7",
        "/analytics/cohorts",
    ),
    *("/analytics/referrers?sort=signups", "/analytics/links", "/analytics/rewards"),
)
# Who looks at what. Refusals are pages too.
PAGES = {
    None: (
        *("/login", "/signup", "/signup?ref={code}", "/r/NOSUCHCODE", "/nowhere", "/signup wrong", "/login wrong"),
        *("/api/docs", "/privacy", "/sign-in/{token}", "/mail/off/{kind}/{off}"),
        *("/invitation/{invitation} wrong", "/invitation/{token}"),
        *(
            "/forgot wrong",
            "/forgot/sent",
            "/reset/{reset} wrong",
            "/reset/{token}",
            "/verify/{verify}",
            "/verify/{token}",
        ),
    ),
    "referrer": (
        *("/dashboard", "/dashboard?days=7", "/dashboard/referrals", "/dashboard/referrals?show=waiting"),
        *("/dashboard/rewards", "/dashboard/rewards?status=paid", "/dashboard/rewards/{reward}"),
        *("/dashboard/rewards/{rejected} wrong", "/dashboard/rewards/{appealed}"),
        *(
            "/dashboard/rewards/statement/{month}",
            "/dashboard/links",
            "/dashboard/links/new",
            "/dashboard/links/{link}/edit",
        ),
        *("/settings/profile", "/settings/mail", "/admin"),
        *("/settings/privacy wrong", "/settings/privacy/erasure wrong"),
        *("/settings/second-factor wrong", "/settings/sessions"),
        *("/settings/sign-in", "/settings/sign-in/password wrong", "/settings/sign-in/email wrong"),
    ),
    "marketer": (
        *("/analytics", *ANALYTICS, "/dashboard", "/settings/profile"),
        *("/settings/second-factor", "/settings/sessions"),
    ),
    "admin": (
        *("/admin", "/analytics", "/dashboard"),
        *("/admin/users", "/admin/users/new wrong", "/admin/users/{user}", "/admin/users/{user}/role"),
        *("/admin/users/{user}/statements/{month}", "/admin/users/{user}/mails"),
        *("/settings/mail", "/dev/mails", "/dev/mails/{kind}"),
        "/admin/users/{invited}",
        *("/admin/users/{user}/privacy/export", "/admin/users/{user}/privacy/erasure wrong"),
        *("/admin/keys", "/admin/keys/new", "/admin/keys/new wrong", "/admin/keys/{key}/revocation"),
        *(
            "/admin/audit?check=1",
            "/admin/settings",
            "/admin/settings/quotes wrong",
            "/admin/integration",
            "/admin/integration wrong",
        ),
        *("/admin/rules", "/admin/rules/new", "/admin/rules/new?kind=fixed_amount wrong", "/admin/rules/{rule}"),
        *("/admin/rules?as_of=2030-01-01", "/admin/rules/{rule}/versions/{number}", "/admin/rules/{rule}/comparison"),
        *("/admin/rules/{rule}/edit", "/admin/rules/{rule}/review?version=1", "/admin/rules/{rule}/{act} wrong"),
        *("/admin/rules/new?kind=tiered_percent wrong", "/admin/rules/new?kind=milestone"),
        *(f"/admin/rules/new?kind={kind}" for kind in ("first_purchase", "recurring", "staggered")),
        "/admin/rules/lab",
        *("/admin/referrals", "/admin/referrals?method=nobody", "/admin/referrals/{referral}"),
        *("/admin/referrals/{referral}/credit wrong", "/admin/referrals/{referral}/removal wrong"),
        *("/admin/conversions", "/admin/conversions/{conversion}"),
        *("/admin/rewards", "/admin/rewards?status=held", "/admin/rewards/{reward}", "/admin/rewards/{reward}/as-seen"),
        *("/admin/ledger", "/admin/ledger?person={user}&as_of=2030-01-01", "/admin/ledger?q=a"),
        "/admin/ledger?account=pending&currency=USD",
        *("/admin/rewards/{reward}/fulfilment", "/admin/coupon-pools", "/admin/coupon-pools/new wrong"),
        *("/admin/coupon-pools/{pool} wrong",),
        *("/admin/fraud/settings", "/admin/fraud/lists wrong", "/admin/fraud/lists/{entry}/removal"),
        *("/admin/rewards/decision", "/admin/rewards/decision?choice=reject&reward={pending} wrong"),
        *("/admin/fraud", "/admin/fraud/{user}/orders", "/admin/fraud/{user}/{doubt}"),
        "/admin/fraud/decision?choice=reject&case={user}:person wrong",
        *("/admin/users/{user}/ban wrong", "/admin/users/{banned}/ban/end"),
        *("/admin/rewards/{owing}/write-off wrong", "/admin/rewards/{appealed}"),
        "/admin/rewards/decision?choice=release&reward={appealed} wrong",
    ),
}
# These answer machines, or send people on.
FILES = {
    f"/analytics/{name}.csv" for name in ("days", "funnel", "cohorts", "referrers", "links", "campaigns", "rewards")
}
NOT_PAGES = {
    *FILES,
    *(
        "/",
        "/healthz",
        "/readyz",
        "/metrics",
        "/r/<code>",
        "/api/v1/openapi.json",
        "/.well-known/security.txt",
        "/admin/audit/entries.csv",
    ),
    *("/admin/ledger/entries.csv", "/dashboard/rewards/statement/<month>.csv"),
    *("/admin/users/<uuid:user_id>/statements/<month>.csv", "/dev/mails/<template>/page"),
    "/dashboard/links/<uuid:link_id>/qr.<any(svg,png):kind>",
    # In the middle of something that test_second_factor does, and nowhere else.
    "/login/code",
    *(f"/settings/second-factor/{page}" for page in ("new", "recovery-codes", "move", "end")),
}

AXE = Axe()
# Without loading the style sheets once more, which only rules about turning a phone ask for; they are not in force.
ALL_OF_IT = {"resultTypes": ["violations"], "preload": False}
EVERY_LOOK = os.environ.get("GRAPEVINE_EVERY_LOOK") == "1"
# Dark, and German; the one after the next is the opposite.
LOOKS = ((False, False), (True, False), (True, True), (False, True))
# A phone is where things do not fit, so it sees full pages; a desk sees some empty.
HOUSES = [
    pytest.param(width, full, id=f"{width}-{'full' if full else 'empty'}")
    for width, full in ((360, True), (1280, True), (1280, False), *([(360, False)] if EVERY_LOOK else []))
]


def looks_of(number, width, full):
    """Return the looks in which the page of this number is opened in a house."""
    if EVERY_LOOK:
        return LOOKS
    if width == 1280 and full == (number % 3 == 2):
        return []
    turn = number if width == 360 else number + 2
    return [LOOKS[turn % len(LOOKS)]]


def is_judged(number, width):
    """Say whether axe, which takes longer than all else together, looks at the page of this number: once at each."""
    return EVERY_LOOK or (width == 360) == (number % 2 == 0)


def test_every_page_is_opened_once_at_each_width_and_takes_its_turn_in_every_look():
    if EVERY_LOOK:
        return
    opened = [[look for full in (True, False) for look in looks_of(number, 1280, full)] for number in range(24)]
    assert all(len(looks) == 1 for looks in opened)
    assert {look for looks in opened for look in looks} == set(LOOKS)
    assert {look for number in range(24) for look in looks_of(number, 1280, False)} == set(LOOKS)


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
        named |= {"kind": "friends_joined", "off": off}
        named |= {"user": people["referrer"].id, "key": key_ids[0], "pool": pool.id}
        named |= {"entry": entry_id, "banned": banned, "doubt": "person"}
        link_id, token = draw_link(INVITATION)
        about = {"name": "Noor Haddad", "email": "noor@example.com", "role": "admin", "link_id": link_id}
        of = factories.program(session)
        named["invited"] = invite(session, of, **about, token=token, choose=secrets.choice, by=by, now=now).id
        named["invitation"] = token
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


@on_sqlite
def test_the_list_names_every_page(app):
    listed = {re.sub("{.*?}", "…", page.split("?")[0].split(" ")[0]) for pages in PAGES.values() for page in pages}
    rules = {route.removeprefix("GET ") for route in routes_of(app) if route.startswith("GET ")}
    rules = {re.sub("<.*?>", "…", rule) for rule in rules - NOT_PAGES if not rule.startswith("/api/v1/")}
    assert rules <= listed


@on_sqlite
@pytest.mark.parametrize(("width", "full"), HOUSES)
def test_every_page_is_accessible_fits_and_breaks_no_policy(site, open_browser, width, full):
    named = fill(site.app, full=full)
    numbers = itertools.count()
    for person, pages in PAGES.items():
        browsers = {}
        for address, number in zip(pages, numbers, strict=False):
            if person is None and not full:
                # What strangers see holds nothing of what happened.
                continue
            for dark, german in looks_of(number, width, full):
                if german not in browsers:
                    browsers[german] = open_browser(width=width, language="de-DE" if german else "en-GB")
                    if person:
                        sign_in(browsers[german].page, person)
                look_at(browsers[german], address, named, dark=dark, german=german, judged=is_judged(number, width))


def sign_in(page, person):
    page.goto("/login")
    page.locator("#email").fill(f"{person}@example.com")
    page.locator("#password").fill(PASSWORD)
    page.locator("main button[type=submit]").click()
    page.wait_for_url(lambda url: "/login" not in url)


def look_at(watched, address, named, *, dark, german, judged):
    """Open a page in one look and let nothing pass."""
    page, called = watched.page, f"{address}{' dark' if dark else ''}{' German' if german else ''}"
    path, _space, wrong = address.format(**named).partition(" ")
    page.emulate_media(color_scheme="dark" if dark else "light", reduced_motion="reduce")
    page.goto(path)
    button = page.locator("main form[method=post] button.btn-primary")
    # On the first day some of these are not there yet.
    if wrong and button.count():
        button.click()
        page.wait_for_load_state()
    for summary in page.locator("main summary:visible").all():
        summary.click()
    if judged:
        found = AXE.run(page, options=ALL_OF_IT).response["violations"]
        assert found == [], f"{called}: {[(v['id'], v['nodes'][0]['html']) for v in found]}"
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, f"{called} scrolls sideways by {wide} px"
    assert page.locator("html").get_attribute("data-bs-theme") == ("dark" if dark else "light")
    assert page.locator("html").get_attribute("lang") == ("de-DE" if german else "en-GB")
    assert page.locator("h1").count() == 1, called
    watched.quiet()
