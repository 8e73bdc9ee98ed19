"""What a browser sends as the form of a rule, and what it gets."""

import re
from html import unescape

from sqlalchemy import select

from tests.factories import csrf_token
from webapp.domain.rules import from_stored
from webapp.extensions import db
from webapp.models import RewardRule, RewardRuleVersion

PERCENT = {
    "kind": "percent_of_purchase",
    "number": "0",
    "name": "20% for friends' friends",
    "trigger": "purchase",
    "beneficiary": "referrer",
    "reward": "cash",
    "setting_percent": "20",
    "setting_first_purchases": "12",
    "mode": "all",
}
FIXED = {
    **{name: value for name, value in PERCENT.items() if not name.startswith("setting_")},
    "kind": "fixed_amount",
    "setting_amount": "5.00",
    "setting_currency": "USD",
}
AMOUNT = {"field": "amount", "op": ">=", "value": "20", "currency": "USD"}
PLAN = {"field": "metadata.", "detail": "plan", "op": "in", "value": "pro, team"}


def row(number, group="conditions", **fields):
    return {f"{group}-{number}-{name}": value for name, value in fields.items()}


def send(client, path, data, status=200, headers=None):
    token = csrf_token(client.get("/admin").get_data(as_text=True))
    answer = client.post(path, data={"csrf_token": token, **data}, headers=headers)
    page = answer.get_data(as_text=True)
    assert answer.status_code == status, page
    return page if status != 303 else answer.location


def hidden(page, name):
    """Return what a hidden field of the last step holds."""
    return unescape(re.search(rf'name="{name}"[^>]*value="([^"]*)"', page)[1])


def said(page):
    """Return the text of a page without its tags."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", page)))


def versions(app):
    with app.app_context():
        rows = db.session.scalars(select(RewardRuleVersion).order_by(RewardRuleVersion.id))
        return [(one.number, one.state, from_stored(one.definition), one.note) for one in rows]


def id_of(app):
    with app.app_context():
        return db.session.scalars(select(RewardRule.id)).one()
