"""Erasing somebody: all that tells who they were goes, and the books stay.

The row of the person stays with neutral words, and with it ids, moments and amounts, so that every sum, history and
proof comes out as before. `models.personal` says of each column what becomes of it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.domain.mailbox import address_key
from webapp.domain.names import GONE
from webapp.domain.rewards import Status
from webapp.domain.seals import PREFIX, Sealer
from webapp.domain.sentences import N_
from webapp.domain.suspicion import ERASED
from webapp.models import Reward, User
from webapp.queries.erasures import OPEN
from webapp.services.audit import record_act
from webapp.services.erased_clicks import forget_clicks_of
from webapp.services.erased_ids import seal_ids_of
from webapp.services.erased_rows import delete_rows_of, forget_links_of, forget_words_about
from webapp.services.queues import queue_for
from webapp.services.reward_steps import Actor, lock_rewards
from webapp.services.rewards import change_statuses
from webapp.services.roles import is_last_admin
from webapp.services.rules import RULES

# Nobody has an address there, now or ever (RFC 2606).
DOMAIN = "erased.invalid"
_CHARACTERS, _LENGTH = "0123456789abcdef", 32

# Why somebody else erased a person; "self" is their own wish.
REASONS = {
    "asked": N_("They asked for it"),
    "no_longer_needed": N_("The account is no longer needed"),
    "by_mistake": N_("The account was made by mistake"),
}
BY_THEMSELVES = "self"


class ErasureRefusedError(Exception):
    """Nothing was erased."""


class LastAdminLeavesError(ErasureRefusedError):
    """A program without an admin could not be mended from its pages."""


class PayoutUnderwayError(ErasureRefusedError):
    """Money is on its way to the person: whoever sends it must still know to whom."""


class MoneyOpenError(ErasureRefusedError):
    """Rewards are open, and nobody has said that they are given up."""


class NoLongerAllowedError(ErasureRefusedError):
    """Whoever asks lost the right in the meantime."""


@dataclass(frozen=True, slots=True)
class Erased:
    """What was given up: so many rewards."""

    rewards: int


def erase_person(
    session: Session,
    person: User,
    *,
    by: UUID | None,
    reason: str,
    gives_up: bool,
    sealer: Sealer,
    choose: Callable[[str], str],
    now: datetime,
) -> Erased:
    """Erase all that tells who somebody was. `by` is who did it: themselves, an admin, None for the command line.

    What they were not paid yet is rejected and stays in the books as that, if `gives_up` says so. They earn nothing
    from now on. `choose` picks a character at random. Raises ErasureRefusedError, and then nothing was written; for
    somebody who was erased before nothing is done.
    """
    if reason != BY_THEMSELVES and reason not in REASONS:
        raise ValueError(f"{reason} is not a reason that is known")
    program_id, names = person.program_id, [f"mailbox:{person.mailbox_key}", f"links:{person.id}"]
    if person.external_id:
        names.append(f"external:{person.external_id}")
    # In the order of an invitation that is sent again, and of a signup, which would make them anew. Then nothing is
    # recorded meanwhile: it would be granted to them, or kept with words that tell of them.
    queue_for(session, program_id, "roles")
    queue_for(session, program_id, *names)
    queue_for(session, program_id, RULES)
    queue_for(session, program_id, "screening_lists")
    # Whoever signs in as them, or changes what is kept of them, is done, or waits and finds nobody.
    session.refresh(person, with_for_update={"key_share": True})
    if person.erased_at is not None:
        return Erased(0)
    if by is not None and by != person.id:
        asks = session.execute(select(User.role, User.erased_at).where(User.id == by)).one()
        if tuple(asks) != ("admin", None):
            raise NoLongerAllowedError
    if is_last_admin(session, person):
        raise LastAdminLeavesError
    rewards = _give_up(session, person, gives_up=gives_up, by=by, now=now)
    details = {"reason": reason, "rewards": rewards}
    record_act(
        session, program_id, "person_erased", subject="user", subject_id=person.id, by=by, now=now, details=details
    )
    # The ids before the row that has them, the words before what they are found by.
    new_codes = forget_links_of(session, person, sealer=sealer, choose=choose, now=now)
    seal_ids_of(session, person, sealer, new_codes)
    forget_clicks_of(session, person)
    forget_words_about(session, person)
    delete_rows_of(session, person)
    _blank(session, person, choose=choose, now=now)
    return Erased(rewards)


def _give_up(session: Session, person: User, *, gives_up: bool, by: UUID | None, now: datetime) -> int:
    """Reject what the person was not paid yet; what of a store credit is left after a part was spent stays as it is."""
    whose = (Reward.beneficiary_id == person.id, Reward.status.in_((*OPEN, "in_payout")))
    open_ = lock_rewards(session, session.scalars(select(Reward.id).where(*whose)).all())
    if any(one.status == "in_payout" for one in open_):
        raise PayoutUnderwayError
    whole = [one for one in open_ if one.status in OPEN and not one.redeemed_minor]
    if open_ and not gives_up:
        raise MoneyOpenError
    actor = Actor("person", by) if by else Actor("system")
    to_hold = [one.id for one in whole if one.status != "held"]
    steps: tuple[tuple[list[UUID], Status], ...] = ((to_hold, "held"), ([one.id for one in whole], "rejected"))
    for ids, status in steps:
        change_statuses(session, ids, status, reason=ERASED, actor=actor, now=now)
    return len(whole)


def _blank(session: Session, person: User, *, choose: Callable[[str], str], now: datetime) -> None:
    drawn = "".join(choose(_CHARACTERS) for _ in range(_LENGTH))
    address = f"{PREFIX}{drawn}@{DOMAIN}"
    person.name = GONE
    person.email, person.email_key, person.mailbox_key = address, address_key(address), address_key(address)
    person.email_verified_at = person.password_hash = person.external_id = person.language = None
    person.second_factor_since, person.muted_mails = None, {}
    # Whoever cannot sign in is nobody to count among those who can mend the program.
    person.role, person.erased_at = "referrer", now
    session.flush()
