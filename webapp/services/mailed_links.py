"""Links that go to people by mail: to verify an address, to change it, to set a password, to accept an invitation."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import and_, delete, select, update
from sqlalchemy.orm import Session

from webapp.domain.mailbox import address_key
from webapp.models import MailedLink, PasswordRequest, User
from webapp.services.outbox import queue_mail
from webapp.services.sessions import token_hash

# How long each is good.
LIFETIMES = {
    "verify_email": timedelta(days=3),
    "change_email": timedelta(hours=24),
    "reset_password": timedelta(minutes=30),
    "invitation": timedelta(days=7),
}

# How long a link is kept after it ran out, and a request for one when nobody has looked whose it is.
KEPT_AFTER, REQUESTS_KEPT = timedelta(days=7), timedelta(days=1)


def mail_link(
    session: Session,
    user: User,
    purpose: str,
    *,
    link_id: UUID,
    token: str,
    email: str | None = None,
    invited_by: UUID | None = None,
    now: datetime,
) -> MailedLink:
    """Make a link and queue the mail that carries it, whose template is called like the purpose.

    `token` is the secret in its address, of which only the hash is kept; whoever sends the mail makes it again from
    `link_id`. `email` is where it goes, None for the person's own address. Earlier links for the same purpose are
    worth nothing from now on.
    """
    end_links(session, user.id, purpose, now=now)
    mail_id = queue_mail(session, user, purpose, dedupe_key=f"{purpose}:{link_id}", email=email, now=now)
    link = MailedLink(
        id=link_id,
        user_id=user.id,
        purpose=purpose,
        token_hash=token_hash(token),
        email=email or user.email,
        mail_id=mail_id,
        invited_by=invited_by,
        created_at=now,
        expires_at=now + LIFETIMES[purpose],
    )
    session.add(link)
    session.flush()
    return link


def is_good(link: MailedLink, now: datetime) -> bool:
    """Say whether a link can still be used, as far as itself tells."""
    return link.ended_at is None and link.expires_at > now


def find_link(session: Session, purpose: str, token: str, now: datetime) -> MailedLink | None:
    """Return a link that is still good, without using it up: what a GET may do, which a mail scanner does too.

    None when it was used, ran out, was replaced or never was; also when its account was erased, or when it verifies
    an address that is no longer the person's.
    """
    found = session.execute(
        select(MailedLink, User)
        .join(User, MailedLink.user_id == User.id)
        .where(
            MailedLink.token_hash == token_hash(token),
            MailedLink.purpose == purpose,
            MailedLink.ended_at.is_(None),
            MailedLink.expires_at > now,
            User.erased_at.is_(None),
        )
    ).one_or_none()
    if found is None:
        return None
    link, user = found
    is_own = address_key(link.email) == user.email_key
    return link if is_own or purpose == "change_email" else None


def lock_owner(session: Session, purpose: str, token: str, now: datetime) -> User | None:
    """Return whose link this is, before it is used up: they are erased before or after, not meanwhile.

    None when it is not good.
    """
    link = find_link(session, purpose, token, now)
    if link is None:
        return None
    # Nobody waits for it who only refers to the person.
    return session.get(User, link.user_id, with_for_update={"key_share": True}, populate_existing=True)


def use_link(session: Session, purpose: str, token: str, now: datetime) -> MailedLink | None:
    """Use a link up and return it; None when it is not good, also when another request was quicker."""
    link = find_link(session, purpose, token, now)
    if link is None:
        return None
    columns = MailedLink.__table__.c
    used = session.connection().execute(
        update(MailedLink).where(columns.id == link.id, columns.ended_at.is_(None)).values(used_at=now, ended_at=now)
    )
    return link if used.rowcount == 1 else None


def end_links(session: Session, user_id: UUID, *purposes: str, now: datetime) -> None:
    """Make a person's unused links for these purposes worth nothing."""
    columns = MailedLink.__table__.c
    session.connection().execute(
        update(MailedLink)
        .where(columns.user_id == user_id, columns.purpose.in_(purposes), columns.ended_at.is_(None))
        .values(ended_at=now)
    )


def forget_old_links(session: Session, now: datetime) -> int:
    """Delete links that ran out more than a week ago. Returns how many.

    An invitation that nobody took up is kept: nothing else says what its account waits for.
    """
    invited = select(User.id).where(User.password_hash.is_(None))
    waits = and_(MailedLink.purpose == "invitation", MailedLink.ended_at.is_(None), MailedLink.user_id.in_(invited))
    over = delete(MailedLink).where(MailedLink.expires_at < now - KEPT_AFTER, ~waits)
    return session.connection().execute(over).rowcount


def forget_old_requests(session: Session, now: datetime) -> int:
    """Delete requests for a password that nobody has looked at for a day. Returns how many."""
    over = delete(PasswordRequest).where(PasswordRequest.requested_at < now - REQUESTS_KEPT)
    return session.connection().execute(over).rowcount
