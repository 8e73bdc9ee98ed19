"""Every route for every kind of person. A route without a row fails, and so does one without an audience."""

import re

import pytest
from flask import Flask
from sqlalchemy import select

from tests import factories, money
from tests.conftest import browser
from tests.factories import PASSWORD, join, sign_in
from tests.views.api.test_scopes import API_ROUTES
from webapp.database import write_transaction
from webapp.domain.screening_lists import read_entry
from webapp.extensions import db
from webapp.ids import new_id
from webapp.models import ApiKey, CouponPool, Link, Referral, Reward, ScreeningEntry, User
from webapp.services.coupon_pools import add_pool
from webapp.services.keys import create_key
from webapp.services.screening_lists import add_entry
from webapp.services.signups import CameBy
from webapp.views import AUDIENCES

PEOPLE = ("anonymous", "referrer", "another", "marketer", "admin")

# What each of PEOPLE gets; forms are sent empty, with a good token.
TO_SIGN_IN = "302 /login"
ROUTES = {
    "GET /": ("302", "302", "302", "302", "302"),
    "GET /signup": ("200", "302", "302", "302", "302"),
    "POST /signup": ("422", "303", "303", "303", "303"),
    "GET /login": ("200", "302", "302", "302", "302"),
    "POST /login": ("422", "422", "422", "422", "422"),
    # Nobody has typed a password a moment ago.
    "GET /login/code": ("303", "303", "303", "303", "303"),
    "POST /login/code": ("303", "303", "303", "303", "303"),
    "POST /logout": ("303", "303", "303", "303", "303"),
    # Whose token was signed for nothing.
    "GET /invitation/<token>": ("410", "410", "410", "410", "410"),
    "POST /invitation/<token>": ("410", "410", "410", "410", "410"),
    "GET /r/<code>": ("302", "302", "302", "302", "302"),
    # Told by a page of no site at all.
    "POST /t/clicks": ("403", "403", "403", "403", "403"),
    "GET /forgot": ("200", "200", "200", "200", "200"),
    "POST /forgot": ("422", "422", "422", "422", "422"),
    "GET /forgot/sent": ("200", "200", "200", "200", "200"),
    # No link has this token.
    "GET /reset/<token>": ("410", "410", "410", "410", "410"),
    "POST /reset/<token>": ("410", "410", "410", "410", "410"),
    "GET /verify/<token>": ("410", "410", "410", "410", "410"),
    "POST /verify/<token>": ("410", "410", "410", "410", "410"),
    "GET /sign-in/<token>": ("410", "410", "410", "410", "410"),
    "GET /privacy": ("200", "200", "200", "200", "200"),
    # Nobody said whom to tell.
    "GET /.well-known/security.txt": ("404", "404", "404", "404", "404"),
    "GET /api/docs": ("200", "200", "200", "200", "200"),
    "GET /api/v1/openapi.json": ("200", "200", "200", "200", "200"),
    "GET /dashboard": (TO_SIGN_IN, "200", "200", "200", "200"),
    "GET /dashboard/referrals": (TO_SIGN_IN, "200", "200", "200", "200"),
    "GET /dashboard/rewards": (TO_SIGN_IN, "200", "200", "200", "200"),
    "GET /dashboard/rewards/statement/<month>": (TO_SIGN_IN, "200", "200", "200", "200"),
    "GET /dashboard/rewards/statement/<month>.csv": (TO_SIGN_IN, "200", "200", "200", "200"),
    "GET /dashboard/links": (TO_SIGN_IN, "200", "200", "200", "200"),
    "GET /dashboard/links/new": (TO_SIGN_IN, "200", "200", "200", "200"),
    # Nothing has to be filled in.
    "POST /dashboard/links": (TO_SIGN_IN, "303", "303", "303", "303"),
    "GET /dashboard/links/<uuid:link_id>/edit": (TO_SIGN_IN, "200", "404", "404", "404"),
    "POST /dashboard/links/<uuid:link_id>": (TO_SIGN_IN, "303", "404", "404", "404"),
    "GET /dashboard/links/<uuid:link_id>/qr.<any(svg,png):kind>": (TO_SIGN_IN, "200", "404", "404", "404"),
    # Last: nothing of a retired link can be looked at.
    "POST /dashboard/links/<uuid:link_id>/retirement": (TO_SIGN_IN, "303", "404", "404", "404"),
    "GET /settings/profile": (TO_SIGN_IN, "200", "200", "200", "200"),
    "GET /settings/mail": (TO_SIGN_IN, "200", "200", "200", "200"),
    # Who ticks nothing wants nothing.
    "POST /settings/mail": (TO_SIGN_IN, "303", "303", "303", "303"),
    "POST /settings/profile": (TO_SIGN_IN, "422", "422", "422", "422"),
    "GET /settings/sign-in": (TO_SIGN_IN, "200", "200", "200", "200"),
    # Nothing has to be filled in.
    "POST /settings/sign-in/verification": (TO_SIGN_IN, "303", "303", "303", "303"),
    "GET /settings/sign-in/password": (TO_SIGN_IN, "200", "200", "200", "200"),
    "POST /settings/sign-in/password": (TO_SIGN_IN, "422", "422", "422", "422"),
    "POST /settings/sign-in/password/link": (TO_SIGN_IN, "303", "303", "303", "303"),
    "GET /settings/sign-in/email": (TO_SIGN_IN, "200", "200", "200", "200"),
    "POST /settings/sign-in/email": (TO_SIGN_IN, "422", "422", "422", "422"),
    "POST /settings/sign-in/email/withdrawal": (TO_SIGN_IN, "303", "303", "303", "303"),
    "GET /settings/second-factor": (TO_SIGN_IN, "200", "200", "200", "200"),
    "POST /settings/second-factor": (TO_SIGN_IN, "422", "422", "422", "422"),
    # Nobody has begun to set one up, and nobody has one.
    "GET /settings/second-factor/new": (TO_SIGN_IN, "303", "303", "303", "303"),
    "POST /settings/second-factor/new": (TO_SIGN_IN, "303", "303", "303", "303"),
    "GET /settings/second-factor/recovery-codes": (TO_SIGN_IN, "303", "303", "303", "303"),
    "POST /settings/second-factor/recovery-codes": (TO_SIGN_IN, "303", "303", "303", "303"),
    "GET /settings/second-factor/move": (TO_SIGN_IN, "303", "303", "303", "303"),
    "POST /settings/second-factor/move": (TO_SIGN_IN, "303", "303", "303", "303"),
    "GET /settings/second-factor/end": (TO_SIGN_IN, "303", "303", "303", "303"),
    "POST /settings/second-factor/end": (TO_SIGN_IN, "303", "303", "303", "303"),
    "GET /settings/sessions": (TO_SIGN_IN, "200", "200", "200", "200"),
    # Of somebody who looks at none of these pages.
    "POST /settings/sessions/<uuid:session_id>/end": (TO_SIGN_IN, "404", "404", "404", "404"),
    "POST /settings/sessions/others/end": (TO_SIGN_IN, "303", "303", "303", "303"),
    "GET /settings/privacy": (TO_SIGN_IN, "200", "200", "200", "200"),
    "POST /settings/privacy/export": (TO_SIGN_IN, "422", "422", "422", "422"),
    "GET /settings/privacy/erasure": (TO_SIGN_IN, "200", "200", "200", "200"),
    "POST /settings/privacy/erasure": (TO_SIGN_IN, "422", "422", "422", "422"),
    "GET /dashboard/rewards/<uuid:reward_id>": (TO_SIGN_IN, "200", "404", "404", "404"),
    "POST /dashboard/rewards/<uuid:reward_id>/appeal": (TO_SIGN_IN, "422", "404", "404", "404"),
    "GET /analytics": (TO_SIGN_IN, "403", "403", "200", "200"),
    "GET /analytics/funnel": (TO_SIGN_IN, "403", "403", "200", "200"),
    "GET /analytics/cohorts": (TO_SIGN_IN, "403", "403", "200", "200"),
    "GET /analytics/referrers": (TO_SIGN_IN, "403", "403", "200", "200"),
    "GET /analytics/links": (TO_SIGN_IN, "403", "403", "200", "200"),
    "GET /analytics/rewards": (TO_SIGN_IN, "403", "403", "200", "200"),
    "GET /analytics/days.csv": (TO_SIGN_IN, "403", "403", "200", "200"),
    "GET /analytics/funnel.csv": (TO_SIGN_IN, "403", "403", "200", "200"),
    "GET /analytics/cohorts.csv": (TO_SIGN_IN, "403", "403", "200", "200"),
    "GET /analytics/referrers.csv": (TO_SIGN_IN, "403", "403", "200", "200"),
    "GET /analytics/links.csv": (TO_SIGN_IN, "403", "403", "200", "200"),
    "GET /analytics/campaigns.csv": (TO_SIGN_IN, "403", "403", "200", "200"),
    "GET /analytics/rewards.csv": (TO_SIGN_IN, "403", "403", "200", "200"),
    "GET /admin": (TO_SIGN_IN, "403", "403", "403", "200"),
    "GET /admin/users": (TO_SIGN_IN, "403", "403", "403", "200"),
    "POST /admin/users": (TO_SIGN_IN, "403", "403", "403", "422"),
    "POST /admin/users/search": (TO_SIGN_IN, "403", "403", "403", "303"),
    "GET /admin/users/new": (TO_SIGN_IN, "403", "403", "403", "200"),
    "GET /admin/users/<uuid:user_id>": (TO_SIGN_IN, "403", "403", "403", "200"),
    "GET /admin/users/<uuid:user_id>/statements/<month>": (TO_SIGN_IN, "403", "403", "403", "200"),
    "GET /admin/users/<uuid:user_id>/statements/<month>.csv": (TO_SIGN_IN, "403", "403", "403", "200"),
    "GET /admin/users/<uuid:user_id>/privacy/export": (TO_SIGN_IN, "403", "403", "403", "200"),
    "POST /admin/users/<uuid:user_id>/privacy/export": (TO_SIGN_IN, "403", "403", "403", "422"),
    "GET /admin/users/<uuid:user_id>/privacy/erasure": (TO_SIGN_IN, "403", "403", "403", "200"),
    "POST /admin/users/<uuid:user_id>/privacy/erasure": (TO_SIGN_IN, "403", "403", "403", "422"),
    # Nobody has a second factor.
    "GET /admin/users/<uuid:user_id>/second-factor": (TO_SIGN_IN, "403", "403", "403", "303"),
    "POST /admin/users/<uuid:user_id>/second-factor": (TO_SIGN_IN, "403", "403", "403", "422"),
    "GET /admin/users/<uuid:user_id>/address": (TO_SIGN_IN, "403", "403", "403", "200"),
    "POST /admin/users/<uuid:user_id>/address": (TO_SIGN_IN, "403", "403", "403", "422"),
    "GET /admin/users/<uuid:user_id>/role": (TO_SIGN_IN, "403", "403", "403", "200"),
    "POST /admin/users/<uuid:user_id>/role": (TO_SIGN_IN, "403", "403", "403", "422"),
    "GET /admin/users/<uuid:user_id>/mails": (TO_SIGN_IN, "403", "403", "403", "200"),
    "POST /admin/users/<uuid:user_id>/sign-out": (TO_SIGN_IN, "403", "403", "403", "303"),
    # There is none to withdraw; sent after that, so that there is none.
    "POST /admin/users/<uuid:user_id>/invitation/withdrawal": (TO_SIGN_IN, "403", "403", "403", "303"),
    "POST /admin/users/<uuid:user_id>/invitation": (TO_SIGN_IN, "403", "403", "403", "303"),
    "GET /admin/users/<uuid:user_id>/ban": (TO_SIGN_IN, "403", "403", "403", "200"),
    "POST /admin/users/<uuid:user_id>/ban": (TO_SIGN_IN, "403", "403", "403", "422"),
    "GET /admin/users/<uuid:user_id>/ban/end": (TO_SIGN_IN, "403", "403", "403", "200"),
    # Nobody is banned, so there is nothing to end.
    "POST /admin/users/<uuid:user_id>/ban/end": (TO_SIGN_IN, "403", "403", "403", "303"),
    "POST /admin/users/<uuid:user_id>/coupon-codes": (TO_SIGN_IN, "403", "403", "403", "422"),
    "POST /admin/users/<uuid:user_id>/coupon-codes/<uuid:coupon_id>/retirement": (
        *(TO_SIGN_IN, "403", "403", "403"),
        # Nobody has one.
        "404",
    ),
    "GET /admin/ledger": (TO_SIGN_IN, "403", "403", "403", "200"),
    "GET /admin/ledger/entries.csv": (TO_SIGN_IN, "403", "403", "403", "200"),
    "GET /admin/integration": (TO_SIGN_IN, "403", "403", "403", "200"),
    # Nothing has to be filled in.
    "POST /admin/integration": (TO_SIGN_IN, "403", "403", "403", "200"),
    "GET /admin/coupon-pools": (TO_SIGN_IN, "403", "403", "403", "200"),
    "GET /admin/coupon-pools/new": (TO_SIGN_IN, "403", "403", "403", "200"),
    "POST /admin/coupon-pools": (TO_SIGN_IN, "403", "403", "403", "422"),
    "GET /admin/coupon-pools/<uuid:pool_id>": (TO_SIGN_IN, "403", "403", "403", "200"),
    "POST /admin/coupon-pools/<uuid:pool_id>/coupons": (TO_SIGN_IN, "403", "403", "403", "422"),
    "GET /admin/keys": (TO_SIGN_IN, "403", "403", "403", "200"),
    "POST /admin/keys": (TO_SIGN_IN, "403", "403", "403", "422"),
    "GET /admin/keys/new": (TO_SIGN_IN, "403", "403", "403", "200"),
    "GET /admin/keys/<uuid:key_id>/revocation": (TO_SIGN_IN, "403", "403", "403", "200"),
    "POST /admin/keys/<uuid:key_id>/revocation": (TO_SIGN_IN, "403", "403", "403", "303"),
    "GET /admin/audit": (TO_SIGN_IN, "403", "403", "403", "200"),
    "GET /admin/audit/entries.csv": (TO_SIGN_IN, "403", "403", "403", "200"),
    "GET /admin/settings": (TO_SIGN_IN, "403", "403", "403", "200"),
    "POST /admin/settings": (TO_SIGN_IN, "403", "403", "403", "422"),
    "GET /admin/settings/quotes": (TO_SIGN_IN, "403", "403", "403", "200"),
    "POST /admin/settings/quotes": (TO_SIGN_IN, "403", "403", "403", "422"),
    "GET /admin/fraud/settings": (TO_SIGN_IN, "403", "403", "403", "200"),
    "POST /admin/fraud/settings": (TO_SIGN_IN, "403", "403", "403", "422"),
    "POST /admin/fraud/settings/trial": (TO_SIGN_IN, "403", "403", "403", "422"),
    # No signal is named.
    "POST /admin/fraud/settings/defaults": (TO_SIGN_IN, "403", "403", "403", "404"),
    "GET /admin/fraud/lists": (TO_SIGN_IN, "403", "403", "403", "200"),
    "POST /admin/fraud/lists": (TO_SIGN_IN, "403", "403", "403", "422"),
    "GET /admin/fraud/lists/<uuid:entry_id>/removal": (TO_SIGN_IN, "403", "403", "403", "200"),
    "POST /admin/fraud/lists/<uuid:entry_id>/removal": (TO_SIGN_IN, "403", "403", "403", "303"),
    "GET /admin/rules": (TO_SIGN_IN, "403", "403", "403", "200"),
    "POST /admin/rules": (TO_SIGN_IN, "403", "403", "403", "422"),
    "GET /admin/rules/new": (TO_SIGN_IN, "403", "403", "403", "200"),
    "POST /admin/rules/new": (TO_SIGN_IN, "403", "403", "403", "422"),
    "POST /admin/rules/new/review": (TO_SIGN_IN, "403", "403", "403", "422"),
    "POST /admin/rules/example": (TO_SIGN_IN, "403", "403", "403", "422"),
    "POST /admin/rules/new/lab": (TO_SIGN_IN, "403", "403", "403", "422"),
    "GET /admin/rules/lab": (TO_SIGN_IN, "403", "403", "403", "200"),
    "POST /admin/rules/lab": (TO_SIGN_IN, "403", "403", "403", "422"),
    "POST /admin/rules/lab/file": (TO_SIGN_IN, "403", "403", "403", "422"),
    "GET /admin/rules/<uuid:rule_id>": (TO_SIGN_IN, "403", "403", "403", "200"),
    "GET /admin/rules/<uuid:rule_id>/edit": (TO_SIGN_IN, "403", "403", "403", "200"),
    "POST /admin/rules/<uuid:rule_id>/edit": (TO_SIGN_IN, "403", "403", "403", "200"),
    "GET /admin/rules/<uuid:rule_id>/review": (TO_SIGN_IN, "403", "403", "403", "200"),
    "POST /admin/rules/<uuid:rule_id>/review": (TO_SIGN_IN, "403", "403", "403", "422"),
    "POST /admin/rules/<uuid:rule_id>/lab": (TO_SIGN_IN, "403", "403", "403", "422"),
    "POST /admin/rules/<uuid:rule_id>/versions": (TO_SIGN_IN, "403", "403", "403", "422"),
    "GET /admin/rules/<uuid:rule_id>/versions/<int:number>": (TO_SIGN_IN, "403", "403", "403", "200"),
    "GET /admin/rules/<uuid:rule_id>/comparison": (TO_SIGN_IN, "403", "403", "403", "200"),
    "GET /admin/rules/<uuid:rule_id>/<act>": (TO_SIGN_IN, "403", "403", "403", "200"),
    "POST /admin/rules/<uuid:rule_id>/<act>": (TO_SIGN_IN, "403", "403", "403", "422"),
    "GET /admin/referrals": (TO_SIGN_IN, "403", "403", "403", "200"),
    "GET /admin/referrals/<uuid:referral_id>": (TO_SIGN_IN, "403", "403", "403", "200"),
    "GET /admin/referrals/<uuid:referral_id>/credit": (TO_SIGN_IN, "403", "403", "403", "200"),
    "POST /admin/referrals/<uuid:referral_id>/credit": (TO_SIGN_IN, "403", "403", "403", "422"),
    "GET /admin/referrals/<uuid:referral_id>/removal": (TO_SIGN_IN, "403", "403", "403", "200"),
    "POST /admin/referrals/<uuid:referral_id>/removal": (TO_SIGN_IN, "403", "403", "403", "422"),
    "POST /admin/referrals/<uuid:referral_id>/change": (TO_SIGN_IN, "403", "403", "403", "422"),
    "GET /admin/conversions": (TO_SIGN_IN, "403", "403", "403", "200"),
    "GET /admin/conversions/<uuid:conversion_id>": (TO_SIGN_IN, "403", "403", "403", "200"),
    "GET /admin/rewards": (TO_SIGN_IN, "403", "403", "403", "200"),
    "GET /admin/rewards/<uuid:reward_id>": (TO_SIGN_IN, "403", "403", "403", "200"),
    "GET /admin/rewards/<uuid:reward_id>/fulfilment": (TO_SIGN_IN, "403", "403", "403", "200"),
    # It is money.
    "POST /admin/rewards/<uuid:reward_id>/fulfilment": (TO_SIGN_IN, "403", "403", "403", "422"),
    "GET /admin/rewards/<uuid:reward_id>/as-seen": (TO_SIGN_IN, "403", "403", "403", "200"),
    "GET /admin/rewards/<uuid:reward_id>/write-off": (TO_SIGN_IN, "403", "403", "403", "200"),
    "POST /admin/rewards/<uuid:reward_id>/write-off": (TO_SIGN_IN, "403", "403", "403", "422"),
    "GET /admin/rewards/decision": (TO_SIGN_IN, "403", "403", "403", "200"),
    "POST /admin/rewards/decision": (TO_SIGN_IN, "403", "403", "403", "422"),
    "GET /admin/fraud": (TO_SIGN_IN, "403", "403", "403", "200"),
    "GET /admin/fraud/decision": (TO_SIGN_IN, "403", "403", "403", "200"),
    "POST /admin/fraud/decision": (TO_SIGN_IN, "403", "403", "403", "422"),
    "GET /admin/fraud/<uuid:referrer_id>/<any(person,traffic,orders):category>": (
        *(TO_SIGN_IN, "403", "403", "403"),
        # Of somebody who brought nobody, nothing is held.
        "200",
    ),
    "POST /admin/fraud/<uuid:referrer_id>/<any(person,traffic,orders):category>": (
        *(TO_SIGN_IN, "403", "403", "403"),
        "422",
    ),
    # No list is named.
    "POST /admin/searches": (TO_SIGN_IN, "403", "403", "403", "404"),
    # None of these is a reader's own token: who has one is asked in test_unwanted_mails.
    "GET /mail/off/<kind>/<token>": ("404", "404", "404", "404", "404"),
    "POST /mail/off/<kind>/<token>": ("404", "404", "404", "404", "404"),
    # In development.
    "GET /dev/mails": (TO_SIGN_IN, "403", "403", "403", "200"),
    "GET /dev/mails/<template>": (TO_SIGN_IN, "403", "403", "403", "200"),
    "GET /dev/mails/<template>/page": (TO_SIGN_IN, "403", "403", "403", "200"),
    "GET /healthz": ("200", "200", "200", "200", "200"),
    "GET /readyz": ("200", "200", "200", "200", "200"),
    # Not for people: who has the token is asked in test_metrics.
    "GET /metrics": ("404", "404", "404", "404", "404"),
}
# No form of ours: another site's pages send it, without any cookie.
OF_ANOTHER_SITE = "POST /t/clicks"
# Nor is that: a mail program sends it, with a token in its address.
OF_A_MAIL_PROGRAM = "POST /mail/off/<kind>/<token>"


def routes_of(app: Flask) -> dict[str, str]:
    """Return the endpoint of every "METHOD /rule"."""
    return {
        f"{method} {rule.rule}": rule.endpoint
        for rule in app.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }


@pytest.fixture
def people(app):
    """A browser for each kind of person, and Ada's code."""
    with app.app_context(), write_transaction() as session:
        ada = factories.person(session, email="referrer@example.com", password=PASSWORD)
        link = factories.link_of(session, ada)
        code = link.code
        factories.person(session, name="Cara Diaz", email="another@example.com", password=PASSWORD)
        factories.person(session, name="Jo Winter", email="marketer@example.com", role="marketer", password=PASSWORD)
        factories.person(session, name="Marta Voss", email="admin@example.com", role="admin", password=PASSWORD)
        money.publish(session)
        bob, _referral = join(session, CameBy(typed=link))
        money.buy(session, bob)
        of, by = factories.program(session).id, ada.id
        add_pool(session, of, key="autumn", name="Autumn", low_at=20, by=by, now=factories.NOON)
        add_entry(session, of, read_entry("block", "domain", "mailinator.example"), by=by, now=factories.NOON)
        create_key(session, factories.program(session), name="shop", scope="read", secret="gvk_x", now=factories.NOON)
    browsers = {person: browser(app) for person in PEOPLE}
    for person in PEOPLE[1:]:
        sign_in(browsers[person], f"{person}@example.com")
    return browsers, code


def test_every_route_has_a_row_and_an_audience(app):
    routes = routes_of(app)
    assert set(routes) == set(ROUTES) | set(API_ROUTES)
    assert {endpoint.split(".")[0] for endpoint in routes.values()} <= AUDIENCES


# Who may see a page is no matter of the database.
@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_every_route_answers_every_person_as_its_row_says(app, people):
    browsers, code = people
    with app.app_context():
        reward_id, rule_id = db.session.execute(select(Reward.id, Reward.rule_id)).one()
        # Someone who is none of PEOPLE: signing them out disturbs nobody.
        named = {
            "<code>": code,
            "<month>": "2026-11",
            "<template>": "friends_joined",
            "<uuid:reward_id>": reward_id,
            "<uuid:conversion_id>": db.session.scalars(select(Reward.conversion_id)).one(),
            "<uuid:referral_id>": db.session.scalars(select(Referral.id)).one(),
            "<uuid:rule_id>": rule_id,
            "<act>": "pause",
            "<int:number>": 1,
            "<uuid:link_id>": db.session.scalars(select(Link.id).where(Link.code == code)).one(),
            "<any(svg,png):kind>": "svg",
            "<uuid:user_id>": db.session.scalars(select(User.id).where(User.name == "Bob Miller")).one(),
            "<uuid:referrer_id>": db.session.scalars(select(User.id).where(User.name == "Bob Miller")).one(),
            "<any(person,traffic,orders):category>": "person",
            "<uuid:coupon_id>": new_id(),
            "<uuid:session_id>": new_id(),
            "<uuid:pool_id>": db.session.scalars(select(CouponPool.id)).one(),
            "<uuid:entry_id>": db.session.scalars(select(ScreeningEntry.id)).one(),
            "<uuid:key_id>": db.session.scalars(select(ApiKey.id)).one(),
        }
    tokens = {}
    for route, expected in ROUTES.items():
        method, rule = route.split(" ")
        path = rule
        for part, value in named.items():
            path = path.replace(part, str(value))
        for person, answer in zip(PEOPLE, expected, strict=True):
            client = browsers[person]
            data = None
            if method == "POST":
                # As good as long as the sign-in that it belongs to.
                if person not in tokens:
                    page = client.get("/login" if person == "anonymous" else "/dashboard").get_data(as_text=True)
                    tokens[person] = factories.csrf_token(page)
                data = {"csrf_token": tokens[person]}
            response = client.open(path, method=method, data=data)
            got = str(response.status_code)
            if answer.startswith("302 "):
                got += f" {response.location.split('?')[0]}"
            assert got == answer, f"{route} as {person}"
            if route == "POST /logout":
                del tokens[person]
                if person != "anonymous":
                    sign_in(client, f"{person}@example.com")


def test_being_signed_in_opens_nothing_of_the_api(people):
    browsers, _code = people
    for route in API_ROUTES:
        method, path = route.split(" ")
        for person in PEOPLE:
            assert browsers[person].open(path, method=method, json={}).status_code == 401, f"{route} as {person}"


def test_no_form_is_taken_without_its_token(people):
    browsers, _code = people
    without = {OF_ANOTHER_SITE, OF_A_MAIL_PROGRAM}
    for route in sorted(route for route in ROUTES if route.startswith("POST ") and route not in without):
        path = re.sub("<uuid:[^>]*>", str(new_id()), route.split(" ")[1])
        path = re.sub(r"<any\((\w+)[^>]*>", r"\1", path)
        for client in browsers.values():
            response = client.post(path, data={"email": "bob@example.org"})
            assert response.status_code == 400, route
            # htmx sends the token as a header; without it a part is refused just the same.
            response = client.post(path, headers={"HX-Request": "true", "X-CSRFToken": "forged"})
            assert response.status_code == 400, route
    assert browsers["referrer"].get("/dashboard").status_code == 200


def test_the_token_may_come_as_htmx_sends_it(people):
    browsers, _code = people
    client = browsers["referrer"]
    token = factories.csrf_token(client.get("/dashboard").get_data(as_text=True))
    assert client.post("/logout", headers={"HX-Request": "true", "X-CSRFToken": token}).status_code == 303


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_a_wrong_verb_is_refused_and_changes_nothing(people, method, app):
    browsers, code = people
    response = browsers["admin"].open(f"/r/{code}", method=method)
    assert response.status_code in {400, 405}
    with app.app_context():
        assert db.session.query(Link).count() == 5


def test_everyone_sees_their_own_link_and_nobody_elses(people):
    browsers, code = people
    assert f"/r/{code}" in browsers["referrer"].get("/dashboard").get_data(as_text=True)
    for person in ("another", "marketer", "admin"):
        assert code not in browsers[person].get("/dashboard").get_data(as_text=True)
