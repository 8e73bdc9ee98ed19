"""One-time links that sign a referrer in from the business's own site."""

from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from webapp.models import SignInLink, User
from webapp.services.sessions import token_hash

LIFETIME = timedelta(minutes=5)
# How long a link is kept after it ran out.
KEPT_AFTER = timedelta(days=1)


def create_sign_in_link(session: Session, user: User, token: str, now: datetime) -> SignInLink:
    """Make a link. `token` is the secret in its address, of which only the hash is kept."""
    link = SignInLink(user_id=user.id, token_hash=token_hash(token), created_at=now, expires_at=now + LIFETIME)
    session.add(link)
    session.flush()
    return link


def use_sign_in_link(session: Session, token: str, now: datetime) -> User | None:
    """Use a link up and return whom it signs in; None when it was used, ran out or never was.

    Only referrers are signed in like this, also when a role has changed since.
    """
    link = SignInLink.__table__.c
    used = session.connection().execute(
        update(SignInLink)
        .where(link.token_hash == token_hash(token), link.used_at.is_(None), link.expires_at > now)
        .values(used_at=now)
    )
    if used.rowcount != 1:
        return None
    return session.scalars(
        select(User)
        .join(SignInLink, SignInLink.user_id == User.id)
        .where(SignInLink.token_hash == token_hash(token), User.role == "referrer")
    ).one_or_none()


def forget_old_sign_in_links(session: Session, now: datetime) -> int:
    """Delete links that ran out more than a day ago. Returns how many."""
    over = delete(SignInLink).where(SignInLink.expires_at < now - KEPT_AFTER)
    return session.connection().execute(over).rowcount
