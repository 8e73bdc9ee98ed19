"""What went back to a friend, and came back, in the words of staff."""

from collections.abc import Iterator
from datetime import datetime

from flask_babel import gettext as _

from webapp.formatting import money
from webapp.queries.traces import RefundLine


def went_back(refund: RefundLine) -> Iterator[tuple[datetime, str, str]]:
    """Yield when a refund or a dispute was, what it was and what it is called, and the same of how it ended."""
    if refund.kind == "refund":
        yield refund.occurred_at, _refunded(refund), _("Refund %(id)s", id=refund.event_id)
        return
    yield refund.occurred_at, _disputed(refund), _("Dispute %(id)s", id=refund.event_id)
    if refund.outcome and refund.outcome_at:
        yield refund.outcome_at, _ended(refund), _("Outcome %(id)s", id=refund.outcome_event_id)


def _refunded(refund: RefundLine) -> str:
    if refund.applied is None:
        return _("Refunded as a whole: it was reported without an amount, so it has no parts")
    return _("%(amount)s refunded to the friend", amount=money(refund.applied))


def _disputed(refund: RefundLine) -> str:
    if refund.applied is None:
        return _("Disputed as a whole: it was reported without an amount, so it has no parts")
    if refund.applied.minor:
        return _("%(amount)s disputed: a bank took it back", amount=money(refund.applied))
    return _("Disputed, and nothing of it was left to take back")


def _ended(refund: RefundLine) -> str:
    if refund.outcome == "lost":
        return _("The dispute was lost: what it took stays taken")
    if refund.restored:
        return _("The dispute was won: %(amount)s came back", amount=money(refund.restored))
    if refund.applied is None:
        return _("The dispute was won and counts no more: without an amount there was none to come back")
    return _("The dispute was won: nothing came back, because refunds stand in its place")
