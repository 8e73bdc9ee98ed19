"""Pages of those who run the program."""

from flask import Blueprint, g
from flask.typing import ResponseReturnValue

from webapp.extensions import db
from webapp.queries.cases import count_open_cases
from webapp.views.admin import (
    audit,
    bans,
    conversions,
    coupon_codes,
    coupon_pools,
    fraud,
    fraud_lists,
    fraud_settings,
    fulfilments,
    integration,
    invitations,
    keys,
    ledger,
    overview,
    person_mails,
    privacy,
    quotes,
    referral_changes,
    referrals,
    reward_decisions,
    rewards,
    rule_lab,
    rule_versions,
    searches,
    settings,
    statements,
    users,
    ways_in,
    write_offs,
)
from webapp.views.guards import require_role, require_second_factor
from webapp.web import keep_out_of_caches, load_program

bp = Blueprint("admin", __name__, url_prefix="/admin")
NOUNS = (
    overview,
    fraud,
    bans,
    rule_versions,
    rule_lab,
    referrals,
    referral_changes,
    conversions,
    rewards,
    reward_decisions,
    write_offs,
    ledger,
    fulfilments,
    searches,
    users,
    person_mails,
    invitations,
    ways_in,
    privacy,
    statements,
    coupon_codes,
    integration,
    coupon_pools,
    keys,
    audit,
    settings,
    quotes,
    fraud_settings,
    fraud_lists,
)
for noun in NOUNS:
    bp.register_blueprint(noun.bp)
bp.after_request(keep_out_of_caches)


@bp.before_request
def admins_only() -> ResponseReturnValue | None:
    return require_role("admin") or require_second_factor()


@bp.app_context_processor
def places() -> dict[str, object]:
    """Offer templates the number of cases that wait; it is only asked for where the side bar of admins shows it."""
    return {"count_open_cases": _count_open_cases}


def _count_open_cases() -> int:
    # A page of cases has read them already.
    if "open_cases" not in g:
        g.open_cases = count_open_cases(db.session(), load_program().id)
    count: int = g.open_cases
    return count
