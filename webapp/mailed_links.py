"""The addresses of links that go out by mail.

A token is the link's id, signed for its purpose: it can be made again when the mail is put into words, so that only its
hash is stored, and one that was made for another purpose is not even looked up.
"""

from uuid import UUID

from webapp.extensions import db
from webapp.ids import new_id
from webapp.models import MailedLink, User
from webapp.signing import read_id, sign_id
from webapp.web import absolute_url

_PATHS = {
    "verify_email": "/verify/",
    "change_email": "/verify/",
    "reset_password": "/reset/",
    "invitation": "/invitation/",
}


def draw_link(purpose: str) -> tuple[UUID, str]:
    """Return the id of a new link and its token, for services.mailed_links.mail_link."""
    link_id = new_id()
    return link_id, _token(purpose, link_id)


def url_of(link: MailedLink) -> str:
    """Return the address that a mail carries."""
    return absolute_url(_PATHS[link.purpose] + _token(link.purpose, link.id))


def is_signed(purpose: str, token: str) -> bool:
    """Say whether a token was made here for this purpose, without asking the database whether it is still good."""
    return read_id(f"mailed link {purpose}", token) is not None


def told_of(link: MailedLink) -> dict[str, object]:
    """Return what the mail that carries a link says of it. `inviter` is the name of who asked for it, "" for nobody."""
    inviter = db.session.get(User, link.invited_by) if link.invited_by else None
    return {
        "link": link,
        "link_url": url_of(link),
        "inviter": inviter.name if inviter and not inviter.erased_at else "",
    }


def _token(purpose: str, link_id: UUID) -> str:
    return sign_id(f"mailed link {purpose}", link_id)
