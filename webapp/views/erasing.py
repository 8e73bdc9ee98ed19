"""What is lost when somebody is erased, put into words, for themselves and for admins; and the deed."""

import secrets
from dataclasses import dataclass
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import ngettext

from webapp.clock import utc_now
from webapp.database import write_down, write_transaction
from webapp.formatting import money, number
from webapp.models import User
from webapp.queries.erasures import Left
from webapp.services.erasure import (
    ErasureRefusedError,
    LastAdminLeavesError,
    NoLongerAllowedError,
    PayoutUnderwayError,
    erase_person,
)
from webapp.signing import sealer
from webapp.views.worth import worth_together


@dataclass(frozen=True, slots=True)
class Loss:
    """What is given up: amount and number of open rewards, None without any; `problem` keeps it from being done now.

    `friends` are those who joined, nothing without any.
    """

    open: tuple[str, str] | None
    owes: str
    friends: str
    links: str
    seen: str
    problem: str


def loss_of(left: Left) -> Loss:
    """Put into words what somebody leaves behind."""
    count = sum(one.count for one in left.open)
    rewards = ngettext("%(count)s reward", "%(count)s rewards", count, count=number(count))
    problem = ""
    if left.in_payout:
        amount = worth_together(left.in_payout)
        problem = _("A payout of %(amount)s is on its way. Please wait until it has arrived.", amount=amount)
    if left.is_only_admin:
        problem = refusal(LastAdminLeavesError())
    return Loss(
        open=(worth_together(left.open), rewards) if left.open else None,
        owes=", ".join(map(money, left.owes)),
        friends=ngettext("%(count)s friend", "%(count)s friends", left.friends, count=number(left.friends))
        if left.friends
        else "",
        links=ngettext("%(count)s link", "%(count)s links", left.links, count=number(left.links)),
        seen=str(left.sequence),
        problem=problem,
    )


def erase(person_id: UUID, *, by: UUID, reason: str, gives_up: bool) -> None:
    """Erase somebody and let nothing of them stand beside the database. Raises ErasureRefusedError."""
    with write_transaction() as session:
        person = session.get_one(User, person_id)
        erase_person(
            session,
            person,
            by=by,
            reason=reason,
            gives_up=gives_up,
            sealer=sealer(),
            choose=secrets.choice,
            now=utc_now(),
        )
    write_down()


def refusal(error: ErasureRefusedError) -> str:
    """Say why nothing was erased."""
    if isinstance(error, LastAdminLeavesError):
        return _("This is the only admin left, and somebody has to be one. Make somebody else an admin first.")
    if isinstance(error, PayoutUnderwayError):
        return _("A payout is on its way. Please wait until it has arrived.")
    if isinstance(error, NoLongerAllowedError):
        return _("You are no admin any more.")
    return changed_meanwhile()


def changed_meanwhile() -> str:
    """Say that what is lost is no longer what stood on the page."""
    return _("Something changed in the meantime. Please look at what is lost once more.")
