"""How the business's own site is joined to this one: what to put there, what was heard of it, and trying the way."""

import secrets
from collections.abc import Sequence

from flask import Blueprint, Response, current_app
from flask_login import current_user

from webapp.clicks.destinations import is_elsewhere
from webapp.clock import utc_now
from webapp.database import write_transaction
from webapp.domain.money import Money
from webapp.extensions import db
from webapp.formatting import money
from webapp.queries.keys import count_keys
from webapp.queries.last_heard import last_heard
from webapp.queries.links import first_link_of
from webapp.services.keys import PREFIX
from webapp.services.sandbox import close_sandbox, open_sandbox
from webapp.views.admin.integration_words import (
    curl,
    heading_of,
    heard_lines,
    hidden_fields,
    hop_card,
    snippet,
    way_heading,
)
from webapp.views.admin.whole_way import Hop, go_whole_way
from webapp.web import absolute_url, load_program, render

EXAMPLE_MINOR = 4999

bp = Blueprint("integration", __name__, url_prefix="/integration")


@bp.get("")
def show() -> Response:
    return _page()


@bp.post("")
def create() -> Response:
    """Try the whole way, and answer with how it went: that is stored nowhere."""
    by, secret = current_user.id, PREFIX + secrets.token_urlsafe(32)
    with write_transaction() as session:
        sandbox = open_sandbox(session, secret=secret, choose=secrets.choice, by=by, now=utc_now())
    try:
        # Outside of any transaction: each request of the way has its own.
        hops = go_whole_way(
            current_app._get_current_object(),  # type: ignore[attr-defined]
            code=sandbox.code,
            secret=secret,
        )
    finally:
        with write_transaction() as session:
            close_sandbox(session, sandbox, by=by, now=utc_now())
    return _page(hops)


def _page(hops: Sequence[Hop] = ()) -> Response:
    session, program, base_url = db.session(), load_program(), absolute_url("")
    heard, code = last_heard(session, program.id), first_link_of(session, current_user.id).code
    live_keys, _revoked = count_keys(session, program.id)
    leads_elsewhere = is_elsewhere(program.landing_url, own=base_url)
    return render(
        "admin/integration/show.html",
        heading=heading_of(heard, leads_elsewhere=leads_elsewhere),
        heard=heard_lines(heard, leads_elsewhere=leads_elsewhere),
        way=way_heading(hops) if hops else "",
        went_well=all(hop.went_well for hop in hops),
        hops=[hop_card(hop) for hop in hops],
        has_key=live_keys > 0,
        leads_elsewhere=leads_elsewhere,
        link_url=absolute_url(f"/r/{code}"),
        snippet=snippet(base_url, program.consent_mode),
        fields=hidden_fields(),
        example_minor=EXAMPLE_MINOR,
        example=money(Money(EXAMPLE_MINOR, program.currency)),
        calls=_calls(base_url, code, program.currency),
    )


def _calls(base_url: str, code: str, currency: str) -> dict[str, str]:
    person = {"external_id": "cus_1"}
    signup = {"email": "friend@example.org", "name": "Bob Miller", "referral_code": code, "click_id": "…"}
    purchase = {"event_id": "evt_1", "type": "purchase", "user": person, "amount": EXAMPLE_MINOR, "currency": currency}
    return {
        "signup": curl(base_url, "/signups", person | signup),
        "purchase": curl(base_url, "/conversions", purchase | {"order_id": "1001"}),
        "refund": curl(base_url, "/refunds", {"event_id": "ref_1", "order_id": "1001"}),
    }
