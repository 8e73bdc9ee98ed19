"""Approve rewards whose hold period is over, and hand out coupons to those who still wait for one."""

from datetime import datetime

from webapp.database import write_transaction
from webapp.extensions import db
from webapp.queries.programs import list_program_ids
from webapp.services.coupon_pools import hand_out_to_waiting
from webapp.services.rewards import MATURE_AT_ONCE, mature_rewards


def mature_due_rewards(now: datetime) -> int:
    """Approve what is due, in short transactions; returns how many."""
    matured = 0
    while True:
        with write_transaction() as session:
            some = mature_rewards(session, now)
        matured += some
        if some < MATURE_AT_ONCE:
            break
    _hand_out(now)
    return matured


def _hand_out(now: datetime) -> None:
    """Hand out to those whom an upload of codes found busy."""
    ids = list_program_ids(db.session())
    # Nothing is kept open meanwhile.
    db.session.rollback()
    for program_id in ids:
        with write_transaction() as session:
            hand_out_to_waiting(session, program_id, now)
