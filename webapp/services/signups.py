"""Signing up, and who is credited for it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.domain.attribution import PROVEN, Decision, Touch, TouchKind, decide
from webapp.domain.mailbox import mailbox_key
from webapp.models import AttributionDecision, AttributionTouch, Link, Program, Referral, User
from webapp.queries.clicks import campaign_of, country_of, touches_of, visitor_of
from webapp.queries.evidence import Arrived
from webapp.queries.links import referrer_of
from webapp.queries.origins import COUNTRY
from webapp.queries.people import known_since
from webapp.services.conversions import SIGNUP, Event, Recorded, record_conversion
from webapp.services.people import create_person
from webapp.services.queues import queue_for
from webapp.services.reward_steps import SYSTEM, Actor
from webapp.services.rollups import count_signup
from webapp.services.rules import RULES
from webapp.services.screening import screen_friend
from webapp.services.sightings import UNSEEN, Seen, record_sighting
from webapp.transactions import note


@dataclass(frozen=True, slots=True)
class CameBy:
    """What is known of how a person came: the codes they gave, the page they signed up on, and their browser.

    The browser is known by its cookie (`visitor_id`), by a click that was handed on (`click_id`), or by both, which
    may be two. `seen` is what it and its address were, `began_at` when it opened the signup page.
    """

    typed: Link | None = None
    coupon: Link | None = None
    opened: Link | None = None
    visitor_id: UUID | None = None
    click_id: UUID | None = None
    seen: Seen = UNSEEN
    began_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SignedUp:
    """A new account and what came of it. `reason` is the attribution's."""

    user: User
    referral: Referral | None
    reason: str
    recorded: Recorded


def sign_up(
    session: Session,
    program: Program,
    *,
    name: str,
    email: str,
    password_hash: str | None,
    came_by: CameBy,
    choose: Callable[[str], str],
    now: datetime,
    signed_up_at: datetime | None = None,
    external_id: str | None = None,
    actor: Actor = SYSTEM,
) -> SignedUp:
    """Make an account, decide once and for good who is credited for it, and reward the signup.

    `signed_up_at` is when it happened elsewhere, None for here and now. Raises
    EmailTakenError, and then nothing was written.
    """
    signed_up_at = signed_up_at or now
    mailbox = mailbox_key(email)
    # Two aliases of a mailbox that arrive together would else both be new.
    # The rules here already, before the friend is bound to somebody: who erases that person waits for the end of this.
    queue_for(session, program.id, f"mailbox:{mailbox}", beside=RULES)
    # Asked before the account exists, which would make everyone known.
    known = known_since(session, program.id, mailbox)
    friend = create_person(
        session,
        program,
        name=name,
        email=email,
        password_hash=password_hash,
        role="referrer",
        verified=False,
        external_id=external_id,
        choose=choose,
        now=now,
    )
    decision = decide(
        _touches(session, program, came_by, mailbox, signed_up_at),
        signed_up_at=signed_up_at,
        known_since=known,
        window=program.window,
        model="first" if program.attribution_model == "first" else "last",
    )
    decision_id = _keep(
        session, program, friend, decision, visitor_id=came_by.visitor_id, known_since=known, signed_up_at=signed_up_at
    )
    referral = _refer(session, program, friend, decision, decision_id, signed_up_at=signed_up_at)
    _look_at(session, program, friend, decision, came_by, known_since=known, now=now, at=signed_up_at)
    signup = Event(SIGNUP, signed_up_at, details=_known_of(session, decision))
    recorded = record_conversion(session, program.id, signup, user_id=friend.id, actor=actor, now=now)
    note(session, "signups_recorded")
    return SignedUp(friend, referral, decision.reason, recorded)


def _look_at(
    session: Session,
    program: Program,
    friend: User,
    decision: Decision,
    came_by: CameBy,
    *,
    known_since: datetime | None,
    now: datetime,
    at: datetime,
) -> None:
    """Keep where the person was seen, and look at them before anything is granted: also at one who is nobody's friend.

    For what refused those to the referrer whose link they came across says something about that referrer.
    """
    seen = came_by.seen
    if seen != UNSEEN:
        record_sighting(session, friend.id, seen, is_signup=True, now=at)
    touch = decision.credited or (decision.verdicts[0].touch if decision.reason in PROVEN else None)
    if touch is None:
        return
    arrived = Arrived(
        program_id=program.id,
        time_zone=program.time_zone,
        friend_id=friend.id,
        referrer_id=touch.referrer_id,
        link_id=touch.link_id,
        at=at,
        friend_mailbox=friend.mailbox_key,
        referrer_mailbox=session.scalars(select(User.mailbox_key).where(User.id == touch.referrer_id)).one(),
        known_since=known_since,
        first_touch_at=min(one.touch.at for one in decision.verdicts),
        click_id=touch.click_id,
        visitor_id=came_by.visitor_id,
        browser=seen.browser,
        device=seen.device,
        hashes=seen.hashes,
        began_at=came_by.began_at,
    )
    screen_friend(session, program, arrived, e_mail=friend.email, address=seen.address, now=now)


def _known_of(session: Session, decision: Decision) -> dict[str, str] | None:
    """Return what is kept with the signup of the credited click, which is forgotten one day; see queries.origins."""
    touch = decision.credited
    country = country_of(session, touch.click_id) if touch and touch.click_id else None
    return {COUNTRY: country} if country else None


def _touches(session: Session, program: Program, came_by: CameBy, mailbox: str, at: datetime) -> list[Touch]:
    named = visitor_of(session, program.id, came_by.click_id) if came_by.click_id else None
    touches = touches_of(session, program.id, named, mailbox=mailbox, by_click_id=True) if named else []
    if came_by.visitor_id and came_by.visitor_id != named:
        touches += touches_of(session, program.id, came_by.visitor_id, mailbox=mailbox)
    opened = came_by.opened
    if opened and not any(touch.link_id == opened.id and at <= touch.at + program.window for touch in touches):
        # The browser kept no cookie, or its click was not stored: the page is the evidence that the link was opened.
        touches.append(_touch(session, "page", opened, mailbox, at))
    codes: tuple[tuple[TouchKind, Link | None], ...] = (
        ("typed_code", came_by.typed),
        ("coupon_code", came_by.coupon),
    )
    touches += [_touch(session, kind, link, mailbox, at) for kind, link in codes if link]
    return touches


def _touch(session: Session, kind: TouchKind, link: Link, mailbox: str, now: datetime) -> Touch:
    referrer = referrer_of(session, link)
    return Touch(kind, link.id, referrer.id, referrer.mailbox_key == mailbox, now)


def _keep(
    session: Session,
    program: Program,
    friend: User,
    decision: Decision,
    *,
    visitor_id: UUID | None,
    known_since: datetime | None,
    signed_up_at: datetime,
) -> UUID:
    row = AttributionDecision(
        program_id=program.id,
        friend_id=friend.id,
        signed_up_at=signed_up_at,
        model=program.attribution_model,
        window_days=program.window_days,
        visitor_id=visitor_id,
        known_since=known_since,
        reason=decision.reason,
    )
    session.add(row)
    session.flush()
    session.add_all(
        AttributionTouch(
            decision_id=row.id,
            position=position,
            kind=verdict.touch.kind,
            link_id=verdict.touch.link_id,
            referrer_id=verdict.touch.referrer_id,
            click_id=verdict.touch.click_id,
            by_click_id=verdict.touch.by_click_id,
            touched_at=verdict.touch.at,
            same_mailbox=verdict.touch.same_mailbox,
            outcome=verdict.outcome,
        )
        for position, verdict in enumerate(decision.verdicts)
    )
    session.flush()
    return row.id


def _refer(
    session: Session, program: Program, friend: User, decision: Decision, decision_id: UUID, *, signed_up_at: datetime
) -> Referral | None:
    touch = decision.credited
    if touch is None or decision.method is None:
        return None
    referral = Referral(
        program_id=program.id,
        referrer_id=touch.referrer_id,
        friend_id=friend.id,
        link_id=touch.link_id,
        method=decision.method,
        decision_id=decision_id,
        created_at=signed_up_at,
        **(campaign_of(session, touch.click_id) if touch.click_id else {}),
    )
    session.add(referral)
    session.flush()
    friend.referred_by = touch.referrer_id
    session.flush()
    count_signup(session, program, referral)
    return referral
