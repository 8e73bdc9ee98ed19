"""Clicks of a visitor, as attribution needs them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from webapp.domain.attribution import Touch
from webapp.models import Click, Link, User


def touches_of(
    session: Session, program_id: UUID, visitor_id: UUID, *, mailbox: str, by_click_id: bool = False
) -> list[Touch]:
    """Return every click of a visitor in the program, whoever's link it was and however long ago.

    Somebody who was erased brings nobody any more, so clicks on their links are nothing to weigh.
    `mailbox` is the mailbox key of whoever signs up; `by_click_id` says that the signup named the visitor by a click.
    """
    rows = session.execute(
        select(Click.id, Click.link_id, Click.clicked_at, Link.referrer_id, User.mailbox_key)
        .join(Link, Link.id == Click.link_id)
        .join(User, User.id == Link.referrer_id)
        .where(Click.visitor_id == visitor_id, Click.program_id == program_id, User.erased_at.is_(None))
    )
    return [
        Touch("click", link_id, referrer_id, owners_mailbox == mailbox, at, click_id, by_click_id)
        for click_id, link_id, at, referrer_id, owners_mailbox in rows
    ]


def visitor_of(session: Session, program_id: UUID, click_id: UUID) -> UUID | None:
    """Return whose click it was; None when the program has none with this id, or has forgotten it."""
    return session.scalar(select(Click.visitor_id).where(Click.id == click_id, Click.program_id == program_id))


def link_of(session: Session, program_id: UUID, click_id: UUID) -> Link | None:
    """Return the link that was clicked, retired or not; None when the program has no such click, or forgot it."""
    return session.scalars(
        select(Link).join(Click, Click.link_id == Link.id).where(Click.id == click_id, Click.program_id == program_id)
    ).one_or_none()


def campaign_of(session: Session, click_id: UUID) -> dict[str, str | None]:
    """Return the campaign fields of a click, by name; none of them when it was forgotten."""
    query = select(Click.utm_source, Click.utm_medium, Click.utm_campaign).where(Click.id == click_id)
    return dict(session.execute(query).mappings().one_or_none() or {})


def country_of(session: Session, click_id: UUID) -> str | None:
    """Return the country that a click came from; None when it is not known or the click was forgotten."""
    return session.scalar(select(Click.country).where(Click.id == click_id))


def has_clicked_since(session: Session, link_id: UUID, visitor_id: UUID, since: datetime) -> bool:
    """Say whether the visitor opened this link at or after `since`."""
    return (
        session.scalar(
            select(Click.id)
            .where(Click.visitor_id == visitor_id, Click.link_id == link_id, Click.clicked_at >= since)
            .limit(1)
        )
        is not None
    )
